import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { type Dock, DockStack, report } from './dock-fixture.ts';
import { type Photo, type PilotDevice, photo } from './stack-fixture.ts';

let stack: DockStack;
let dock: Dock;
let pilot: PilotDevice;
let Bucket: string;

beforeAll(async () => {
  stack = await DockStack.start();
  dock = await stack.dock(0);
  pilot = await stack.pilotOf(dock);
  Bucket = stack.endpoints.bucket;
});
afterAll(() => stack?.close());

const DEADLINE = { timeout: 20_000, interval: 50 };

/** Whether the catalog would find it; asking `fast-upload` would take a claim back by itself. */
const findable = async ({ fingerprint }: Photo) =>
  (
    await dynamoDbMediaCatalog(stack.endpoints.table, stack.stack.dynamoDb()).findByFingerprint(
      dock.workspaceId,
      fingerprint as Fingerprint,
    )
  ).length > 0;
const becomesUnfindable = (file: Photo) =>
  vi.waitFor(async () => expect(await findable(file), file.name).toBe(false), DEADLINE);

/** Those of the files whose tiny fingerprints the library knows, by name. */
async function knownTo(files: readonly Photo[]): Promise<string[]> {
  const { envelope } = await pilot.ask('files/tiny-fingerprints', {
    body: files.map(({ tinyFingerprint }) => tinyFingerprint),
  });
  const known = (envelope.data as unknown as { tiny_fingerprints: string[] }).tiny_fingerprints;
  return files.filter(({ tinyFingerprint }) => known.includes(tinyFingerprint)).map(({ name }) => name);
}

const remove = (Key: string, VersionId?: string) =>
  stack.stack.s3().send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
const versionOf = async (Key: string) =>
  (await stack.stack.s3().send(new HeadObjectCommand({ Bucket, Key }))).VersionId;
const overwrite = (Key: string, { bytes }: Photo) =>
  stack.stack.s3().send(new PutObjectCommand({ Bucket, Key, Body: bytes }));
const seen = () => stack.lines({ removed: expect.any(Number) }).length;
/** Waits for the removals of a test to be handled, whatever comes of them. */
const handled = (before: number, count = 1) =>
  vi.waitFor(() => expect(seen()).toBeGreaterThanOrEqual(before + count), DEADLINE);

it("removing the object of a dock's file removes it as a hit, with Pilot's link to it", async () => {
  const [gone, kept] = [photo('DJI_0001_上云 100%25 +&.JPG'), photo('DJI_0002_V.JPG')];
  const objectKey = await dock.upload('removed', gone);
  await dock.upload('removed', kept);
  for (const { fingerprint, tinyFingerprint, name } of [gone, kept]) {
    const body = { fingerprint, name: `link to ${name}`, ext: { tinny_fingerprint: tinyFingerprint } };
    expect((await pilot.ask('fast-upload', { body })).envelope.code).toBe(0);
  }
  expect(await knownTo([gone, kept])).toEqual([gone.name, kept.name]);

  await remove(objectKey);
  await becomesUnfindable(gone);
  await vi.waitFor(async () => expect(await knownTo([gone, kept])).toEqual([kept.name]), DEADLINE);
  expect(await findable(kept)).toBe(true);
  const miss = await pilot.ask('fast-upload', { body: { fingerprint: gone.fingerprint } });
  expect(miss.envelope.code).toBe(-1);
  // The dock is told the same: it must upload once more.
  expect(await dock.callback(report(gone, objectKey, { flightId: 'removed' }))).toEqual({ result: 404 });
});

it('removing many at once does the same', async () => {
  const files = Array.from({ length: 5 }, (_, index) => photo(`${index}.JPG`, 100));
  const keys: string[] = [];
  for (const file of files) keys.push(await pilot.upload(file));
  expect(await knownTo(files)).toHaveLength(5);
  await stack.stack.s3().send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: keys.slice(0, 4).map((Key) => ({ Key })) },
    }),
  );
  await vi.waitFor(async () => expect(await knownTo(files)).toEqual(['4.JPG']), DEADLINE);
});

it('removing an older version does not affect the current one', async () => {
  const [older, current] = [photo('older.JPG'), photo('current.JPG')];
  const objectKey = await dock.upload('versions', older);
  const olderVersion = await versionOf(objectKey);
  await overwrite(objectKey, current);
  expect(await dock.callback(report(current, objectKey, { flightId: 'versions' }))).toEqual({ result: 0 });

  await remove(objectKey, olderVersion);
  await becomesUnfindable(older);
  expect(await findable(current)).toBe(true);
  expect((await pilot.ask('fast-upload', { body: { fingerprint: current.fingerprint } })).envelope.code).toBe(
    0,
  );
  await remove(objectKey);
  await becomesUnfindable(current);
});

it('removing the current version makes the previous one current', async () => {
  const [older, current] = [photo('older.JPG'), photo('current.JPG')];
  const objectKey = await dock.upload('versions', older);
  await overwrite(objectKey, current);
  expect(await dock.callback(report(current, objectKey, { flightId: 'versions' }))).toEqual({ result: 0 });
  const before = seen();
  await remove(objectKey, await versionOf(objectKey));
  await becomesUnfindable(current);
  await handled(before);
  expect(await findable(older)).toBe(true);
});

it('deleting the delete marker restores the file with all its fields', async () => {
  const file = photo('undeleted.JPG');
  const objectKey = await dock.upload('undeleted', file);
  const { VersionId: marker } = await remove(objectKey);
  await becomesUnfindable(file);
  await remove(objectKey, marker);
  await vi.waitFor(async () => expect(await findable(file)).toBe(true), DEADLINE);
  const item = await stack.file(dock.workspaceId, objectKey, file.fingerprint);
  expect(item).toMatchObject({ name: 'undeleted.JPG', flight_id: 'undeleted' });
  expect(item).not.toHaveProperty('removed_at');
});

it('an upload without a report becomes an entry, and a hit', async () => {
  const file = photo('unreported.JPG');
  const storage = await dock.credentials();
  const objectKey = await dock.put(file, 'never-told', storage);
  await vi.waitFor(
    async () =>
      expect(await stack.file(dock.workspaceId, objectKey, file.fingerprint)).toMatchObject({
        md5: file.fingerprint,
        arrived_at: expect.any(String),
      }),
    DEADLINE,
  );
  const ask = () => pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint, name: file.name } });
  await vi.waitFor(
    async () => expect((await ask()).envelope).toMatchObject({ code: 0, data: { object_key: objectKey } }),
    DEADLINE,
  );
});

it('objects that are not uploads are ignored', async () => {
  const lines = () =>
    stack.lines({ ignored: expect.any(Number) }).filter(({ ignored }) => Number(ignored) > 0);
  await overwrite('notes/readme.txt', photo());
  await remove('notes/readme.txt');
  await vi.waitFor(() => expect(lines().length).toBeGreaterThan(0), DEADLINE);
  const items = await stack.items();
  expect(items.filter((item) => item?.['object_key'] === 'notes/readme.txt')).toEqual([]);
});
