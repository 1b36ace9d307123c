/**
 * Every function of the library, one row each. The stack makes routes, topic rules, bundles, permissions, environment and sizes
 * from it; `npm run docs` makes docs/openapi.yaml and the tables of README.md. It holds data only, and no handler imports it: a
 * bundle holds its own contract and no other.
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
import { LOGIN, TOKEN_REFRESH } from './protocol/sign-in.ts';
import { STORAGE_CONFIG_GET, STS } from './protocol/sts.ts';
import { TINY_FINGERPRINTS } from './protocol/tiny-fingerprints.ts';
import type { DownChannel, UpChannel } from './protocol/topics.ts';
import { UNKNOWN_ROUTE } from './protocol/unknown-route.ts';
import { UPLOAD_CALLBACK } from './protocol/upload-callback.ts';

/** What calls a function. */
export type Trigger =
  /** Routes of the HTTP API. */
  | { readonly kind: 'http'; readonly contract: HttpContract }
  /** A method on the topics of devices. */
  | { readonly kind: 'mqtt'; readonly contract: DockContract }
  /** Messages without a method, on these channels. */
  | { readonly kind: 'mqtt-unnamed'; readonly channels: readonly UpChannel[] }
  /** A device that signs in at the broker. */
  | { readonly kind: 'mqtt-sign-in' }
  /** Messages of one of the library's queues. */
  | { readonly kind: 'queue'; readonly queue: WorkQueueName; readonly batch: QueueBatch };

/** The library's queues: what the bucket tells, versions whose bytes are to be read, flights to look at again. */
export type WorkQueueName = 'changes' | 'digests' | 'flight-checks';

/** How many messages a call takes, and how long Lambda gathers them. */
export interface QueueBatch {
  readonly size: number;
  readonly windowInSeconds: number;
}

/** What a function may do to items of the table. Scanning is not among it: its price grows with the library. */
export type ItemAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

/** What a function may do, and so what it is told. Writing its log and sending the reply of its own channel go without saying. */
export interface Permissions {
  readonly table?: readonly ItemAction[];
  /** `read`: every version of every object. `address`: to know where the bucket is, and nothing else. */
  readonly bucket?: 'read' | 'address';
  /** Queues that it sends messages to. */
  readonly queues?: readonly WorkQueueName[];
  /** `publish`: events on the account's default bus. */
  readonly events?: 'publish';
  /** To make credentials of the role that devices upload with. */
  readonly uploadRole?: 'assume';
  readonly dockSettings?: 'read';
  /** Channels of every device, besides that of its own reply. */
  readonly publish?: readonly DownChannel[];
  /** `sign-in`: to sign people in. Without people of its own, the stack leaves such a function out. `workspaces`: to read their names. */
  readonly identity?: 'sign-in' | 'workspaces';
  /** To know where devices connect to over MQTT. */
  readonly broker?: 'address';
}

/** What docs/openapi.yaml says of an endpoint, besides its schemas. */
export interface ApiTexts {
  readonly summary: string;
  readonly description: string;
  /** Statuses of refusals besides those that every endpoint has; 200 for a "no" in the normal course, whose `code` is not 0. */
  readonly refusals?: Readonly<Record<number, string>>;
  /** What a GET asks with. */
  readonly query?: readonly {
    readonly name: string;
    readonly description: string;
    readonly required?: boolean;
    /** Whether it may stand there many times. @default false */
    readonly many?: boolean;
  }[];
}

/** One function. */
export interface FunctionRow {
  /** Name of its file, of its bundle, and in logs. */
  readonly name: string;
  /** What it does, for people who read a list of functions. */
  readonly does: string;
  readonly trigger: Trigger;
  readonly may: Permissions;
  /**
   * CPU comes with memory.
   * @default MEMORY_IN_MEGABYTES
   */
  readonly memoryInMegabytes?: number;
  /** @default - as long as its trigger waits for an answer */
  readonly timeoutInSeconds?: number;
  /** Where DJI describes it; absent where DJI does not know it. */
  readonly document?: string;
  readonly api?: ApiTexts;
}

/** Enough for a function that waits for a store most of its time; the code itself lives in 128. */
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

/** What it takes to take in what a device says of a file. */
const DEVICE_REPORT: Permissions = {
  table: ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
  bucket: 'read',
  queues: ['changes', 'digests', 'flight-checks'],
};

const SIGN_IN_DOCUMENT = 'Pilot access to third-party cloud';

export const MANIFEST: readonly FunctionRow[] = [
  http(LOGIN, {
    does: 'signs a user in',
    may: { identity: 'sign-in', broker: 'address' },
    document: SIGN_IN_DOCUMENT,
    api: {
      summary: 'Sign in',
      description:
        'A wrong password, an unknown user and a disabled one get the same answer: HTTP 200 with `code` 401. HTTP 401 would make ' +
        'DJI clients drop a session that does not exist yet.',
      refusals: {
        200: '`code` 401: no such user with this password',
        403: 'The user belongs to no workspace',
      },
    },
  }),
  http(TOKEN_REFRESH, {
    does: 'renews a token',
    may: { identity: 'sign-in', broker: 'address' },
    document: SIGN_IN_DOCUMENT,
    api: {
      summary: 'Get a new token',
      description:
        'With `refresh_token` in the body a new token comes back; with the `x-auth-token` header alone, that token, while it is valid.',
      refusals: { 401: 'The token is missing, invalid or expired' },
    },
  }),
  http(USERS_CURRENT, {
    does: 'tells who is signed in',
    may: { identity: 'workspaces', broker: 'address' },
    document: "DJI's web client",
    api: {
      summary: 'Who is signed in?',
      description:
        'The user of the token, all workspaces that the token opens, and the one that they are in: the one that is asked for, or the first. ' +
        '`mqtt_username` and `mqtt_password` are empty: nobody has any of their own.',
      query: [{ name: 'workspace_id', description: 'One of the workspaces that the token opens' }],
      refusals: { 403: 'The token does not open this workspace, or opens none' },
    },
  }),
  http(WORKSPACES_CURRENT, {
    does: 'tells which workspace somebody is in',
    may: { identity: 'workspaces' },
    document: "DJI's web client",
    api: {
      summary: 'Which workspace is this?',
      description:
        'The workspace that is asked for, or the first that the token opens. `workspace_name` is the name that an administrator gave it, ' +
        'or its id. `workspace_desc` is empty.',
      query: [{ name: 'workspace_id', description: 'One of the workspaces that the token opens' }],
      refusals: { 403: 'The token does not open this workspace, or opens none' },
    },
  }),
  http(TINY_FINGERPRINTS, {
    does: 'tells which of many files are stored',
    may: { table: ['BatchGetItem'] },
    // Ten thousand keys are signed, sent and read in a hundred batches: that is CPU, and not waiting.
    memoryInMegabytes: 512,
    document: 'Media management: get exist file tiny fingerprint',
    api: {
      summary: 'Which of these files are stored already?',
      description:
        'At most 10,000. Those that exist come back as they were written, in the order asked, each once. The first public version asked by GET.',
      query: [
        { name: 'tiny_fingerprint', description: 'One of those asked for', required: true, many: true },
      ],
    },
  }),
  http(FAST_UPLOAD, {
    does: 'tells whether the bytes are stored, and links them',
    may: DEVICE_REPORT,
    document: 'Media management: fast upload',
    api: {
      summary: 'Is this file stored already?',
      description:
        '`code` 0: it is, and stands in the library under the asked name and path; nothing needs to be uploaded. `code` -1, with HTTP ' +
        '200: it is not. A hit is answered only after the object itself has been seen.',
      refusals: { 200: '`code` -1: no such file, so it is to be uploaded' },
    },
  }),
  http(STS, {
    does: 'hands out credentials to upload with',
    may: { bucket: 'address', uploadRole: 'assume' },
    document: 'Storage: obtain temporary credential',
    api: {
      summary: 'Get storage credentials',
      description:
        'Temporary credentials that can write and do nothing else. The key of a file is ' +
        '`object_key_prefix + "/" + [directory + "/"] + name`. Every answer has a prefix of its own. `expire` counts seconds from now.',
    },
  }),
  http(UPLOAD_CALLBACK, {
    does: 'records an uploaded file',
    may: DEVICE_REPORT,
    document: 'Media management: media file upload result report',
    api: {
      summary: 'Report an upload',
      description:
        '`code` 0 means that the object is in the bucket and in the catalog, and that the device may delete its copy. A `result` that is ' +
        'not 0 is acknowledged and kept as a failure. Repeating a report changes nothing. Whatever else is of an unexpected form is kept ' +
        'with the raw message and left out of the file’s fields.',
      refusals: {
        404: 'The object is not in the bucket; the report can be repeated once it is',
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
        'Sent again and again, in any order. The latest message says how many files there are; how many are up only rises.',
    },
  }),
  http(FLIGHT, {
    does: 'tells how far the upload of a flight is',
    may: { table: ['GetItem', 'Query'] },
    api: {
      summary: 'How far is a flight?',
      description:
        'Counts and state of one flight, and what became of a wish to have it first. Not one of DJI’s.',
      refusals: { 404: 'Nothing is known of this flight' },
    },
  }),
  http(PRIORITIZE_FLIGHT, {
    does: 'asks a dock to upload a flight before others',
    may: { table: ['GetItem', 'Query', 'PutItem', 'UpdateItem'], publish: ['services'] },
    api: {
      summary: 'Have a flight uploaded first',
      description:
        'Asks the dock that flew it, by `upload_flighttask_media_prioritize`; its answer becomes the flight’s state. `gateway_sn` names the ' +
        'dock of a flight of which no file has come in yet. Not one of DJI’s.',
      refusals: { 404: 'Nothing is known of this flight, or there is no such dock in this workspace' },
    },
  }),
  http(UNKNOWN_ROUTE, { does: 'answers whatever is no route', may: {} }),

  // Each method reads the registry, which says which workspace a device is in: that is the Query.
  mqtt(STORAGE_CONFIG_GET, {
    does: 'hands out credentials to upload with to a dock',
    may: { table: ['Query'], bucket: 'address', uploadRole: 'assume' },
  }),
  mqtt(FILE_UPLOAD_CALLBACK, {
    does: 'records a file that a dock uploaded',
    may: DEVICE_REPORT,
  }),
  mqtt(HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA, {
    does: 'notes which flight a dock uploads first',
    may: { table: ['Query', 'UpdateItem'] },
  }),
  mqtt(UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE, {
    does: "takes a dock's answer to a wish for priority",
    may: { table: ['Query', 'GetItem', 'UpdateItem'] },
  }),
  mqtt(DOCK_CONFIG, {
    does: 'tells a dock its time server and licence',
    may: { table: ['Query'], dockSettings: 'read' },
  }),
  mqtt(AIRPORT_BIND_STATUS, {
    does: 'tells a dock which workspace it is bound to',
    may: { table: ['Query'] },
  }),
  mqtt(AIRPORT_ORGANIZATION_GET, { does: "tells a dock its workspace's name", may: { table: ['Query'] } }),
  mqtt(AIRPORT_ORGANIZATION_BIND, {
    does: 'binds a dock and its drone to its workspace',
    may: { table: ['Query', 'UpdateItem'] },
  }),
  mqtt(UPDATE_TOPO, {
    does: 'remembers which drone hangs on a gateway',
    may: { table: ['Query', 'UpdateItem'] },
  }),
  {
    name: 'unnamed-message',
    does: 'notes messages that name no method',
    trigger: { kind: 'mqtt-unnamed', channels: ['requests', 'services_reply', 'status'] },
    may: {},
  },
  {
    name: 'authorizer',
    does: 'lets registered docks in',
    trigger: { kind: 'mqtt-sign-in' },
    may: { table: ['Query'] },
    // Half of a vCPU: a password's hash is costly, and after an outage of the network all docks come at once.
    memoryInMegabytes: 1024,
  },

  {
    name: 'take-in-changes',
    does: 'keeps the catalog in line with the bucket, and tells others',
    // A batch costs one call: nobody waits for it, and a report has mostly come before.
    trigger: { kind: 'queue', queue: 'changes', batch: { size: 100, windowInSeconds: 10 } },
    may: { ...DEVICE_REPORT, queues: ['digests', 'flight-checks'], events: 'publish' },
    memoryInMegabytes: 512,
    timeoutInSeconds: 60,
  },
  {
    name: 'verify-version',
    does: 'reads what was uploaded in parts, to know its MD5',
    trigger: { kind: 'queue', queue: 'digests', batch: { size: 1, windowInSeconds: 0 } },
    may: { ...DEVICE_REPORT, queues: ['flight-checks'], events: 'publish' },
    // A whole vCPU: it computes MD5s.
    memoryInMegabytes: 1769,
    // Lambda's longest.
    timeoutInSeconds: 900,
  },
  {
    name: 'watch-flight',
    does: 'looks at a flight again after a silence',
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

/** The functions that are called by one kind of trigger, in the order of the manifest. */
export const functionsOf = <Kind extends Trigger['kind']>(kind: Kind): RowOf<Kind>[] =>
  MANIFEST.filter((row): row is RowOf<Kind> => isOf(row, kind));

const FOLDER: Record<Trigger['kind'], string> = {
  http: 'http',
  mqtt: 'dock',
  'mqtt-unnamed': 'dock',
  'mqtt-sign-in': 'dock',
  queue: 'storage',
};

/** Where the handler is, from the project's root: `functions/http/fast-upload.ts`. */
export const entryFileOf = ({ name, trigger }: FunctionRow): string =>
  `functions/${FOLDER[trigger.kind]}/${name}.ts`;
