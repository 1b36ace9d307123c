import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { recordUpload } from '../../functions/core/record-upload.ts';
import { type BucketChange, takeInChanges } from '../../functions/core/take-in-changes.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { toQueuedChanges } from '../../functions/protocol/s3-notification.ts';
import { FINGERPRINT, OTHER_FINGERPRINT } from '../fixtures/library.ts';

let library: InMemoryLibrary;
let workspaceId: WorkspaceId;

beforeEach(() => {
  library = new InMemoryLibrary();
  workspaceId = randomUUID() as WorkspaceId;
});

const keyOf = (name: string) => `${workspaceId}/scope/a/${name}`;
const created = (name: string, eTag: string = FINGERPRINT): BucketChange => ({
  id: name,
  objectKey: keyOf(name),
  stored: library.storage.put(keyOf(name), { eTag }),
});
const report = (name: string, eTag: string = FINGERPRINT) =>
  recordUpload(library, {
    workspaceId,
    objectKey: keyOf(name),
    result: 0,
    file: { name, fingerprint: eTag as Fingerprint, flightId: 'flight-1', capture: {} },
    reporter: { kind: 'pilot', name: 'pilot' },
    raw: '{}',
  });
const listed = async () => (await library.lists.listFiles(workspaceId, { limit: 100 })).items;

describe('a batch of notifications', () => {
  it('adds every version, and sends events and checks a flight once', async () => {
    const changes = [created('1.jpg'), created('2.jpg', OTHER_FINGERPRINT)];
    await report('1.jpg');
    await report('2.jpg', OTHER_FINGERPRINT);
    const outcome = await takeInChanges(library, changes);
    expect(outcome).toMatchObject({ arrived: 2, removed: 0, ignored: 0 });
    expect(outcome.failures.size).toBe(0);
    expect(library.told).toEqual(['FileRecorded', 'FileRecorded', 'FlightStateChanged']);
  });

  it('ignores objects that are not uploads of a workspace', async () => {
    const stored = { sizeInBytes: 1, eTag: FINGERPRINT, versionId: 'v1' };
    const keys = ['logs/2026/access.log', 'README', '', `${workspaceId}x/a`, `${workspaceId}`];
    const outcome = await takeInChanges(
      library,
      keys.map((objectKey) => ({ id: objectKey, objectKey, stored })),
    );
    expect(outcome).toMatchObject({ arrived: 0, ignored: keys.length });
    expect(await listed()).toEqual([]);
  });

  it('applies a removal, in either order', async () => {
    const change = created('1.jpg');
    await report('1.jpg');
    library.storage.hide(change.objectKey);
    const removal = { id: 'removal', objectKey: change.objectKey };
    await takeInChanges(library, [removal, change]);
    await takeInChanges(library, [change, removal]);
    expect(await listed()).toEqual([]);
    expect(await library.catalog.findByFingerprint(workspaceId, FINGERPRINT)).toEqual([]);
    expect(await library.catalog.findFlight(workspaceId, 'flight-1')).toMatchObject({ receivedFileCount: 0 });
  });

  it('fails only the messages that failed', async () => {
    const changes = [created('1.jpg'), created('2.jpg', OTHER_FINGERPRINT)];
    const { find } = library.storage;
    library.storage.find = async (objectKey, versionId) => {
      if (objectKey === keyOf('2.jpg')) throw new Error('SlowDown');
      return find.call(library.storage, objectKey, versionId);
    };
    const outcome = await takeInChanges(library, changes);
    expect([...outcome.failures.keys()]).toEqual(['2.jpg']);
    library.storage.find = find;
    await takeInChanges(library, changes);
    expect(await listed()).toHaveLength(2);
  });

  it('fails all messages whose events were not accepted', async () => {
    const changes = [created('1.jpg')];
    await report('1.jpg');
    library.eventFailure = new Error('bus down');
    expect([...(await takeInChanges(library, changes)).failures.keys()]).toEqual(['1.jpg']);
    library.eventFailure = undefined;
    await takeInChanges(library, changes);
    expect(library.told).toEqual(['FileRecorded', 'FlightStateChanged']);
  });
});

describe('a message of S3', () => {
  const message = (eventName: string, object: object) =>
    JSON.stringify({ Records: [{ eventName, eventTime: '2026-01-01T00:00:00.123Z', s3: { object } }] });

  it('is a new version, with its decoded key', () => {
    const body = message('ObjectCreated:Put', {
      key: 'a/DJI_%E4%B8%8A%E4%BA%91+API%2B1.JPG',
      size: 3,
      eTag: FINGERPRINT,
      versionId: 'v1',
    });
    expect(toQueuedChanges('m1', body).changes).toEqual([
      {
        id: 'm1',
        objectKey: 'a/DJI_上云 API+1.JPG',
        stored: {
          sizeInBytes: 3,
          eTag: FINGERPRINT,
          versionId: 'v1',
          storedAt: '2026-01-01T00:00:00.123Z',
        },
      },
    ]);
  });

  it.each(['ObjectRemoved:Delete', 'ObjectRemoved:DeleteMarkerCreated', 'LifecycleExpiration:Delete'])(
    'is a removal: %s',
    (eventName) => {
      expect(toQueuedChanges('m1', message(eventName, { key: 'a' })).changes).toEqual([
        { id: 'm1', objectKey: 'a' },
      ]);
    },
  );

  it('is ignored when it is the test of a new notification', () => {
    expect(toQueuedChanges('m1', '{"Service":"Amazon S3","Event":"s3:TestEvent"}')).toEqual({
      changes: [],
      events: [],
    });
  });

  it.each(['', 'nonsense', '{"Records":[{}]}'])('is refused when it is %s', (body) => {
    expect(() => toQueuedChanges('m1', body)).toThrow();
  });
});
