/**
 * The MQTT surface: one row a function, with the SQL of its topic rules. The stack makes rules from it, so this file holds
 * data only.
 */
export interface DockFunction {
  /** File in `functions/dock/`, and the function's name in logs. */
  readonly name: string;
  /** AWS IoT SQL, one a topic rule. */
  readonly rules: readonly string[];
}

const REQUESTS = 'thing/product/+/requests';
const EVENTS = 'thing/product/+/events';
const SERVICES_REPLY = 'thing/product/+/services_reply';
const STATUS = 'sys/product/+/status';

/** The message travels in base64, whole: no field in it can pass for the topic's serial number. */
const rule = (topicFilter: string, condition: string): string =>
  `SELECT topic(3) AS gateway_sn, encode(*, 'base64') AS payload FROM '${topicFilter}' WHERE ${condition}`;

const method = (name: string): string => `method = '${name}'`;

/** JSON without a `method`, arrays too. What is not JSON at all fits no rule with a condition. */
const UNNAMED = 'isUndefined(method)';

export const DOCK_FUNCTIONS = [
  { name: 'storage-config-get', rules: [rule(REQUESTS, method('storage_config_get'))] },
  { name: 'file-upload-callback', rules: [rule(EVENTS, method('file_upload_callback'))] },
  {
    name: 'highest-priority-upload-flighttask-media',
    // Two rules: to AWS IoT an absent method makes the whole of `method = … OR …` undefined.
    rules: [rule(EVENTS, method('highest_priority_upload_flighttask_media')), rule(EVENTS, UNNAMED)],
  },
  {
    name: 'upload-flighttask-media-prioritize',
    rules: [rule(SERVICES_REPLY, method('upload_flighttask_media_prioritize'))],
  },
  { name: 'config', rules: [rule(REQUESTS, method('config'))] },
  { name: 'airport-bind-status', rules: [rule(REQUESTS, method('airport_bind_status'))] },
  { name: 'airport-organization-get', rules: [rule(REQUESTS, method('airport_organization_get'))] },
  { name: 'airport-organization-bind', rules: [rule(REQUESTS, method('airport_organization_bind'))] },
  { name: 'update-topo', rules: [rule(STATUS, method('update_topo'))] },
  {
    name: 'unnamed-message',
    rules: [rule(REQUESTS, UNNAMED), rule(SERVICES_REPLY, UNNAMED), rule(STATUS, UNNAMED)],
  },
] as const satisfies readonly DockFunction[];

export type DockFunctionName = (typeof DOCK_FUNCTIONS)[number]['name'];
