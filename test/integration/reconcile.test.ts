import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, PurgeQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { runAdmin } from '../../admin/program.ts';
import { dynamoDbFileLists } from '../../functions/adapters/dynamodb-file-lists.ts';
import { s3ObjectHistories } from '../../functions/adapters/s3-object-histories.ts';
import { s3ObjectStorage } from '../../functions/adapters/s3-object-storage.ts';
import { fileState } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { flightSeenBy } from './dock-fixture.ts';
import { type Photo, type PilotDevice, photo, TestStack } from './stack-fixture.ts';

const DEADLINE = { timeout: 20_000, interval: 50 };
/** So late that nobody hears of it. */
const LOST = 900;

let stack: TestStack;
let pilots: PilotDevice[];
let data: string;
let delayInSeconds = 0;

beforeAll(async () => {
  stack = await TestStack.start({ notificationDeliveries: () => [{ delayInSeconds }] });
  pilots = [await stack.pilot(0), await stack.pilot(1)];
  data = mkdtempSync(join(tmpdir(), 'media-library-reconcile-'));
  writeFileSync(join(data, 'endpoints.json'), JSON.stringify(stack.endpoints));
});
afterAll(async () => {
  rmSync(data, { recursive: true, force: true });
  await stack?.close();
});
beforeEach(() => {
  delayInSeconds = 0;
});

const first = () => pilots[0] as PilotDevice;
const second = () => pilots[1] as PilotDevice;

const sqs = () => {
  const { sqs: endpoint, region, root } = stack.endpoints;
  const credentials = { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key };
  return new SQSClient({ endpoint, region, credentials });
};
/** Loses what waits in the queue of the bucket's changes. */
const loseNotifications = async () => {
  const client = sqs();
  await client.send(new PurgeQueueCommand({ QueueUrl: stack.endpoints.changes_queue_url }));
  client.destroy();
};
/** Waits until nothing is left to do in the library's queues. */
const queuesEmpty = async () => {
  const client = sqs();
  const { changes_queue_url, digests_queue_url } = stack.endpoints;
  await vi.waitFor(async () => {
    for (const QueueUrl of [changes_queue_url, digests_queue_url]) {
      const { Attributes } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl,
          AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
        }),
      );
      expect(Object.values(Attributes ?? {})).toEqual(['0', '0']);
    }
  }, DEADLINE);
  client.destroy();
};

/** Runs the command; `onLine` sees every line that it tells, and may stop it. */
async function reconcile(args: readonly string[] = [], onLine?: (line: string, stop: () => void) => void) {
  let output = '';
  let errors = '';
  const interrupt = new AbortController();
  const exitCode = await runAdmin(
    ['reconcile', '--json', ...args, '--data', data],
    { write: (text: string) => (output += text) },
    {
      write: (text: string) => {
        errors += text;
        onLine?.(text, () => interrupt.abort());
      },
    },
    () => interrupt.signal,
  );
  return { exitCode, errors, counts: JSON.parse(output) as Record<string, number> };
}

const placesFile = () => join(data, 'reconcile.json');
const listed = async ({ workspaceId }: PilotDevice, removed = false) => {
  const lists = dynamoDbFileLists(stack.endpoints.table, stack.dynamoDb());
  const { items } = await lists.listFiles(workspaceId as WorkspaceId, { limit: 1000, removed });
  return items;
};
const isHit = async (pilot: PilotDevice, { fingerprint, name }: Photo) =>
  (await pilot.ask('fast-upload', { body: { fingerprint, name } })).envelope.code === 0;

/** Removes every item of the table, or those of one kind. */
async function emptyTable(isGone: (item: Record<string, unknown>) => boolean = () => true) {
  const { table: TableName } = stack.endpoints;
  for (const item of (await stack.items()).filter(isGone)) {
    const { pk, sk } = item;
    await stack.dynamoDb().send(new DeleteCommand({ TableName, Key: { pk, sk } }));
  }
}

it('makes every version an entry again after the table was emptied', async () => {
  const [one, two, foreign] = [photo('1.JPG'), photo('2 上云.JPG'), photo('3.JPG')];
  const key = await first().upload(one);
  await first().upload(two);
  await second().upload(foreign);
  const { bucket: Bucket } = stack.endpoints;
  await stack.s3().send(new PutObjectCommand({ Bucket, Key: key, Body: photo().bytes }));
  const hidden = await first().upload(photo('hidden.JPG'));
  await stack.s3().send(new DeleteObjectCommand({ Bucket, Key: hidden }));
  await queuesEmpty();
  await emptyTable();
  expect(await isHit(first(), one)).toBe(false);

  const { exitCode, counts, errors } = await reconcile();
  expect({ exitCode, counts }).toMatchObject({
    exitCode: 0,
    counts: { objects: 4, versions: 4, entries: 4, added: 4, removed: 0, restored: 0, failures: 0 },
  });
  expect(errors).toContain(`added      ${key} (version `);
  const files = await listed(first());
  expect(files.map(({ name }) => name).sort()).toEqual(['1.JPG', '1.JPG', '2 上云.JPG']);
  const later = Date.now() + 16 * 60_000;
  expect(new Set(files.map((file) => fileState(file, later)))).toEqual(new Set(['unreported']));
  for (const file of [one, two]) expect(await isHit(first(), file)).toBe(true);
  expect(await isHit(second(), foreign)).toBe(true);
  expect(await isHit(second(), one)).toBe(false);
  expect((await reconcile()).counts).toMatchObject({ added: 0, claimed: 0, unread: 0 });
});

it('finds changes without a notification: uploads, removals and restored objects', async () => {
  const kept = [photo('back.JPG'), photo('destroyed.JPG'), photo('hidden.JPG')] as const;
  const keys: string[] = [];
  for (const file of kept) keys.push(await first().upload(file, { ext: { file_group_id: 'lost' } }));
  const body = { file_group_id: 'lost', file_count: 3, file_uploaded_count: 3 };
  const { bucket: Bucket } = stack.endpoints;
  const { VersionId: marker } = await stack.s3().send(new DeleteObjectCommand({ Bucket, Key: keys[0] }));
  await queuesEmpty();
  await first().ask('group-upload-callback', { body });
  await vi.waitFor(
    async () => expect((await listed(first(), true)).map(({ name }) => name)).toContain('back.JPG'),
    DEADLINE,
  );

  delayInSeconds = LOST;
  const unreported = photo('unreported.JPG');
  const unreportedKey = await first().put(unreported);
  const destroyed = (await listed(first())).find(({ objectKey }) => objectKey === keys[1]);
  const s3 = stack.s3();
  await s3.send(new DeleteObjectCommand({ Bucket, Key: keys[1], VersionId: destroyed?.versionId }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: keys[2] }));
  await s3.send(new DeleteObjectCommand({ Bucket, Key: keys[0], VersionId: marker }));
  await loseNotifications();

  const before = await stack.items();
  const dry = await reconcile(['--dry-run']);
  expect(dry).toMatchObject({ exitCode: 0, counts: { added: 1, removed: 2, restored: 1 } });
  expect(await stack.items()).toEqual(before);

  expect((await reconcile()).counts).toMatchObject({ added: 1, removed: 2, restored: 1 });
  const names = async (removed?: boolean) => (await listed(first(), removed)).map(({ name }) => name);
  expect(await names()).toEqual(expect.arrayContaining(['back.JPG', 'unreported.JPG']));
  expect(await names(true)).toEqual(expect.arrayContaining(['destroyed.JPG', 'hidden.JPG']));
  expect(await Promise.all(kept.map((file) => isHit(first(), file)))).toEqual([true, false, false]);
  expect((await first().ask('fast-upload', { body: { ...unreported } })).envelope).toMatchObject({
    data: { object_key: unreportedKey },
  });
  expect(await flightSeenBy(first(), 'lost')).toMatchObject({ received_file_count: 1 });
});

it('lets the function read uploads in parts, or reads them itself', async () => {
  const [one, two] = [photo('1.MP4'), photo('2.MP4')];
  await first().putInParts(one);
  await queuesEmpty();
  await emptyTable((item) => String(item['object_key']).endsWith('/1.MP4'));
  expect((await reconcile()).counts).toMatchObject({ added: 1, unread: 1 });
  await vi.waitFor(async () => expect(await isHit(first(), one)).toBe(true), DEADLINE);

  delayInSeconds = LOST;
  await first().putInParts(two);
  await loseNotifications();
  expect((await reconcile(['--verify'])).counts).toMatchObject({ added: 1, read: 1, mismatches: 0 });
  expect(await isHit(first(), two)).toBe(true);
});

it('continues where it was stopped', async () => {
  delayInSeconds = LOST;
  const count = 40;
  for (let index = 0; index < count; index++) await second().put(photo(`stopped-${index}.JPG`, 10));
  await loseNotifications();
  const workspace = ['--workspace', second().workspaceId];
  const stopped = await reconcile(workspace, (line, stop) => line.startsWith('added') && stop());
  expect(stopped).toMatchObject({ exitCode: 130 });
  expect(stopped.errors).toMatch(/Stopped\.\nThe same command continues from here\.\n$/);
  expect(stopped.counts['added']).toBeLessThan(count);
  expect((statSync(placesFile()).mode & 0o777).toString(8)).toBe('600');
  // Another kind of run has a place of its own.
  expect((await reconcile([...workspace, '--dry-run'])).errors).not.toContain('Continuing');
  expect(existsSync(placesFile())).toBe(true);

  const finished = await reconcile(workspace);
  expect(finished).toMatchObject({ exitCode: 0, counts: { added: count } });
  expect(finished.errors).toContain('Continuing the run that stopped');
  expect(existsSync(placesFile())).toBe(false);
  expect((await listed(second())).filter(({ name }) => name.startsWith('stopped-'))).toHaveLength(count);
});

it('of one workspace does not change the other', async () => {
  delayInSeconds = LOST;
  const [one, two] = [photo('one.JPG'), photo('two.JPG')];
  await first().put(one);
  await second().put(two);
  await loseNotifications();
  expect((await reconcile(['--workspace', first().workspaceId])).counts).toMatchObject({ added: 1 });
  expect([await isHit(first(), one), await isHit(second(), two)]).toEqual([true, false]);
  expect((await reconcile()).counts).toMatchObject({ added: 1 });
});

it('reports what it cannot read, and starts again on request', async () => {
  writeFileSync(placesFile(), 'nonsense');
  const refused = await runAdmin(['reconcile', '--data', data], { write: () => {} }, { write: () => {} });
  expect(refused).toBe(1);
  rmSync(placesFile());
  await reconcile([], (line, stop) => line.startsWith('…') && stop());
  const [place] = JSON.parse(readFileSync(placesFile(), 'utf8'));
  expect(place).toMatchObject({ progress: { stage: 'catalog' } });
  const again = await reconcile(['--anew']);
  expect(again.errors).not.toContain('Continuing');
  expect(again.counts['objects']).toBeGreaterThan(0);
});

it('lists complete histories, for any keys and page ends', async () => {
  delayInSeconds = LOST;
  const { bucket, workspaceId } = { bucket: stack.endpoints.bucket, workspaceId: first().workspaceId };
  const prefix = `${workspaceId}/names/`;
  const names = [
    'a b+c.JPG',
    '%2f.JPG',
    'line\nbreak\r\t.JPG',
    '\u0001.JPG',
    '上云 & <é>.JPG',
    '\uffee.JPG',
    '😀.JPG',
  ];
  const s3 = stack.s3();
  for (const name of names)
    for (let version = 0; version < 5; version++)
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key: prefix + name, Body: `${version}` }));
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: `${prefix}${names[0]}` }));

  const histories = s3ObjectHistories(bucket, s3);
  const storage = s3ObjectStorage(bucket, s3);
  for (const limit of [1, 3, 7, 1000]) {
    const found: Record<string, unknown> = {};
    let cursor: string | undefined;
    do {
      const page = await histories.listHistories({ prefix, limit, ...(cursor !== undefined && { cursor }) });
      for (const { objectKey, history } of page.items) found[objectKey] = history;
      cursor = page.cursor;
    } while (cursor !== undefined);
    const expected = await Promise.all(
      names.map(async (name) => [prefix + name, await storage.listHistory(prefix + name)] as const),
    );
    expect(found).toEqual(Object.fromEntries(expected));
    expect(found[`${prefix}${names[0]}`]).toHaveLength(6);
  }
  expect((await reconcile()).counts).toMatchObject({ failures: 0 });
});
