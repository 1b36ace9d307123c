/**
 * Measures a request with 100 tiny fingerprints, with a thousand and with a million files in the catalog, each
 * with all items that a report leaves: the entry, two claims and the file of its flight.
 * There are two local stacks, used alternately, and two figures: the whole request over HTTP, and its
 * BatchGetItem alone. Half of the files exist, and every request asks for others.
 *
 * The items are written into the files of the database before its stack starts, in the format of the local
 * DynamoDB; through the service it would take an hour. Every response is checked.
 */
import { createHash, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PilotClient } from '../devices/pilot/pilot-client.ts';
import {
  BY_TIME,
  fileKey,
  fingerprintPartition,
  listOf,
  memberKey,
  nameSortKey,
  tinyFingerprintKey,
} from '../functions/adapters/media-table-keys.ts';
import type { Fingerprint, TinyFingerprint } from '../functions/core/fingerprint.ts';
import { flightOf } from '../functions/core/flight.ts';
import { toMediaFile, uploadedFileId } from '../functions/core/media-file.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';
import { openEngine } from '../packages/local-aws/dynamodb/engine.ts';
import { DEFAULT_ACCOUNT_ID } from '../packages/local-aws/iam/identities.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, demoUser, type StackProcess, startStackProcess } from './stack-process.ts';
import { formatMilliseconds, formatRatio, machineLine, median, printTable, quantile } from './statistics.ts';

const ASKED = 100;
const ROUNDS = 300;
const WARM_UP_ROUNDS = 30;
const FILES_A_BATCH = 2_000;
const CATALOG_SIZES = [1_000, 1_000_000];
const FILES_A_FLIGHT = 200;
const FIRST_CAPTURE = Date.parse('1999-01-01T00:00:00Z');
/** Of the message of a device. */
const RAW_LENGTH = 700;

/** An item of strings, in the format of DynamoDB. */
const asItem = (texts: object): Record<string, { S: string }> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, { S: String(text) }]));

const tinyFingerprint = (number: number): TinyFingerprint =>
  `${createHash('md5').update(String(number)).digest('hex')}_2024_5_16_11_42_7` as TinyFingerprint;

/** Half of them are in a catalog of that size, and half in none. */
function choose(catalogSize: number): string[] {
  const chosen = new Set<string>();
  while (chosen.size < ASKED) {
    const existing = randomInt(catalogSize);
    chosen.add(tinyFingerprint(existing)).add(tinyFingerprint(-1 - existing));
  }
  return [...chosen];
}

const expectHalf = (found: number): void => {
  if (found !== ASKED / 2) throw new Error(`${found} of ${ASKED} were found, not half of them`);
};

/** All that a report of Pilot leaves in the table. Only the keys matter; the rest is as long as usual. */
function itemsOf(workspaceId: WorkspaceId, number: number): Record<string, { S: string }>[] {
  const md5 = createHash('md5').update(String(number)).digest('hex') as Fingerprint;
  const tiny = tinyFingerprint(number);
  const name = `DJI_${number}.JPG`;
  const path = 'DJI_202405161140_003_0e1f9b7e';
  const objectKey = `${workspaceId}/5b1f0c2ad94e7a6c3380e1f2/9c41d7e0aa52/${path}/${name}`;
  const versionId = `pBSPhQ3xCc9Vh0DN8y0dS${number}`;
  const file = toMediaFile({
    workspaceId,
    objectKey,
    versionId,
    fileId: uploadedFileId({ workspaceId, objectKey, versionId }),
    name,
    path,
    md5,
    fingerprint: md5,
    eTag: md5,
    sizeInBytes: 20_000_000,
    flightId: `flight-${Math.floor(number / FILES_A_FLIGHT)}`,
    reporter: { kind: 'pilot', name: 'pilot' },
  });
  const flight = flightOf(file);
  if (!flight) throw new Error('The file is in no flight');
  const capturedAt = new Date(FIRST_CAPTURE + number * 1000).toISOString();
  const pointer = { file_id: file.fileId, object_key: objectKey, version_id: versionId, name, path };
  return [
    {
      ...fileKey(workspaceId, file.fileId),
      [BY_TIME.partitionKey]: listOf(workspaceId, 'FILES'),
      [BY_TIME.sortKey]: `${capturedAt}#${file.fileId}`,
      entity: 'file',
      ...pointer,
      md5,
      etag: md5,
      tiny_fingerprint: tiny,
      captured_at: capturedAt,
      reported_at: capturedAt,
      raw: 'x'.repeat(RAW_LENGTH),
    },
    {
      pk: fingerprintPartition(workspaceId, md5),
      sk: nameSortKey({ name, path }),
      entity: 'fingerprint',
      ...pointer,
    },
    { ...tinyFingerprintKey(workspaceId, tiny), entity: 'tiny-fingerprint', file_id: file.fileId },
    { ...memberKey(flight, file), entity: 'flight-file', name, size: '20000000', reported_at: capturedAt },
  ].map(asItem);
}

/** Writes complete files into the table of a stack that is not running. */
function fill({ endpoints, dataDirectory }: StackProcess, count: number): void {
  const engine = openEngine({
    directory: join(dataDirectory, 'dynamodb'),
    region: endpoints.region,
    accountId: DEFAULT_ACCOUNT_ID,
  });
  const { workspaceId } = demoUser({ endpoints });
  for (let start = 0; start < count; start += FILES_A_BATCH) {
    const length = Math.min(FILES_A_BATCH, count - start);
    const items = Array.from({ length }, (_, index) => itemsOf(workspaceId as WorkspaceId, start + index));
    engine.importItems(endpoints.table, items.flat());
  }
  engine.close();
}

/** One catalog with its stack, and the two requests to measure. */
async function openCatalog(folder: string, size: number) {
  const options = { dataDirectory: join(folder, String(size)) };
  const empty = await startStackProcess(options);
  await empty.stop();
  const startedAt = performance.now();
  fill(empty, size);
  const filledIn = performance.now() - startedAt;
  const stack = await startStackProcess(options);

  const user = demoUser(stack);
  const client = new PilotClient(user);
  await client.login();
  const database = new DynamoDBClient(administrator(stack, 'dynamodb'));
  const keyOf = (tiny: string) =>
    asItem(tinyFingerprintKey(user.workspaceId as WorkspaceId, tiny as TinyFingerprint));
  return {
    size,
    filledIn,
    stack,
    requests: [] as number[],
    batchGets: [] as number[],
    async request(tinyFingerprints: readonly string[]): Promise<void> {
      expectHalf((await client.findTinyFingerprints(tinyFingerprints)).size);
    },
    async batchGet(tinyFingerprints: readonly string[]): Promise<void> {
      const Keys = tinyFingerprints.map(keyOf);
      const { Responses } = await database.send(
        new BatchGetItemCommand({
          RequestItems: {
            [stack.endpoints.table]: { Keys, ConsistentRead: true, ProjectionExpression: 'pk, sk' },
          },
        }),
      );
      expectHalf(Responses?.[stack.endpoints.table]?.length ?? 0);
    },
    async close(): Promise<void> {
      database.destroy();
      await stack.stop();
    },
  };
}

type Catalog = Awaited<ReturnType<typeof openCatalog>>;

async function timed(catalog: Catalog, ask: (asked: readonly string[]) => Promise<void>): Promise<number> {
  const asked = choose(catalog.size);
  const startedAt = performance.now();
  await ask(asked);
  return performance.now() - startedAt;
}

const folder = scratchFolder('tiny-fingerprints');
const catalogs: Catalog[] = [];
for (const size of CATALOG_SIZES) catalogs.push(await openCatalog(folder, size));
console.log(machineLine());
for (const { size, filledIn } of catalogs)
  console.log(
    `${size.toLocaleString('en')} files written into the catalog in ${formatMilliseconds(filledIn)}`,
  );

for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
  // The order changes every round, since the first one affects the processor's caches for the second.
  for (const catalog of round % 2 === 0 ? catalogs : catalogs.toReversed()) {
    const request = await timed(catalog, catalog.request);
    const batchGet = await timed(catalog, catalog.batchGet);
    if (round < 0) continue;
    catalog.requests.push(request);
    catalog.batchGets.push(batchGet);
  }
}
for (const catalog of catalogs) await catalog.close();

const [small, large] = catalogs;
if (!small || !large) throw new Error('There must be two catalogs');
const row = (title: string, of: (catalog: Catalog) => readonly number[]): string[] => [
  title,
  ...[small, large].map(
    (catalog) =>
      `${formatMilliseconds(median(of(catalog)))} (p90 ${formatMilliseconds(quantile(of(catalog), 0.9))})`,
  ),
  formatRatio(median(of(large)) / median(of(small))),
];
const ownTime = ({ requests, batchGets }: Catalog): number => median(requests) - median(batchGets);
console.log(
  `\nA request with ${ASKED} tiny fingerprints, half of which exist; ${ROUNDS} for each row, alternately:\n`,
);
printTable(
  ['median', ...catalogs.map(({ size }) => `${size.toLocaleString('en')} files`), 'ratio'],
  [
    row('the request over HTTP', ({ requests }) => requests),
    row('its BatchGetItem alone', ({ batchGets }) => batchGets),
    [
      'the difference: what is not the database',
      ...[small, large].map((catalog) => formatMilliseconds(ownTime(catalog))),
      formatRatio(ownTime(large) / ownTime(small)),
    ],
  ],
);
console.log(`\n${machineLine()}`);
