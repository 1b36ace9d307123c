import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { MQTT_ADDRESS } from '../functions/environment.ts';
import {
  type FunctionRow,
  functionsOf,
  MANIFEST,
  MEMORY_IN_MEGABYTES,
  type Permissions,
  type RowOf,
  type Trigger,
} from '../functions/manifest.ts';
import { replyChannelOf } from '../functions/protocol/topics.ts';
import type { Configuration } from './configuration.ts';
import { constructId } from './construct-id.ts';
import { grantPublish } from './device-topics.ts';
import type { DockSettings } from './dock-settings.ts';
import { EndpointFunction, type EndpointFunctionSettings } from './endpoint-function.ts';
import type { Identity } from './identity.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaTable } from './media-table.ts';
import type { UploadRole } from './upload-role.ts';
import { grantPublishEvents, type WorkQueues } from './work-queues.ts';

/** What the functions are made from. */
export interface LibraryFunctionsProps extends EndpointFunctionSettings {
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly queues: WorkQueues;
  readonly uploadRole: UploadRole;
  readonly identity: Identity;
  readonly dock: Configuration['dock'];
  readonly reservedConcurrency: Configuration['reservedConcurrency'];
  /** Undefined when no function replies to `config`. */
  readonly dockSettings: DockSettings | undefined;
  /** The MQTT address that sign-in returns to Pilot; empty for none. */
  readonly mqttAddress: string;
}

/** When Lambda ends a call, by kind of trigger. */
const TIMEOUT_IN_SECONDS: Record<Trigger['kind'], number> = {
  // Enough for the SDK's retries, and a response before API Gateway's timeout of 30 s.
  http: 20,
  // As long as docks wait for a reply.
  mqtt: 10,
  'mqtt-unnamed': 10,
  // AWS IoT waits five seconds.
  'mqtt-sign-in': 4,
  queue: 20,
};

type Given = Required<Permissions>;
type Grants = {
  [Name in keyof Given]: (
    endpoint: EndpointFunction,
    what: Given[Name],
    props: LibraryFunctionsProps,
  ) => void;
};

/** How each permission of the manifest is granted. */
const GRANTS: Grants = {
  table: (endpoint, actions, { table }) => table.grant(endpoint, ...actions),
  bucket: (endpoint, what, { bucket }) =>
    what === 'read' ? bucket.grantRead(endpoint) : bucket.grantAddress(endpoint),
  queues: (endpoint, names, { queues }) => {
    for (const name of names) queues.grantSend(endpoint, name);
  },
  events: (endpoint) => grantPublishEvents(endpoint),
  uploadRole: (endpoint, _assume, { uploadRole }) => uploadRole.grantAssume(endpoint),
  dockSettings: (endpoint, _read, { dockSettings }) => dockSettings?.grantRead(endpoint),
  publish: (endpoint, channels) => {
    for (const channel of channels) grantPublish(endpoint, channel);
  },
  identity: (endpoint, what, { identity }) =>
    what === 'sign-in' ? identity.grantSignIn(endpoint) : identity.grantReadWorkspaces(endpoint),
  broker: (endpoint, _address, { mqttAddress }) => endpoint.addEnvironment(MQTT_ADDRESS, mqttAddress),
};

const grant = <Name extends keyof Given>(
  name: Name,
  { may }: FunctionRow,
  endpoint: EndpointFunction,
  props: LibraryFunctionsProps,
): void => {
  const what: Partial<Given>[Name] = may[name];
  if (what !== undefined) GRANTS[name](endpoint, what, props);
};

/** The configuration names functions in camel case. */
const reservedConcurrencyOf = (
  name: string,
  reserved: LibraryFunctionsProps['reservedConcurrency'],
): number | undefined =>
  ({
    authorizer: reserved.authorizer,
    login: reserved.login,
    'token-refresh': reserved.tokenRefresh,
    'unknown-route': reserved.unknownRoute,
  })[name];

/** Whether docks call it, or it calls docks. */
const isForDocks = ({ trigger, may }: FunctionRow): boolean =>
  trigger.kind.startsWith('mqtt') || may.publish !== undefined;

/**
 * All functions of the library, one for each row of `functions/manifest.ts`, with the permissions of the row.
 */
export class LibraryFunctions extends Construct {
  private readonly byName: ReadonlyMap<string, EndpointFunction>;

  constructor(scope: Construct, id: string, props: LibraryFunctionsProps) {
    super(scope, id);
    const rows = MANIFEST
      // With an OIDC issuer, users do not sign in here.
      .filter(({ may }) => props.identity.signsIn || may.identity !== 'sign-in')
      .filter((row) => props.dock.endpoint !== 'none' || !isForDocks(row))
      .filter(({ notForMedia }) => props.dock.mode !== 'media-only' || !notForMedia);
    this.byName = new Map(rows.map((row) => [row.name, this.functionOf(row, props)]));
  }

  /** All functions. */
  get all(): EndpointFunction[] {
    return [...this.byName.values()];
  }

  /** The functions with one kind of trigger, and their rows. */
  of<Kind extends Trigger['kind']>(kind: Kind): { row: RowOf<Kind>; endpoint: EndpointFunction }[] {
    return functionsOf(kind).flatMap((row) => {
      const endpoint = this.byName.get(row.name);
      return endpoint ? [{ row, endpoint }] : [];
    });
  }

  private functionOf(row: FunctionRow, props: LibraryFunctionsProps): EndpointFunction {
    const { name, does, trigger, memoryInMegabytes = MEMORY_IN_MEGABYTES } = row;
    const { bundlesDirectory, logRetentionInDays, logLevel } = props;
    const endpoint = new EndpointFunction(this, constructId(name), {
      name,
      does,
      memorySize: memoryInMegabytes,
      timeout: Duration.seconds(row.timeoutInSeconds ?? TIMEOUT_IN_SECONDS[trigger.kind]),
      reservedConcurrency: reservedConcurrencyOf(name, props.reservedConcurrency),
      bundlesDirectory,
      logRetentionInDays,
      logLevel,
    });
    if (trigger.kind === 'http' && trigger.contract.access !== 'open')
      props.identity.grantWorkspaces(endpoint);
    for (const permission of Object.keys(GRANTS) as (keyof Given)[]) grant(permission, row, endpoint, props);
    if (trigger.kind === 'queue') props.queues.feed(endpoint, trigger.queue, trigger.batch);
    const replyChannel = trigger.kind === 'mqtt' ? replyChannelOf(trigger.contract.channel) : undefined;
    if (replyChannel) grantPublish(endpoint, replyChannel);
    return endpoint;
  }
}
