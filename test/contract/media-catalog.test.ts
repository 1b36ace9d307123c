import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import type { Fingerprint, TinyFingerprint } from '../../functions/core/fingerprint.ts';
import { isComplete } from '../../functions/core/flight.ts';
import type { MediaCatalog } from '../../functions/core/media-catalog.ts';
import { linkedFileId, type MediaFile } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { FINGERPRINT, mediaFile, OTHER_FINGERPRINT, TINY_FINGERPRINT } from '../fixtures/library.ts';
import { type DynaliteTable, startDynaliteTable } from './dynalite-table.ts';

let table: DynaliteTable;

beforeAll(async () => {
  table = await startDynaliteTable();
});

afterAll(() => table.close());

const IMPLEMENTATIONS: [string, () => MediaCatalog][] = [
  ['in memory', () => new InMemoryMediaCatalog()],
  ['in DynamoDB', () => dynamoDbMediaCatalog(table.tableName, table.client())],
];

describe.each(IMPLEMENTATIONS)('media catalog %s', (_name, open) => {
  let catalog: MediaCatalog;
  let workspaceId: WorkspaceId;

  // Each test has a workspace to itself: one table serves them all.
  beforeEach(() => {
    catalog = open();
    workspaceId = randomUUID() as WorkspaceId;
  });

  const file = (changes: Partial<MediaFile> = {}) =>
    mediaFile({ workspaceId, objectKey: `${workspaceId}/a1b2/c3d4/DJI_0001.JPG`, ...changes });
  const find = (fingerprint: Fingerprint = FINGERPRINT) =>
    catalog.findByFingerprint(workspaceId, fingerprint);
  const findTiny = async (...tiny: string[]) => [
    ...(await catalog.findTinyFingerprints(workspaceId, new Set(tiny as TinyFingerprint[]))),
  ];
  const link = (target: MediaFile, name: string, changes: Partial<MediaFile> = {}): MediaFile => ({
    ...target,
    name,
    fileId: linkedFileId(target, name, undefined),
    linkedTo: target.fileId,
    ...changes,
  });

  describe('a recorded file', () => {
    it('is found by its fingerprint with all that is known of it but the raw message', async () => {
      const recorded = file({
        path: 'DJI_202405161140_001_上云API',
        flightId: 'flight-1',
        subFileType: 0,
        isOriginal: false,
        droneModelKey: '0-99-1',
        payloadModelKey: '39-1',
        droneSn: '1ZNBJ7J0010001',
      });
      expect(await catalog.record(recorded)).toEqual(recorded);
      expect(await find()).toEqual({ ...recorded, raw: '' });
    });

    it('is found with the little that a minimal message tells', async () => {
      const {
        tinyFingerprint: _tiny,
        versionId: _version,
        contentType: _type,
        ...little
      } = file({ capture: {} });
      await catalog.record(little);
      expect(await find()).toEqual({ ...little, raw: '' });
    });

    it('is found by its tiny fingerprint', async () => {
      await catalog.record(file());
      expect(await findTiny(TINY_FINGERPRINT, 'other_2026_1_1_0_0_0')).toEqual([TINY_FINGERPRINT]);
    });

    it('needs no fingerprint at all', async () => {
      const { fingerprint: _full, tinyFingerprint: _tiny, ...bare } = file();
      expect(await catalog.record(bare)).toEqual(bare);
      expect(await find()).toBeUndefined();
    });

    it('keeps zero, false and numbers below zero', async () => {
      const capture = { absoluteAltitude: 0, relativeAltitude: -3.25, gimbalYawDegree: -0.5 };
      await catalog.record(file({ capture, isOriginal: false, subFileType: 0, sizeInBytes: 0 }));
      expect(await find()).toMatchObject({ capture, isOriginal: false, subFileType: 0, sizeInBytes: 0 });
    });

    it('does not belong to any other workspace', async () => {
      await catalog.record(file());
      const stranger = randomUUID() as WorkspaceId;
      expect(await catalog.findByFingerprint(stranger, FINGERPRINT)).toBeUndefined();
      expect(await catalog.findTinyFingerprints(stranger, new Set([TINY_FINGERPRINT]))).toEqual(new Set());
    });
  });

  describe('the first record', () => {
    it('stays when the same object is reported again', async () => {
      const first = file({ reporter: { kind: 'pilot', name: 'first' }, raw: 'first' });
      await catalog.record(first);
      const standing = await catalog.record(
        file({ reporter: { kind: 'dock', name: 'second' }, raw: 'second' }),
      );
      expect(standing).toEqual(first);
      expect(await find()).toMatchObject({ reporter: { name: 'first' } });
    });

    it('stays when both reports arrive at once', async () => {
      const reports = Array.from({ length: 8 }, (_, index) => file({ raw: `report ${index}` }));
      const standing = await Promise.all(reports.map((report) => catalog.record(report)));
      expect(new Set(standing.map(({ raw }) => raw)).size).toBe(1);
    });

    it('keeps its fingerprint when other bytes are only said to have it', async () => {
      await catalog.record(file());
      const said = file({ objectKey: `${workspaceId}/b/2.jpg`, eTag: 'e1b2-3', integrity: 'unverified' });
      await catalog.record(said);
      expect(await find()).toMatchObject({ objectKey: file().objectKey, integrity: 'verified' });
    });

    it('gives its fingerprint up to bytes that have it for certain', async () => {
      await catalog.record(file({ eTag: 'e1b2-3', integrity: 'unverified' }));
      const verified = file({ objectKey: `${workspaceId}/b/2.jpg` });
      await catalog.record(verified);
      expect(await find()).toMatchObject({ objectKey: verified.objectKey, integrity: 'verified' });
    });

    it('gives way when it was a mismatch', async () => {
      await catalog.record(file({ integrity: 'mismatch', raw: 'wrong' }));
      expect(await catalog.record(file({ raw: 'right' }))).toMatchObject({
        integrity: 'verified',
        raw: 'right',
      });
      expect(await find()).toMatchObject({ integrity: 'verified' });
    });

    it('does not give way to a mismatch', async () => {
      await catalog.record(file({ raw: 'right' }));
      const standing = await catalog.record(
        file({ integrity: 'mismatch', fingerprint: OTHER_FINGERPRINT, raw: 'wrong' }),
      );
      expect(standing).toMatchObject({ integrity: 'verified', raw: 'right' });
      expect(await find(OTHER_FINGERPRINT)).toBeUndefined();
    });
  });

  it('does not find a mismatch, nor counts it to its flight', async () => {
    await catalog.record(file({ integrity: 'mismatch', flightId: 'flight-1' }));
    expect(await find()).toBeUndefined();
    expect(await findTiny(TINY_FINGERPRINT)).toEqual([]);
    expect(await catalog.findFlight(workspaceId, 'flight-1')).toBeUndefined();
  });

  describe('other bytes under the same key', () => {
    it('are another file, found by their own fingerprint', async () => {
      await catalog.record(file());
      const replaced = file({ eTag: OTHER_FINGERPRINT, fingerprint: OTHER_FINGERPRINT });
      expect((await catalog.record(replaced)).fileId).not.toBe(file().fileId);
      expect(await find(OTHER_FINGERPRINT)).toMatchObject({ eTag: OTHER_FINGERPRINT });
      expect(await find()).toMatchObject({ eTag: FINGERPRINT });
    });
  });

  describe('a link', () => {
    it('does not take over the marker of the upload', async () => {
      const uploaded = await catalog.record(file());
      await catalog.record(link(uploaded, 'copy.jpg'));
      expect(await find()).toMatchObject({ fileId: uploaded.fileId, name: 'DJI_0001.JPG' });
    });

    it('is recorded once', async () => {
      const uploaded = await catalog.record(file());
      await catalog.record(link(uploaded, 'copy.jpg', { raw: 'first' }));
      expect(await catalog.record(link(uploaded, 'copy.jpg', { raw: 'second' }))).toMatchObject({
        raw: 'first',
      });
    });

    it('is a file of its own flight', async () => {
      const uploaded = await catalog.record(file({ flightId: 'flight-1' }));
      await catalog.record(link(uploaded, 'copy.jpg', { flightId: 'flight-2' }));
      expect(await catalog.findFlight(workspaceId, 'flight-1')).toMatchObject({ receivedFileCount: 1 });
      expect(await catalog.findFlight(workspaceId, 'flight-2')).toMatchObject({ receivedFileCount: 1 });
    });
  });

  describe('the files of an object key', () => {
    const list = async (objectKey = file().objectKey) =>
      (await catalog.listByObjectKey(workspaceId, objectKey)).map(({ fileId }) => fileId).sort();

    it('are its uploads, whatever their bytes, and the links to them', async () => {
      const uploaded = await catalog.record(file());
      const replaced = await catalog.record(file({ eTag: OTHER_FINGERPRINT, integrity: 'mismatch' }));
      const linked = await catalog.record(link(uploaded, 'copy.jpg'));
      await catalog.record(file({ objectKey: `${workspaceId}/x/y.jpg` }));
      expect(await list()).toEqual([uploaded.fileId, replaced.fileId, linked.fileId].sort());
    });

    it('hold all that was recorded', async () => {
      await catalog.record(file({ flightId: 'flight-1', path: 'p' }));
      expect(await catalog.listByObjectKey(workspaceId, file().objectKey)).toEqual([
        file({ flightId: 'flight-1', path: 'p' }),
      ]);
    });

    it('are none where nothing was recorded, and none in another workspace', async () => {
      await catalog.record(file());
      expect(await list('nothing/here')).toEqual([]);
      expect(await catalog.listByObjectKey(randomUUID() as WorkspaceId, file().objectKey)).toEqual([]);
    });

    it('hold no failures', async () => {
      await catalog.recordFailure({
        workspaceId,
        objectKey: file().objectKey,
        result: 500,
        reporter: { kind: 'pilot', name: 'pilot' },
        reportedAt: '2026-01-01T00:00:00.000Z',
        raw: '{}',
      });
      expect(await list()).toEqual([]);
    });
  });

  describe('forgetting', () => {
    it('makes a file unfindable by both fingerprints, any number of times', async () => {
      const recorded = await catalog.record(file());
      await catalog.forget(recorded);
      await catalog.forget(recorded);
      expect(await find()).toBeUndefined();
      expect(await findTiny(TINY_FINGERPRINT)).toEqual([]);
    });

    it('works with what findByFingerprint resolves to', async () => {
      await catalog.record(file());
      const found = await find();
      if (found) await catalog.forget(found);
      expect(await find()).toBeUndefined();
      expect(await findTiny(TINY_FINGERPRINT)).toEqual([]);
    });

    it('leaves markers that a newer upload has taken over', async () => {
      const old = await catalog.record(file());
      const newer = await catalog.record(file({ objectKey: `${workspaceId}/e5f6/DJI_0001.JPG` }));
      await catalog.forget(old);
      expect(await find()).toMatchObject({ objectKey: newer.objectKey });
      expect(await findTiny(TINY_FINGERPRINT)).toEqual([TINY_FINGERPRINT]);
    });

    it('leaves markers that other bytes under the same key have taken over', async () => {
      const old = await catalog.record(file());
      await catalog.record(file({ eTag: `${OTHER_FINGERPRINT}-2`, integrity: 'unverified' }));
      await catalog.forget(old);
      expect(await find()).toMatchObject({ eTag: `${OTHER_FINGERPRINT}-2` });
    });

    it('leaves the other files alone, and the same file of another workspace', async () => {
      const stranger = randomUUID() as WorkspaceId;
      const forgotten = await catalog.record(file());
      const kept = { fingerprint: OTHER_FINGERPRINT, objectKey: `${workspaceId}/x/y.jpg` };
      await catalog.record(file({ ...kept, tinyFingerprint: 'kept_2026_1_1_0_0_0' as TinyFingerprint }));
      await catalog.record(mediaFile({ workspaceId: stranger, objectKey: `${stranger}/x/y.jpg` }));
      await catalog.forget(forgotten);
      expect(await find(OTHER_FINGERPRINT)).toBeDefined();
      expect(await findTiny('kept_2026_1_1_0_0_0')).toHaveLength(1);
      expect(await catalog.findByFingerprint(stranger, FINGERPRINT)).toBeDefined();
    });

    it('is undone when the object is there again and reported', async () => {
      const recorded = await catalog.record(file());
      await catalog.forget(recorded);
      await catalog.record(file());
      expect(await find()).toMatchObject({ fileId: recorded.fileId });
      expect(await findTiny(TINY_FINGERPRINT)).toHaveLength(1);
    });

    it('of a file that was never recorded changes nothing', async () => {
      await catalog.forget(file());
      expect(await find()).toBeUndefined();
    });
  });

  describe('tiny fingerprints', () => {
    const tiny = (index: number) =>
      `${String(index).padStart(32, '0')}_2022_8_31_15_16_16` as TinyFingerprint;

    it.each([0, 1, 99, 100, 101, 250])('are told apart when %i are asked for', async (count) => {
      const recorded = Array.from({ length: count }, (_, index) => index).filter((index) => index % 3 === 0);
      await Promise.all(
        recorded.map((index) =>
          catalog.record(file({ tinyFingerprint: tiny(index), objectKey: `${workspaceId}/a/${index}.jpg` })),
        ),
      );
      const asked = Array.from({ length: count }, (_, index) => tiny(index));
      expect((await findTiny(...asked)).sort()).toEqual(recorded.map(tiny));
    });

    it('are told apart among ten thousand', async () => {
      for (const index of [0, 4_999, 9_999]) {
        await catalog.record(
          file({ tinyFingerprint: tiny(index), objectKey: `${workspaceId}/a/${index}.jpg` }),
        );
      }
      const asked = Array.from({ length: 10_000 }, (_, index) => tiny(index));
      expect((await findTiny(...asked)).sort()).toEqual([tiny(0), tiny(4_999), tiny(9_999)]);
    });

    it('may hold anything that a device sends', async () => {
      const odd = [
        '#',
        '__proto__',
        'constructor',
        'WORKSPACE#x',
        '上云',
        ' a b ',
        '🚁',
      ] as TinyFingerprint[];
      await Promise.all(
        odd.map((tinyFingerprint, index) =>
          catalog.record(file({ tinyFingerprint, objectKey: `${workspaceId}/a/${index}.jpg` })),
        ),
      );
      expect((await findTiny(...odd)).sort()).toEqual([...odd].sort());
    });
  });

  describe('a flight', () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const flight = () => catalog.findFlight(workspaceId, 'flight-1');
    const report = (expectedFileCount: number, uploadedFileCount: number, second = 0) =>
      catalog.recordGroupProgress(
        workspaceId,
        'flight-1',
        { expectedFileCount, uploadedFileCount },
        at(second),
      );

    it('is unknown until something is said of it', async () => {
      expect(await flight()).toBeUndefined();
    });

    it.each([
      ['in order', [1, 5, 12]],
      ['backwards', [12, 5, 1]],
      ['mixed', [5, 12, 1]],
    ])('counts only up when messages arrive %s', async (_order, counts) => {
      for (const count of counts) await report(12, count);
      await report(7, 0);
      expect(await flight()).toMatchObject({ expectedFileCount: 12, uploadedFileCount: 12 });
    });

    it('counts only up when messages arrive at once', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, index) => report(20, 20 - index)));
      expect(await flight()).toMatchObject({ expectedFileCount: 20, uploadedFileCount: 20 });
    });

    it('takes one count without the other', async () => {
      await catalog.recordGroupProgress(workspaceId, 'flight-1', { expectedFileCount: 3 }, at(0));
      expect(await flight()).toMatchObject({ expectedFileCount: 3, uploadedFileCount: 0 });
      await catalog.recordGroupProgress(workspaceId, 'flight-1', { uploadedFileCount: 2 }, at(1));
      expect(await flight()).toMatchObject({ expectedFileCount: 3, uploadedFileCount: 2 });
      await catalog.recordGroupProgress(workspaceId, 'flight-1', {}, at(2));
      expect(await flight()).toMatchObject({ expectedFileCount: 3, uploadedFileCount: 2 });
    });

    it('counts its files, each once however often it is reported', async () => {
      for (const name of ['1', '2', '2', '1']) {
        await catalog.record(file({ flightId: 'flight-1', name, objectKey: `${workspaceId}/a/${name}.jpg` }));
      }
      await catalog.record(file({ flightId: 'flight-2', objectKey: `${workspaceId}/a/3.jpg` }));
      expect(await flight()).toMatchObject({ receivedFileCount: 2, expectedFileCount: 0 });
    });

    it('counts a file once that went up twice, since the answer to its first report was lost', async () => {
      for (const attempt of ['first', 'second']) {
        await catalog.record(file({ flightId: 'flight-1', objectKey: `${workspaceId}/${attempt}/1.jpg` }));
      }
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
    });

    it('is complete when all are in, and not before', async () => {
      await report(2, 0);
      await catalog.record(file({ flightId: 'flight-1', name: '1', objectKey: `${workspaceId}/a/1.jpg` }));
      expect(isComplete((await flight()) ?? expect.fail())).toBe(false);
      await catalog.record(file({ flightId: 'flight-1', name: '2', objectKey: `${workspaceId}/a/2.jpg` }));
      expect(isComplete((await flight()) ?? expect.fail())).toBe(true);
    });

    it('has its files in its own workspace', async () => {
      await catalog.record(file({ flightId: 'flight-1' }));
      await report(5, 5);
      expect(await catalog.findFlight(randomUUID() as WorkspaceId, 'flight-1')).toBeUndefined();
    });

    it('remembers the last time that anything was said, not the latest message to arrive', async () => {
      await report(5, 1, 30);
      expect(await flight()).toMatchObject({ lastHeardAt: at(30) });
      await report(5, 2, 20);
      expect(await flight()).toMatchObject({ lastHeardAt: at(30), uploadedFileCount: 2 });
    });

    it('hears a message that says nothing new', async () => {
      await report(5, 1, 10);
      await report(5, 1, 20);
      await report(4, 0, 30);
      expect(await flight()).toMatchObject({
        lastHeardAt: at(30),
        expectedFileCount: 5,
        uploadedFileCount: 1,
      });
    });

    it('hears the report of a file, and its repetition', async () => {
      await catalog.record(file({ flightId: 'flight-1', recordedAt: at(10) }));
      await report(5, 1, 20);
      expect(await flight()).toMatchObject({ lastHeardAt: at(20) });
      await catalog.record(file({ flightId: 'flight-1', recordedAt: at(30) }));
      expect(await flight()).toMatchObject({ lastHeardAt: at(30), receivedFileCount: 1 });
    });

    it('knows the dock that flew it, and has none where Pilot did', async () => {
      await catalog.record(file({ flightId: 'flight-1' }));
      expect(await flight()).not.toHaveProperty('gatewaySn');
      await catalog.record(
        file({
          flightId: 'flight-1',
          objectKey: `${workspaceId}/a/2.jpg`,
          reporter: { kind: 'dock', name: '4TADKAQ000002J' },
        }),
      );
      expect(await flight()).toMatchObject({ gatewaySn: '4TADKAQ000002J' });
    });
  });

  it('keeps failures without listing a file for them', async () => {
    await catalog.recordFailure({
      workspaceId,
      objectKey: file().objectKey,
      result: 500,
      reporter: { kind: 'pilot', name: 'pilot' },
      reportedAt: '2026-01-01T00:00:00.000Z',
      raw: '{}',
    });
    expect(await find()).toBeUndefined();
    expect(await catalog.record(file())).toEqual(file());
  });
});
