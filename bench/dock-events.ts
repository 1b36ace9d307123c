/**
 * Sends 1,000 `file_upload_callback` events of 50 docks at once through the local broker, each about another
 * object in the bucket. Checks that each gets one reply, with success, and is once in the catalog. Then calls
 * the function alone for the same number of other objects: its bundle in this process, with the services of
 * the same stack, and with the concurrency of the local Lambda. The two alternate.
 *
 * All events are sent at once, so a reply mostly waits for the others: the last one for 999.
 *
 * `npm run bench -- dock-events [rounds]`
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan } from '@aws-sdk/lib-dynamodb';
import { MEDIA_BUCKET_NAME, MEDIA_TABLE_NAME } from '../functions/environment.ts';
import { buildBundles, functionEntries } from '../lib/bundles.ts';
import { DEFAULT_LIMITS } from '../packages/local-aws/lambda/worker-pool.ts';
import { type DockUpload, fileUploadCallbackEvent } from './dock-event.ts';
import { DockFleet, type DockReply } from './dock-fleet.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, type StackProcess, startStackProcess } from './stack-process.ts';
import { formatMilliseconds, formatRatio, machineLine, median, printTable, quantile } from './statistics.ts';
import { ThreadClock, type ThreadTimes, timeBetween, totalTime } from './thread-time.ts';

const DOCKS = 50;
const EVENTS = 1_000;
const PATIENCE_IN_MILLISECONDS = 300_000;

/** The result of one round. */
interface Turn {
  readonly totalInMilliseconds: number;
  /** A time for each event. */
  readonly milliseconds: readonly number[];
  /** The stack's processor time for all of them. */
  readonly worked: ThreadTimes;
}

type Handler = (event: object, context: object) => Promise<unknown>;

/** The time from publishing an event to receiving its reply. */
async function throughBroker(fleet: DockFleet, uploads: readonly DockUpload[]): Promise<Turn> {
  const sentAt = new Map<string, number>();
  const milliseconds = new Map<string, number>();
  const everyReply: DockReply[] = [];
  const finished = Promise.withResolvers<void>();
  const docks = await fleet.connect((reply) => {
    everyReply.push(reply);
    milliseconds.set(reply.tid, performance.now() - (sentAt.get(reply.tid) ?? Number.NaN));
    if (milliseconds.size === uploads.length) finished.resolve();
  });
  const bySerialNumber = new Map(docks.map((dock) => [dock.sn, dock]));
  const timeout = setTimeout(
    () => finished.reject(new Error(`${uploads.length - milliseconds.size} events got no reply`)),
    PATIENCE_IN_MILLISECONDS,
  );
  const before = clock.read();
  const startedAt = performance.now();
  for (const upload of uploads) {
    const event = fileUploadCallbackEvent(upload);
    sentAt.set(event.tid, performance.now());
    void bySerialNumber.get(upload.gatewaySn)?.publish(event);
  }
  await finished.promise;
  const totalInMilliseconds = performance.now() - startedAt;
  const worked = timeBetween(before, clock.read());
  clearTimeout(timeout);
  // Waits for second replies.
  await sleep(1_000);
  const refused = everyReply.filter(({ result }) => result !== 0).length;
  if (refused > 0) throw new Error(`${refused} events were refused`);
  if (everyReply.length !== uploads.length)
    throw new Error(`${uploads.length} events had ${everyReply.length} replies`);
  await fleet.disconnect();
  return { totalInMilliseconds, milliseconds: [...milliseconds.values()], worked };
}

/** The function as Lambda loads it. */
async function loadFunction({ endpoints }: StackProcess, directory: string): Promise<Handler> {
  const name = 'file-upload-callback';
  await buildBundles({ entries: { [name]: functionEntries()[name] ?? '' }, directory });
  Object.assign(process.env, {
    AWS_REGION: endpoints.region,
    AWS_ACCESS_KEY_ID: endpoints.root.access_key_id,
    AWS_SECRET_ACCESS_KEY: endpoints.root.secret_access_key,
    AWS_ENDPOINT_URL_S3: endpoints.s3,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_IOT_DATA_PLANE: endpoints.iot_data,
    [MEDIA_TABLE_NAME]: endpoints.table,
    [MEDIA_BUCKET_NAME]: endpoints.bucket,
    POWERTOOLS_SERVICE_NAME: 'media-library',
    // Its log lines would hide the table.
    POWERTOOLS_LOG_LEVEL: 'WARN',
  });
  const bundle = await import(pathToFileURL(join(directory, name, 'index.mjs')).href);
  return bundle.handler as Handler;
}

const CONTEXT = {
  functionName: 'file-upload-callback',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:file-upload-callback',
  memoryLimitInMB: '512',
  awsRequestId: 'bench',
  getRemainingTimeInMillis: () => 20_000,
};

/** The time of a call of the handler. */
async function throughFunction(handler: Handler, uploads: readonly DockUpload[]): Promise<Turn> {
  const milliseconds: number[] = [];
  const queue = uploads.values();
  const work = async (): Promise<void> => {
    for (const upload of queue) {
      const calledAt = performance.now();
      const payload = Buffer.from(JSON.stringify(fileUploadCallbackEvent(upload))).toString('base64');
      await handler({ gateway_sn: upload.gatewaySn, payload }, CONTEXT);
      milliseconds.push(performance.now() - calledAt);
    }
  };
  const before = clock.read();
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: DEFAULT_LIMITS.perFunction }, work));
  const totalInMilliseconds = performance.now() - startedAt;
  return { totalInMilliseconds, milliseconds, worked: timeBetween(before, clock.read()) };
}

/** Fails unless each object is once in the catalog and once in its flight. */
async function checkCatalog(stack: StackProcess, uploads: readonly DockUpload[]): Promise<void> {
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(administrator(stack, 'dynamodb')));
  const files = new Map<string, number>();
  const members = new Map<string, number>();
  for await (const { Items = [] } of paginateScan({ client }, { TableName: stack.endpoints.table })) {
    for (const { pk, sk, object_key: key } of Items) {
      if (!String(sk).startsWith('FILE#')) continue;
      const count = String(pk).includes('#FLIGHT#') ? members : files;
      count.set(key, (count.get(key) ?? 0) + 1);
    }
  }
  client.destroy();
  for (const { objectKey } of uploads) {
    if (files.get(objectKey) !== 1) throw new Error(`${files.get(objectKey) ?? 0} entries for ${objectKey}`);
    if (members.get(objectKey) !== 1)
      throw new Error(`${objectKey} is in its flight ${members.get(objectKey) ?? 0} times`);
  }
  if (files.size !== uploads.length) throw new Error(`The catalog holds ${files.size} files`);
}

const rounds = Number(process.argv[2] ?? 3);
const folder = scratchFolder('dock-events');
const stack = await startStackProcess({ dataDirectory: join(folder, 'data') });
const clock = new ThreadClock(stack.processId);
const fleet = new DockFleet(stack, DOCKS);
await fleet.register();
const handler = await loadFunction(stack, join(folder, 'functions'));
console.log(machineLine());

const allUploads: DockUpload[] = [];
const brokerTurns: Turn[] = [];
const functionTurns: Turn[] = [];
for (let round = 0; round < rounds; round++) {
  const throughBoth = await fleet.putObjects(2 * EVENTS);
  allUploads.push(...throughBoth);
  brokerTurns.push(await throughBroker(fleet, throughBoth.slice(0, EVENTS)));
  functionTurns.push(await throughFunction(handler, throughBoth.slice(EVENTS)));
}
await checkCatalog(stack, allUploads);
await stack.stop();

const row = (title: string, turns: readonly Turn[]): string[] => {
  const middle = (of: (turn: Turn) => number): number => median(turns.map(of));
  const total = middle(({ totalInMilliseconds }) => totalInMilliseconds);
  return [
    title,
    formatMilliseconds(total),
    (EVENTS / (total / 1000)).toFixed(0),
    formatMilliseconds(middle(({ milliseconds }) => median(milliseconds))),
    formatMilliseconds(middle(({ milliseconds }) => quantile(milliseconds, 0.99))),
    formatMilliseconds(middle(({ worked }) => worked.main) / EVENTS),
    formatMilliseconds(middle(({ worked }) => worked.functions) / EVENTS),
    formatMilliseconds(middle(({ worked }) => worked.v8) / EVENTS),
    formatMilliseconds(middle(({ worked }) => totalTime(worked)) / EVENTS),
  ];
};
const ratio = median(
  brokerTurns.map(
    (turn, round) => turn.totalInMilliseconds / (functionTurns[round]?.totalInMilliseconds ?? 0),
  ),
);
console.log(
  `\n${EVENTS} events from ${DOCKS} docks; medians of ${rounds} turns each. None lost, none twice.\n`,
);
printTable(
  [
    '',
    'all of them',
    'events/s',
    'median',
    'p99',
    'services',
    'functions',
    'V8',
    "the stack's time an event",
  ],
  [
    row('published to the broker until the reply', brokerTurns),
    row(`the function alone, ${DEFAULT_LIMITS.perFunction} at a time`, functionTurns),
  ],
);
console.log(`\nThrough the broker: ${formatRatio(ratio)} as long. ${machineLine()}`);
// The bundle's SDK keeps its connections.
process.exit();
