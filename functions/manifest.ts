/**
 * Every function of the library, in one row each. The stack makes routes, topic rules, bundles, permissions,
 * environment and sizes from it; `npm run docs` makes docs/openapi.yaml and the tables of README.md. It
 * contains only data, and no handler imports it, so a bundle contains only its own contract.
 *
 * A new endpoint is a contract in `protocol/`, a handler, a row here, and a test.
 */
import type { DockContract, HttpContract } from './protocol/contract.ts';
import { USERS_CURRENT, WORKSPACES_CURRENT } from './protocol/current.ts';
import { DOCK_CONFIG } from './protocol/dock-config.ts';
import { FAST_UPLOAD } from './protocol/fast-upload.ts';
import { FILE_UPLOAD_CALLBACK } from './protocol/file-upload-callback.ts';
import { FLIGHT, PRIORITIZE_FLIGHT } from './protocol/flight.ts';
import {
  HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA,
  UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE,
} from './protocol/flight-priority.ts';
import { GROUP_UPLOAD_CALLBACK } from './protocol/group-upload-callback.ts';
import {
  AIRPORT_BIND_STATUS,
  AIRPORT_ORGANIZATION_BIND,
  AIRPORT_ORGANIZATION_GET,
  UPDATE_TOPO,
} from './protocol/onboarding.ts';
import { PREFLIGHT } from './protocol/preflight.ts';
import { LOGIN, TOKEN_REFRESH } from './protocol/sign-in.ts';
import { STORAGE_CONFIG_GET, STS } from './protocol/sts.ts';
import { TINY_FINGERPRINTS } from './protocol/tiny-fingerprints.ts';
import type { DownChannel, UpChannel } from './protocol/topics.ts';
import { UNKNOWN_ROUTE } from './protocol/unknown-route.ts';
import { FLIGHT_AREAS_GET, OFFLINE_MAP_GET, OTHER_EVENTS } from './protocol/unneeded-requests.ts';
import { UPLOAD_CALLBACK } from './protocol/upload-callback.ts';

/** What triggers a function. */
export type Trigger =
  /** Routes of the HTTP API. */
  | { readonly kind: 'http'; readonly contract: HttpContract }
  /** A method on the topics of devices. */
  | { readonly kind: 'mqtt'; readonly contract: DockContract }
  /** Messages without a method, on these channels. */
  | { readonly kind: 'mqtt-unnamed'; readonly channels: readonly UpChannel[] }
  /** The sign-in of a device at the broker. */
  | { readonly kind: 'mqtt-sign-in' }
  /** Messages of one of the library's queues. */
  | { readonly kind: 'queue'; readonly queue: WorkQueueName; readonly batch: QueueBatch };

/** The library's queues: changes of the bucket, versions to read, and flights to check. */
export type WorkQueueName = 'changes' | 'digests' | 'flight-checks';

/** The batch size, and how long Lambda collects messages. */
export interface QueueBatch {
  readonly size: number;
  readonly windowInSeconds: number;
}

/** The permitted actions on items of the table. There is no Scan: its cost grows with the library. */
export type ItemAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

/**
 * The permissions of a function, and so its environment. All functions may write their log and send their own
 * replies.
 */
export interface Permissions {
  readonly table?: readonly ItemAction[];
  /** `read`: all versions of all objects. `address`: no permission, only the address of the bucket. */
  readonly bucket?: 'read' | 'address';
  /** Queues that it sends messages to. */
  readonly queues?: readonly WorkQueueName[];
  /** `publish`: events on the account's default bus. */
  readonly events?: 'publish';
  /** `assume`: credentials of the role that devices upload with. */
  readonly uploadRole?: 'assume';
  readonly dockSettings?: 'read';
  /** Channels of all devices, besides those of its own replies. */
  readonly publish?: readonly DownChannel[];
  /**
   * `sign-in`: with a user name and password; such functions are left out when an OIDC issuer is configured.
   * `workspaces`: to read the names of workspaces.
   */
  readonly identity?: 'sign-in' | 'workspaces';
  /** `address`: the MQTT address that docks connect to. */
  readonly broker?: 'address';
}

/** The texts of an endpoint in docs/openapi.yaml. */
export interface ApiTexts {
  readonly summary: string;
  readonly description: string;
  /**
   * Refusals by status, besides those of all endpoints. 200 is for a refusal in normal operation, with a
   * `code` other than 0.
   */
  readonly refusals?: Readonly<Record<number, string>>;
  /** The query parameters of a GET. */
  readonly query?: readonly {
    readonly name: string;
    readonly description: string;
    readonly required?: boolean;
    /** Whether it can be repeated. @default false */
    readonly many?: boolean;
  }[];
}

/** One function. */
export interface FunctionRow {
  /** Name of its file and bundle, and in logs. */
  readonly name: string;
  /** Its description in the list of functions. */
  readonly does: string;
  readonly trigger: Trigger;
  readonly may: Permissions;
  /**
   * Lambda assigns CPU by memory.
   * @default MEMORY_IN_MEGABYTES
   */
  readonly memoryInMegabytes?: number;
  /** @default - as long as its trigger waits for a response */
  readonly timeoutInSeconds?: number;
  /** Whether it is left out when another cloud replies to docks: `dock.mode` is `media-only`. @default false */
  readonly notForMedia?: boolean;
  /** DJI's document; absent for our own endpoints. */
  readonly document?: string;
  readonly api?: ApiTexts;
}

/** Enough for a function that mostly waits for other services; its code runs in 128. */
export const MEMORY_IN_MEGABYTES = 256;

type RowTexts = Omit<FunctionRow, 'name' | 'trigger'>;

const http = (contract: HttpContract, row: RowTexts & { readonly api?: ApiTexts }): FunctionRow => ({
  name: contract.name,
  trigger: { kind: 'http', contract },
  ...row,
});

const mqtt = (contract: DockContract, row: Omit<RowTexts, 'api'>): FunctionRow => ({
  name: contract.name,
  trigger: { kind: 'mqtt', contract },
  ...row,
});

/** The permissions to process a device's report of a file. */
const DEVICE_REPORT: Permissions = {
  table: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
  bucket: 'read',
  queues: ['changes', 'digests', 'flight-checks'],
};

const SIGN_IN_DOCUMENT = 'Pilot access to third-party cloud';

export const MANIFEST: readonly FunctionRow[] = [
  http(LOGIN, {
    does: 'signs a user in',
    may: { table: ['PutItem'], identity: 'sign-in', broker: 'address' },
    document: SIGN_IN_DOCUMENT,
    api: {
      summary: 'Sign in',
      description:
        'A wrong password, an unknown user and a disabled one get the same response: HTTP 200 with `code` 401. HTTP 401 would make ' +
        'DJI clients drop a session that does not exist yet.',
      refusals: {
        200: '`code` 401: no such user with this password',
        403: 'The user has no workspace',
      },
    },
  }),
  http(TOKEN_REFRESH, {
    does: 'renews a token',
    may: { table: ['GetItem', 'PutItem', 'UpdateItem'], identity: 'sign-in', broker: 'address' },
    document: SIGN_IN_DOCUMENT,
    api: {
      summary: 'Get a new token',
      description:
        'Returns a new access token for the `refresh_token` in the body, or for the access token in the `x-auth-token` header, which may ' +
        'have expired up to 30 days ago. With `refresh_token`, the response also has a new refresh token; the old one is valid until the ' +
        'new one is used. `user_type` is that of the sign-in.',
      refusals: { 401: 'The token is missing or invalid, it expired too long ago, or its session has ended' },
    },
  }),
  http(USERS_CURRENT, {
    does: 'returns the signed-in user',
    may: { identity: 'workspaces', broker: 'address' },
    document: "DJI's web client",
    api: {
      summary: 'Who is signed in?',
      description:
        'The user of the token, all workspaces that the token allows, and the current one: the requested one, or the first. ' +
        '`mqtt_username` and `mqtt_password` are empty: users have no MQTT credentials.',
      query: [{ name: 'workspace_id', description: 'One of the workspaces that the token allows' }],
      refusals: { 403: 'The token does not allow this workspace, or none at all' },
    },
  }),
  http(WORKSPACES_CURRENT, {
    does: "returns the user's workspace",
    may: { identity: 'workspaces' },
    document: "DJI's web client",
    api: {
      summary: 'Which workspace is this?',
      description:
        'The requested workspace, or the first that the token allows. `workspace_name` is the name that an administrator gave it, ' +
        'or its id. `workspace_desc` is empty.',
      query: [{ name: 'workspace_id', description: 'One of the workspaces that the token allows' }],
      refusals: { 403: 'The token does not allow this workspace, or none at all' },
    },
  }),
  http(TINY_FINGERPRINTS, {
    does: 'returns which of many files are stored',
    may: { table: ['BatchGetItem'] },
    // Ten thousand keys take a hundred batches, which need CPU for signing and parsing.
    memoryInMegabytes: 512,
    document: 'Media management: get exist file tiny fingerprint',
    api: {
      summary: 'Which of these files are stored already?',
      description:
        'At most 10,000. The response has those that exist, as they were written, in the order of the request, each once. GET is the form of the first public version.',
      query: [{ name: 'tiny_fingerprint', description: 'A tiny fingerprint', required: true, many: true }],
    },
  }),
  http(FAST_UPLOAD, {
    does: 'finds stored bytes by their MD5, and links them',
    may: DEVICE_REPORT,
    document: 'Media management: fast upload',
    api: {
      summary: 'Is this file stored already?',
      description:
        '`code` 0: it is, and the library has it under this name and path; nothing needs to be uploaded. `code` -1, with HTTP ' +
        '200: it is not. It is a hit only when the object exists in the bucket.',
      refusals: { 200: '`code` -1: there is no such file; upload it' },
    },
  }),
  http(STS, {
    does: 'issues upload credentials',
    may: { bucket: 'address', uploadRole: 'assume' },
    document: 'Storage: obtain temporary credential',
    api: {
      summary: 'Get storage credentials',
      description:
        'Temporary credentials that can write and do nothing else. The key of a file is ' +
        '`object_key_prefix + "/" + [directory + "/"] + name`. Each response has its own prefix. `expire` is in seconds from now.',
    },
  }),
  http(UPLOAD_CALLBACK, {
    does: 'records an uploaded file',
    may: DEVICE_REPORT,
    document: 'Media management: media file upload result report',
    api: {
      summary: 'Report an upload',
      description:
        '`code` 0 means that the object is in the bucket and in the catalog, and that the device may delete its copy. A `result` other ' +
        'than 0 is acknowledged and recorded as a failure. Repeating a report changes nothing. Other fields of an unexpected form are kept ' +
        'with the raw message, and left out of the file’s fields.',
      refusals: {
        404: 'The object is not in the bucket; repeat the report when it is',
        409: 'The object does not have the reported fingerprint; the device must keep its copy',
      },
    },
  }),
  http(GROUP_UPLOAD_CALLBACK, {
    does: 'counts the files of a flight',
    may: { table: ['Query', 'UpdateItem'], queues: ['changes', 'flight-checks'] },
    document: 'Media management: file group upload callback',
    api: {
      summary: 'Report the progress of a flight',
      description:
        'Sent repeatedly, in any order. The file count is that of the latest message. The uploaded count never decreases.',
    },
  }),
  http(FLIGHT, {
    does: 'returns the progress of a flight',
    may: { table: ['GetItem', 'Query'] },
    api: {
      summary: 'Get the progress of a flight',
      description: 'Counts and state of a flight, and of a request to upload it first. Not one of DJI’s.',
      refusals: { 404: 'There is no such flight' },
    },
  }),
  http(PRIORITIZE_FLIGHT, {
    does: 'asks a dock to upload a flight before others',
    may: { table: ['GetItem', 'Query', 'PutItem', 'UpdateItem'], publish: ['services'] },
    api: {
      summary: 'Request that a flight is uploaded first',
      description:
        'Asks the dock that flew it, by `upload_flighttask_media_prioritize`; its reply becomes part of the flight. `gateway_sn` names the ' +
        'dock of a flight without files. Not one of DJI’s.',
      refusals: { 404: 'There is no such flight, or no such dock in this workspace' },
    },
  }),
  http(PREFLIGHT, { does: 'responds to preflight requests of browsers', may: {} }),
  http(UNKNOWN_ROUTE, { does: 'responds 404 to unknown routes', may: {} }),

  // Each method reads the registry for the device's workspace, with a Query.
  mqtt(STORAGE_CONFIG_GET, {
    does: 'issues upload credentials to a dock',
    may: { table: ['Query'], bucket: 'address', uploadRole: 'assume' },
  }),
  mqtt(FILE_UPLOAD_CALLBACK, {
    does: 'records a file that a dock uploaded',
    may: DEVICE_REPORT,
  }),
  mqtt(HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA, {
    does: 'records which flight a dock uploads first',
    may: { table: ['Query', 'UpdateItem'] },
  }),
  mqtt(UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE, {
    does: "records a dock's reply to a request for priority",
    may: { table: ['Query', 'GetItem', 'UpdateItem'] },
  }),
  mqtt(DOCK_CONFIG, {
    does: 'sends a dock its NTP server and licence',
    may: { table: ['Query'], dockSettings: 'read' },
    notForMedia: true,
  }),
  mqtt(AIRPORT_BIND_STATUS, {
    does: 'sends a dock the workspace that it is bound to',
    may: { table: ['Query'] },
    notForMedia: true,
  }),
  mqtt(AIRPORT_ORGANIZATION_GET, {
    does: 'sends a dock the name of its workspace',
    may: { table: ['Query'] },
    notForMedia: true,
  }),
  mqtt(AIRPORT_ORGANIZATION_BIND, {
    does: 'binds a dock and its drone to its workspace',
    may: { table: ['Query', 'UpdateItem'] },
    notForMedia: true,
  }),
  mqtt(UPDATE_TOPO, {
    does: 'records which drone is connected to a gateway',
    may: { table: ['Query', 'UpdateItem'] },
    notForMedia: true,
  }),
  mqtt(FLIGHT_AREAS_GET, {
    does: 'replies that there are no custom flight areas',
    may: { table: ['Query'] },
    notForMedia: true,
  }),
  mqtt(OFFLINE_MAP_GET, {
    does: 'replies that there is no offline map',
    may: { table: ['Query'] },
    notForMedia: true,
  }),
  mqtt(OTHER_EVENTS, {
    does: 'acknowledges events that no other function handles',
    may: { table: ['Query'] },
    notForMedia: true,
  }),
  {
    name: 'unnamed-message',
    does: 'logs and counts messages without a method',
    trigger: { kind: 'mqtt-unnamed', channels: ['requests', 'services_reply', 'status'] },
    may: {},
    notForMedia: true,
  },
  {
    name: 'authorizer',
    does: 'authenticates registered docks',
    trigger: { kind: 'mqtt-sign-in' },
    may: { table: ['Query'] },
  },

  {
    name: 'take-in-changes',
    does: 'updates the catalog from changes of the bucket, and sends events',
    // Large batches: no device waits for it, and most files have been reported before.
    trigger: { kind: 'queue', queue: 'changes', batch: { size: 100, windowInSeconds: 10 } },
    may: { ...DEVICE_REPORT, queues: ['digests', 'flight-checks'], events: 'publish' },
    memoryInMegabytes: 512,
    timeoutInSeconds: 60,
  },
  {
    name: 'verify-version',
    does: 'reads uploads in parts to compute their MD5',
    trigger: { kind: 'queue', queue: 'digests', batch: { size: 1, windowInSeconds: 0 } },
    may: { ...DEVICE_REPORT, queues: ['flight-checks'], events: 'publish' },
    // A whole vCPU: it computes MD5s.
    memoryInMegabytes: 1769,
    // Lambda's maximum.
    timeoutInSeconds: 900,
  },
  {
    name: 'watch-flight',
    does: 'checks a flight after a while without messages',
    trigger: { kind: 'queue', queue: 'flight-checks', batch: { size: 10, windowInSeconds: 0 } },
    may: { table: ['Query', 'UpdateItem'], queues: ['changes', 'flight-checks'] },
    timeoutInSeconds: 30,
  },
];

/** A row with a trigger of this kind. */
export type RowOf<Kind extends Trigger['kind']> = FunctionRow & {
  readonly trigger: Extract<Trigger, { kind: Kind }>;
};

const isOf = <Kind extends Trigger['kind']>(row: FunctionRow, kind: Kind): row is RowOf<Kind> =>
  row.trigger.kind === kind;

/** The functions with one kind of trigger, in the order of the manifest. */
export const functionsOf = <Kind extends Trigger['kind']>(kind: Kind): RowOf<Kind>[] =>
  MANIFEST.filter((row): row is RowOf<Kind> => isOf(row, kind));

const FOLDER: Record<Trigger['kind'], string> = {
  http: 'http',
  mqtt: 'dock',
  'mqtt-unnamed': 'dock',
  'mqtt-sign-in': 'dock',
  queue: 'storage',
};

/** The file of the handler, from the root of the project: `functions/http/fast-upload.ts`. */
export const entryFileOf = ({ name, trigger }: FunctionRow): string =>
  `functions/${FOLDER[trigger.kind]}/${name}.ts`;
