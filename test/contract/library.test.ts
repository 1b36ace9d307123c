import { createHash, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import {
  FingerprintUnknownError,
  IntegrityMismatchError,
  ObjectKeyOutsideWorkspaceError,
  ObjectMissingError,
} from '../../functions/core/errors.ts';
import type { Fingerprint, TinyFingerprint } from '../../functions/core/fingerprint.ts';
import { type FlightOwner, flightState } from '../../functions/core/flight.ts';
import { linkExistingFile } from '../../functions/core/link-existing-file.ts';
import { type FileDescription, fileState, type Reporter } from '../../functions/core/media-file.ts';
import { recordUpload, type UploadReport } from '../../functions/core/record-upload.ts';
import { compareHistory, settleHistory } from '../../functions/core/settle-history.ts';
import { takeInArrival } from '../../functions/core/take-in-arrival.ts';
import { verifyVersion } from '../../functions/core/verify-version.ts';
import { watchFlight } from '../../functions/core/watch-flight.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { catalogs } from './catalogs.ts';

/**
 * The rules of the library, with every catalog: the replies to devices, and the entries.
 */

const md5 = (text: string) => createHash('md5').update(text).digest('hex') as Fingerprint;
const BYTES = md5('bytes');
const OTHER = md5('other bytes');
const TINY = `${BYTES}_2022_8_31_15_16_16` as TinyFingerprint;
const FLIGHT = 'flight-1';
const PILOT: Reporter = { kind: 'pilot', name: 'pilot' };
const DOCK: Reporter = { kind: 'dock', name: '4TADKAQ000002J' };

describe.each(catalogs())('a library whose catalog is %s', (_name, open) => {
  let library: InMemoryLibrary;
  let workspaceId: WorkspaceId;
  let key: string;

  beforeEach(() => {
    library = new InMemoryLibrary(open());
    workspaceId = randomUUID() as WorkspaceId;
    key = `${workspaceId}/scope/a/DJI_0001.JPG`;
  });

  const described = (changes: Partial<FileDescription> = {}): FileDescription => ({
    name: 'DJI_0001.JPG',
    fingerprint: BYTES,
    tinyFingerprint: TINY,
    flightId: FLIGHT,
    capture: { capturedAt: '2024-05-16T03:42:07.000Z', absoluteAltitude: 121.5 },
    ...changes,
  });
  const put = (eTag: string = BYTES, objectKey = key) => library.storage.put(objectKey, { eTag });
  const report = (file: Partial<FileDescription> = {}, changes: Partial<UploadReport> = {}) =>
    recordUpload(library, {
      workspaceId,
      objectKey: key,
      result: 0,
      file: described(file),
      reporter: PILOT,
      raw: '{"as":"sent"}',
      ...changes,
    });
  const arrive = async (objectKey = key, versionId?: string) => {
    const history = await library.storage.listHistory(objectKey);
    const item = history.find((one) => versionId === undefined || one.versionId === versionId);
    if (!item?.stored) throw new Error('Nothing was put there');
    const version = { workspaceId, objectKey, versionId: item.versionId, stored: item.stored };
    const outcome = await takeInArrival(library, version, new Date().toISOString());
    if (outcome) await library.events.publish(outcome.events);
    if (outcome?.flight) await watchFlight(library, outcome.flight);
    return outcome?.file;
  };
  const settle = (objectKey = key) => settleHistory(library, workspaceId, objectKey);
  const ask = (file: Partial<FileDescription> = {}, fingerprint = BYTES, reporter = PILOT) =>
    linkExistingFile(library, {
      workspaceId,
      fingerprint,
      asked: fingerprint,
      file: described(file),
      reporter,
      raw: '{"asked":true}',
    });
  const isHit = async (fingerprint = BYTES) =>
    ask({ tinyFingerprint: undefined, flightId: undefined } as never, fingerprint).then(
      () => true,
      (error) => {
        if (error instanceof FingerprintUnknownError) return false;
        throw error;
      },
    );
  const hasTiny = async (tiny: string = TINY) =>
    (await library.catalog.findTinyFingerprints(workspaceId, new Set([tiny as TinyFingerprint]))).size > 0;
  const listed = async (removed = false) =>
    (await library.lists.listFiles(workspaceId, { limit: 100, removed })).items;
  const entries = (objectKey = key) => library.catalog.listByObjectKey(workspaceId, objectKey);
  const flight = (owner?: FlightOwner) => library.catalog.findFlight(workspaceId, FLIGHT, owner);
  const progress = (
    expectedFileCount: number,
    uploadedFileCount: number,
    heardAt = new Date().toISOString(),
  ) =>
    library.catalog.recordProgress(
      { workspaceId, flightId: FLIGHT, owner: 'pilot' },
      { expectedFileCount, uploadedFileCount, heardAt },
    );
  const stateOf = async (now = Date.now()) => {
    const found = await flight();
    return found && flightState(found, now);
  };

  describe('a report of a stored file', () => {
    it('becomes an entry with the fields of device and storage, and the raw message', async () => {
      put();
      await report();
      expect(await listed()).toEqual([
        {
          ...described(),
          fileId: expect.stringMatching(/^[0-9a-f]{48}$/),
          workspaceId,
          objectKey: key,
          versionId: 'v1',
          sizeInBytes: 8_388_608,
          eTag: BYTES,
          md5: BYTES,
          kind: 'photo',
          integrity: 'verified',
          reporter: PILOT,
          reportedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
          raw: '{"as":"sent"}',
        },
      ]);
      expect(await isHit()).toBe(true);
      expect(await hasTiny()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1, receivedInBytes: 8_388_608 });
    });

    it('is one entry for any number of reports and reporters', async () => {
      put();
      await report();
      await report();
      await report({}, { reporter: { kind: 'pilot', name: 'someone else' }, raw: 'later' });
      expect(await listed()).toMatchObject([{ reporter: { name: 'pilot' }, raw: '{"as":"sent"}' }]);
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
    });

    it('adds fields that an earlier report of the file did not have', async () => {
      put();
      await report({ flightId: undefined, tinyFingerprint: undefined } as never);
      expect(await hasTiny()).toBe(false);
      await report();
      expect(await listed()).toMatchObject([{ flightId: FLIGHT, tinyFingerprint: TINY }]);
      expect(await hasTiny()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
    });

    it('keeps zero, false and negative numbers', async () => {
      put();
      const capture = { absoluteAltitude: 0, relativeAltitude: -3.25, gimbalYawDegree: -0.5 };
      await report({ capture, isOriginal: false, subFileType: 0 });
      expect(await listed()).toMatchObject([{ capture, isOriginal: false, subFileType: 0 }]);
    });

    it('under another name is another entry for the same version', async () => {
      put();
      await report();
      await report({ name: 'renamed.JPG' });
      expect((await listed()).map(({ name }) => name).sort()).toEqual(['DJI_0001.JPG', 'renamed.JPG']);
    });

    it("is verified without a fingerprint, by S3's MD5", async () => {
      put();
      await report({ fingerprint: undefined } as never, { reporter: DOCK });
      expect(await listed()).toMatchObject([{ md5: BYTES, integrity: 'verified' }]);
      expect(await isHit()).toBe(true);
    });

    it('is refused outside the workspace, and writes nothing', async () => {
      const foreign = `${randomUUID()}/a/b.jpg`;
      library.storage.put(foreign, { eTag: BYTES });
      await expect(report({}, { objectKey: foreign })).rejects.toThrow(ObjectKeyOutsideWorkspaceError);
      await expect(report({}, { objectKey: foreign, result: 1 })).rejects.toThrow(
        ObjectKeyOutsideWorkspaceError,
      );
      expect(await listed()).toEqual([]);
    });

    it('is refused while the object is missing, and acknowledged when it is there', async () => {
      await expect(report()).rejects.toThrow(ObjectMissingError);
      expect(await listed()).toEqual([]);
      expect(library.published).toMatchObject([
        { type: 'UploadRefused', detail: { reason: 'object-missing' } },
      ]);
      put();
      await report();
      expect(await listed()).toHaveLength(1);
    });

    it('does not count as a missing object while storage fails', async () => {
      library.storage.failure = new Error('SlowDown');
      await expect(report()).rejects.toThrow('SlowDown');
      library.storage.failure = undefined;
      expect(await listed()).toEqual([]);
    });

    it('is refused even when the event about it cannot be sent', async () => {
      library.eventFailure = new Error('bus down');
      await expect(report()).rejects.toThrow(ObjectMissingError);
    });
  });

  describe('a report of a failed upload', () => {
    it('lists nothing, sends no request to storage, and is kept once for an object key', async () => {
      library.storage.failure = new Error('must not be asked');
      await report({}, { result: 500 });
      await report({}, { result: -1 });
      expect(await listed()).toEqual([]);
      expect(await entries()).toEqual([]);
    });
  });

  describe('bytes with another fingerprint', () => {
    it('are kept as a mismatch and refused, and are no hit', async () => {
      put();
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      expect(await listed()).toMatchObject([{ integrity: 'mismatch', refusal: { fingerprint: OTHER } }]);
      expect(await isHit(OTHER)).toBe(false);
      expect(await isHit()).toBe(false);
      expect(await hasTiny()).toBe(false);
      expect(await flight()).toBeUndefined();
      expect(library.told).toEqual(['UploadRefused', 'UploadRefused']);
    });

    it('are acknowledged with the right fingerprint', async () => {
      put();
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      await report();
      expect(await listed()).toMatchObject([{ integrity: 'verified', fingerprint: BYTES }]);
      expect(await isHit()).toBe(true);
    });

    it('do not change a verified entry', async () => {
      put();
      await report();
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      expect(await listed()).toMatchObject([{ integrity: 'verified', fingerprint: BYTES }]);
      expect(await isHit()).toBe(true);
    });
  });

  describe('two files under one key', () => {
    it('are two entries, and each report finds its own version', async () => {
      const first = put(BYTES);
      const second = put(OTHER);
      await report({ fingerprint: BYTES });
      await report({ fingerprint: OTHER, tinyFingerprint: `${OTHER}_2022_8_31_15_16_17` as TinyFingerprint });
      const versions = (await listed()).map(({ versionId, md5: bytes }) => [versionId, bytes]);
      expect(versions.sort()).toEqual([
        [first.versionId, BYTES],
        [second.versionId, OTHER],
      ]);
      expect(await isHit()).toBe(true);
      expect(await isHit(OTHER)).toBe(true);
    });

    it('that are uploads in parts are distinguished after they were read', async () => {
      const first = put('aaaa-2');
      const second = put('bbbb-2');
      library.storage.bytes.set(first.versionId, Buffer.from('bytes'));
      library.storage.bytes.set(second.versionId, Buffer.from('other bytes'));
      // The current version takes the report: nobody knows better yet.
      await report({ fingerprint: BYTES });
      await arrive(key, first.versionId);
      await arrive(key, second.versionId);
      for (const { versionId } of [second, first]) {
        await verifyVersion(library, { workspaceId, objectKey: key, versionId }, AbortSignal.timeout(5000));
      }
      const found = await entries();
      expect(found.find(({ versionId }) => versionId === first.versionId)).toMatchObject({
        integrity: 'verified',
        md5: BYTES,
        reporter: PILOT,
      });
      expect(found.find(({ versionId }) => versionId === second.versionId)).toMatchObject({ md5: OTHER });
      expect(await isHit()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1, missing: [] });
    });
  });

  describe('an upload in parts', () => {
    const verify = (versionId = 'v1', signal = AbortSignal.timeout(5000)) =>
      verifyVersion(library, { workspaceId, objectKey: key, versionId }, signal);

    it('is acknowledged, and no hit until its bytes were read', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('bytes'));
      await report();
      expect(await listed()).toMatchObject([{ integrity: 'unverified' }]);
      expect(await isHit()).toBe(false);
      expect(await hasTiny()).toBe(false);
      expect(library.digestRequests).toEqual([{ workspaceId, objectKey: key, versionId: 'v1' }]);
      await arrive();
      expect(library.digestRequests).toHaveLength(1);
      expect(await verify()).toBe('verified');
      expect(await isHit()).toBe(true);
      expect(await hasTiny()).toBe(true);
      expect(library.told).toContain('FileVerified');
    });

    it('with the fingerprint of another file is a mismatch, missing in its flight, and no hit', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('evil'));
      await report();
      await progress(1, 1);
      await arrive();
      expect(await stateOf()).toBe('complete');
      expect(await verify()).toBe('mismatch');
      expect(await listed()).toMatchObject([{ integrity: 'mismatch' }]);
      expect(await isHit()).toBe(false);
      expect(await hasTiny()).toBe(false);
      expect(await flight()).toMatchObject({
        receivedFileCount: 0,
        missing: [{ name: 'DJI_0001.JPG', reason: 'mismatch' }],
      });
      expect(await stateOf()).toBe('reported-complete');
    });

    it('gets the fingerprint that a dock does not send', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('bytes'));
      await report({ fingerprint: undefined } as never, { reporter: DOCK });
      await arrive();
      await verify();
      expect(await listed()).toMatchObject([{ md5: BYTES, integrity: 'verified' }]);
      expect(await isHit()).toBe(true);
    });

    it('that takes too long to read stays unverified, with the reason', async () => {
      put('cccc-2');
      await report();
      await arrive();
      expect(await verify('v1', AbortSignal.abort())).toBe('too-slow');
      expect(await listed()).toMatchObject([
        { integrity: 'unverified', unverifiedBecause: expect.stringContaining('too large') },
      ]);
      expect(await isHit()).toBe(false);
    });

    it('cannot be two files: the second of two fingerprints is refused', async () => {
      put('cccc-2');
      await report();
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      expect(await listed()).toMatchObject([{ fingerprint: BYTES, integrity: 'unverified' }]);
    });

    it('that was read before its report is refused with another fingerprint', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('bytes'));
      await arrive();
      await verify();
      await expect(report({ fingerprint: OTHER })).rejects.toThrow(IntegrityMismatchError);
      await report();
      expect(await listed()).toMatchObject([{ fingerprint: BYTES, integrity: 'verified' }]);
    });
  });

  describe('the notification of the bucket', () => {
    it('makes an entry without a report: arriving at first, unreported after 15 minutes', async () => {
      put();
      const file = await arrive();
      const [entry] = await listed();
      expect(entry).toMatchObject({ name: 'DJI_0001.JPG', integrity: 'verified', fileId: file?.fileId });
      const arrivedAt = Date.parse(entry?.arrivedAt ?? '');
      expect(entry && fileState(entry, arrivedAt + 60_000)).toBe('arriving');
      expect(entry && fileState(entry, arrivedAt + 16 * 60_000)).toBe('unreported');
      expect(library.told).toEqual([]);
    });

    it.each(['report first', 'notification first'])('merges with the report: %s', async (order) => {
      put();
      if (order === 'report first') await report();
      await arrive();
      if (order !== 'report first') await report();
      await arrive();
      expect(await listed()).toMatchObject([
        { ...described(), reporter: PILOT, integrity: 'verified', eTag: BYTES },
      ]);
      expect(await isHit()).toBe(true);
      expect(library.told).toContain('FileRecorded');
    });

    it('repairs a report whose claims were lost in a crash', async () => {
      put();
      await report();
      const [entry] = await listed();
      if (entry) await library.catalog.releaseClaims(entry);
      expect(await isHit()).toBe(false);
      await arrive();
      expect(await isHit()).toBe(true);
    });

    it('of other objects, or of removed ones, makes no listed entry', async () => {
      const { versionId, ...stored } = put();
      library.storage.destroy(key, versionId);
      const version = { workspaceId, objectKey: key, versionId, stored: { ...stored, versionId } };
      expect(await takeInArrival(library, version, new Date().toISOString())).toBeUndefined();
      expect(await listed()).toEqual([]);
      expect(await isHit()).toBe(false);
    });
  });

  describe('a file that was uploaded twice', () => {
    const again = () => `${workspaceId}/scope/b/DJI_0001.JPG`;
    /** What others do once somebody has looked who speaks for the bytes, and before the look is of use. */
    const afterFirstLook = (others: () => Promise<void>): void => {
      const { catalog } = library;
      const look = catalog.findByFingerprint.bind(catalog);
      const looking = vi.spyOn(catalog, 'findByFingerprint');
      looking.mockImplementationOnce(async (...asked) => {
        const seen = await look(...asked);
        await others();
        return seen;
      });
    };

    it('is one entry, and the other version is its spare', async () => {
      put();
      put(BYTES, again());
      await report();
      await report({}, { objectKey: again() });
      expect(await listed()).toHaveLength(1);
      const [standing] = await entries();
      expect(await entries(again())).toMatchObject([{ surplusOf: standing?.fileId }]);
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
    });

    it('is one entry when both reports come at once', async () => {
      const keys = Array.from({ length: 6 }, (_, index) => `${workspaceId}/scope/${index}/DJI_0001.JPG`);
      for (const objectKey of keys) put(BYTES, objectKey);
      await Promise.all(keys.map((objectKey) => report({}, { objectKey })));
      for (const objectKey of keys) await arrive(objectKey);
      expect(await listed()).toHaveLength(1);
    });

    it.each(['report', 'lost upload'])(
      'stands once when the first report was lost and the %s is taken in first',
      async (first) => {
        put();
        put(BYTES, again());
        if (first === 'lost upload') await arrive();
        await report({}, { objectKey: again() });
        if (first === 'report') await arrive();
        await arrive(again());
        expect(await listed()).toMatchObject([{ objectKey: again(), reporter: PILOT }]);
      },
    );

    it('is replaced by its spare when its own bytes are removed', async () => {
      put();
      put(BYTES, again());
      await report();
      await report({}, { objectKey: again() });
      library.storage.destroy(key, 'v1');
      await settle();
      expect(await listed()).toMatchObject([{ objectKey: again(), name: 'DJI_0001.JPG', reporter: PILOT }]);
      expect(await isHit()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1, missing: [] });
    });

    it('under another path is two files', async () => {
      put();
      put(BYTES, again());
      await report({ path: 'wayline-1' });
      await report({ path: 'wayline-2' }, { objectKey: again() });
      expect(await listed()).toHaveLength(2);
    });

    it('is one entry when both reports were lost and fast-upload finds it', async () => {
      put();
      put(BYTES, again());
      await arrive();
      await arrive(again());
      await ask();
      expect(await listed()).toMatchObject([{ reporter: PILOT }]);
    });

    it('is one entry when one arrives during a fast-upload of the other', async () => {
      put();
      await arrive();
      afterFirstLook(async () => {
        put(BYTES, again());
        await arrive(again());
      });
      await ask();
      expect(await listed()).toMatchObject([{ reporter: PILOT }]);
    });

    it('is one entry when one is reported while the unreported one is processed', async () => {
      put();
      afterFirstLook(async () => {
        put(BYTES, again());
        await report({}, { objectKey: again() });
        await arrive(again());
      });
      await arrive();
      expect(await listed()).toMatchObject([{ objectKey: again(), reporter: PILOT }]);
    });

    it.each(['reported one', 'lost one'])(
      'stands once when it came in parts and the %s is read first',
      async (first) => {
        for (const objectKey of [key, again()])
          library.storage.bytes.set(put('cccc-2', objectKey).versionId, Buffer.from('bytes'));
        await report({ fingerprint: undefined } as never, { objectKey: again(), reporter: DOCK });
        for (const objectKey of [key, again()]) await arrive(objectKey);
        const order = first === 'lost one' ? [key, again()] : [again(), key];
        for (const objectKey of order) {
          const [entry] = await entries(objectKey);
          if (entry) await verifyVersion(library, entry, AbortSignal.timeout(5000));
        }
        expect(await listed()).toMatchObject([{ objectKey: again(), reporter: DOCK }]);
      },
    );

    it('is listed under its own path when it is reported after it became a spare', async () => {
      put();
      await report({ path: 'wayline-1' });
      put(BYTES, again());
      await arrive(again());
      await report({ path: 'wayline-2' }, { objectKey: again() });
      const files = await listed();
      expect(files.map(({ path, surplusOf }) => [path, surplusOf]).sort()).toEqual([
        ['wayline-1', undefined],
        ['wayline-2', undefined],
      ]);
    });

    it('is one entry when the unreported version is removed and restored', async () => {
      put();
      await arrive();
      const marker = library.storage.hide(key);
      await settle();
      put(BYTES, again());
      await report({}, { objectKey: again() });
      library.storage.destroy(key, marker);
      await settle();
      expect(await listed()).toMatchObject([{ objectKey: again(), reporter: PILOT }]);
    });

    it.each(['first', 'second'])(
      'stands once when no report came, and the %s arrives first',
      async (order) => {
        put();
        put(BYTES, again());
        for (const objectKey of order === 'first' ? [key, again()] : [again(), key]) await arrive(objectKey);
        expect(await listed()).toHaveLength(1);
        expect(await isHit()).toBe(true);
      },
    );

    it('is one entry when both arrive at the same time', async () => {
      put();
      afterFirstLook(async () => {
        put(BYTES, again());
        await arrive(again());
      });
      await arrive();
      expect(await listed()).toHaveLength(1);
      expect(await isHit()).toBe(true);
    });

    it('is two files without reports when the folders differ', async () => {
      const other = `${workspaceId}/scope/b/100MEDIA/DJI_0001.JPG`;
      put();
      put(BYTES, other);
      await arrive();
      await arrive(other);
      expect(await listed()).toHaveLength(2);
    });

    it('is two files without reports when the keys are not below prefixes of credentials', async () => {
      const others = [`${workspaceId}/DJI_0001.JPG`, `${workspaceId}/old/DJI_0001.JPG`];
      for (const objectKey of others) {
        put(BYTES, objectKey);
        await arrive(objectKey);
      }
      expect(await listed()).toHaveLength(2);
    });

    it('has the reported version as its entry, and each other one replaces it', async () => {
      const keys = [key, again(), `${workspaceId}/scope/c/DJI_0001.JPG`];
      for (const objectKey of keys) {
        put(BYTES, objectKey);
        await arrive(objectKey);
      }
      for (const objectKey of keys) {
        await report({}, { objectKey });
        expect(await listed()).toMatchObject([{ reporter: PILOT }]);
      }
      for (const left of [1, 1, 0]) {
        const [standing] = await listed();
        if (!standing) throw new Error('It is in no list');
        library.storage.hide(standing.objectKey);
        await settle(standing.objectKey);
        expect(await listed()).toHaveLength(left);
        expect(await isHit()).toBe(left === 1);
      }
    });

    it('is one entry after a crash while the spare was marked', async () => {
      put();
      await arrive();
      put(BYTES, again());
      await report({}, { objectKey: again() });
      vi.spyOn(library.catalog, 'setSurplus').mockRejectedValueOnce(new Error('cut off'));
      await expect(arrive(again())).rejects.toThrow('cut off');
      await arrive(again());
      expect(await listed()).toMatchObject([{ objectKey: again() }]);
    });

    it('is listed under its own path when it is reported while it becomes a spare', async () => {
      put();
      await arrive();
      put(BYTES, again());
      await report({ path: 'wayline-2' }, { objectKey: again() });
      const find = library.catalog.findFile.bind(library.catalog);
      vi.spyOn(library.catalog, 'findFile').mockImplementation(async (workspace, fileId) => {
        const file = await find(workspace, fileId);
        if (file?.objectKey === key && file.reportedAt === undefined) await report({ path: 'wayline-1' });
        return file;
      });
      await arrive(again());
      expect((await listed()).map(({ path }) => path).sort()).toEqual(['wayline-1', 'wayline-2']);
      expect((await library.catalog.findByFingerprint(workspaceId, BYTES)).length).toBe(2);
    });

    it('is one entry when it is linked from another name while it arrives', async () => {
      const other = `${workspaceId}/scope/c/DJI_0009.JPG`;
      put(BYTES, other);
      await report({ name: 'DJI_0009.JPG' }, { objectKey: other });
      put();
      const claim = library.catalog.claimFingerprint.bind(library.catalog);
      vi.spyOn(library.catalog, 'claimFingerprint').mockImplementationOnce(async (file) => {
        await arrive();
        return await claim(file);
      });
      await ask();
      expect((await listed()).map(({ name }) => name).sort()).toEqual(['DJI_0001.JPG', 'DJI_0009.JPG']);
    });

    it('is one entry when the notification of the spare is repeated', async () => {
      put();
      await arrive();
      put(BYTES, again());
      await report({}, { objectKey: again() });
      await arrive(again());
      await arrive();
      expect(await listed()).toMatchObject([{ objectKey: again() }]);
    });

    it('is one entry when the spare is removed and restored', async () => {
      put();
      await report();
      put(BYTES, again());
      await report({}, { objectKey: again() });
      const marker = library.storage.hide(again());
      await settle(again());
      library.storage.destroy(again(), marker);
      await settle(again());
      expect(await listed()).toMatchObject([{ objectKey: key }]);
      expect(await listed(true)).toEqual([]);
    });

    it('has the fields of both reports', async () => {
      put();
      put(BYTES, again());
      await report({ flightId: undefined } as never);
      await report({}, { objectKey: again() });
      expect(await listed()).toMatchObject([{ objectKey: key, flightId: FLIGHT }]);
    });
  });

  describe('fast-upload', () => {
    it('is a miss for unknown bytes, for text that is no MD5, and for bytes of another workspace', async () => {
      put();
      await report();
      expect(await isHit(OTHER)).toBe(false);
      expect(await isHit('unknown' as Fingerprint)).toBe(false);
      workspaceId = randomUUID() as WorkspaceId;
      expect(await isHit()).toBe(false);
    });

    it('adds no entry for the same name and path', async () => {
      put();
      await report();
      expect(await ask()).toMatchObject({ objectKey: key });
      expect(await listed()).toHaveLength(1);
    });

    it('records flight and tiny fingerprint for the same name and path', async () => {
      put();
      await report({ flightId: undefined, tinyFingerprint: undefined } as never);
      await ask();
      expect(await hasTiny()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
      expect(await listed()).toMatchObject([{ flightId: FLIGHT }]);
    });

    it('counts a file for a second flight too', async () => {
      put();
      await report({ flightId: 'flight-0' });
      await ask();
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
      expect(await library.catalog.findFlight(workspaceId, 'flight-0')).toMatchObject({
        receivedFileCount: 1,
      });
    });

    it('adds one entry for another name or path', async () => {
      put();
      await report();
      await ask({ name: 'copy.JPG' });
      await ask({ name: 'copy.JPG' });
      await ask({ path: 'elsewhere' });
      const files = await listed();
      expect(files.map(({ name, path }) => [name, path]).sort()).toEqual([
        ['DJI_0001.JPG', undefined],
        ['DJI_0001.JPG', 'elsewhere'],
        ['copy.JPG', undefined],
      ]);
      expect(new Set(files.map(({ versionId }) => versionId)).size).toBe(1);
    });

    it('reports an unreported upload', async () => {
      put();
      await arrive();
      await ask({ path: 'wayline' });
      expect(await listed()).toMatchObject([
        { objectKey: key, path: 'wayline', reporter: PILOT, flightId: FLIGHT },
      ]);
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
    });

    it('is a miss for a removed object, and deletes the claims', async () => {
      put();
      await report();
      library.storage.hide(key);
      expect(await isHit()).toBe(false);
      expect(await hasTiny()).toBe(false);
    });

    it('is a hit for a version that is not the current one', async () => {
      put();
      await report();
      put(OTHER);
      expect(await isHit()).toBe(true);
    });

    it('is no miss while storage fails', async () => {
      put();
      await report();
      library.storage.failure = new Error('SlowDown');
      await expect(isHit()).rejects.toThrow('SlowDown');
      library.storage.failure = undefined;
      expect(await isHit()).toBe(true);
    });
  });

  describe('a removed version', () => {
    it('is no hit, is only in the list of removed files, and is missing in its flight', async () => {
      put();
      await report();
      await ask({ name: 'copy.JPG' });
      library.storage.hide(key);
      await settle();
      expect(await listed()).toEqual([]);
      expect((await listed(true)).map(({ name }) => name).sort()).toEqual(['DJI_0001.JPG', 'copy.JPG']);
      expect(await isHit()).toBe(false);
      expect(await hasTiny()).toBe(false);
      expect(await flight()).toMatchObject({ receivedFileCount: 0 });
      expect((await settle()).removed).toEqual([]);
    });

    it('is restored when the delete marker is deleted', async () => {
      put();
      await report();
      const marker = library.storage.hide(key);
      await settle();
      library.storage.destroy(key, marker);
      expect((await settle()).restored).toHaveLength(1);
      expect(await listed()).toMatchObject([{ integrity: 'verified' }]);
      expect(await isHit()).toBe(true);
      expect(await hasTiny()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1, missing: [] });
    });

    it('stays removed when another file is uploaded over the delete marker', async () => {
      put();
      await report();
      library.storage.hide(key);
      await settle();
      put(OTHER);
      await settle();
      expect(await isHit()).toBe(false);
      expect(await listed()).toMatchObject([{ md5: OTHER }]);
    });

    it('leaves the tiny fingerprint to the same bytes under another path', async () => {
      const other = `${workspaceId}/scope/b/DJI_0001.JPG`;
      put();
      await report({ path: 'wayline-1' });
      put(BYTES, other);
      await report({ path: 'wayline-2' }, { objectKey: other });
      library.storage.hide(other);
      await settle(other);
      expect(await hasTiny()).toBe(true);
      library.storage.hide(key);
      await settle();
      expect(await hasTiny()).toBe(false);
    });

    it('leaves the tiny fingerprint to the next upload, even when its own notification is late', async () => {
      const again = `${workspaceId}/scope/b/DJI_0001.JPG`;
      put();
      await report();
      library.storage.hide(key);
      expect(await isHit()).toBe(false);
      put(BYTES, again);
      await report({}, { objectKey: again });
      await arrive(key, 'v1');
      await settle();
      expect(await listed()).toMatchObject([{ objectKey: again }]);
      expect(await isHit()).toBe(true);
      expect(await hasTiny()).toBe(true);
    });

    it('is not marked while storage fails', async () => {
      put();
      await report();
      library.storage.failure = new Error('SlowDown');
      await expect(settle()).rejects.toThrow('SlowDown');
      library.storage.failure = undefined;
      expect(await isHit()).toBe(true);
    });
  });

  describe('a report that was interrupted between the entry and its flight', () => {
    const cutOff = async (reporter = PILOT) => {
      const counting = vi.spyOn(library.catalog, 'countToFlight').mockRejectedValueOnce(new Error('cut off'));
      await expect(report({}, { reporter })).rejects.toThrow('cut off');
      counting.mockRestore();
      expect((await flight())?.receivedFileCount ?? 0).toBe(0);
    };

    it('is completed by fast-upload', async () => {
      put();
      await arrive();
      await cutOff();
      await ask();
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
      expect(await hasTiny()).toBe(true);
    });

    it('is completed by the notification, before the file is a hit', async () => {
      put();
      await cutOff();
      expect(await isHit()).toBe(false);
      await arrive();
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
      expect(await isHit()).toBe(true);
    });

    it('is completed after the bytes of an upload in parts were read', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('bytes'));
      await arrive();
      await cutOff();
      const version = { workspaceId, objectKey: key, versionId: 'v1' };
      await verifyVersion(library, version, AbortSignal.timeout(5000));
      expect(await flight()).toMatchObject({ receivedFileCount: 1 });
      expect(await isHit()).toBe(true);
    });
  });

  describe('reading bytes that was interrupted', () => {
    const version = () => ({ workspaceId, objectKey: key, versionId: 'v1' });
    const read = () => verifyVersion(library, version(), AbortSignal.timeout(5000));
    const cutOff = async () => {
      vi.spyOn(library.catalog, 'claimFingerprint').mockRejectedValueOnce(new Error('cut off'));
      await expect(read()).rejects.toThrow('cut off');
    };

    it('still makes the file a hit, and sends the event', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('bytes'));
      await arrive();
      await cutOff();
      expect(await isHit()).toBe(false);
      expect(await read()).toBe('verified');
      expect(await isHit()).toBe(true);
      expect(library.published).toContainEqual(expect.objectContaining({ type: 'FileVerified' }));
    });

    it('still counts a mismatch as missing', async () => {
      library.storage.bytes.set(put('cccc-2').versionId, Buffer.from('other'));
      await report();
      const counting = vi.spyOn(library.catalog, 'countToFlight').mockRejectedValueOnce(new Error('cut off'));
      await expect(read()).rejects.toThrow('cut off');
      counting.mockRestore();
      expect(await read()).toBe('mismatch');
      expect(await flight()).toMatchObject({ receivedFileCount: 0 });
    });
  });

  describe('correcting an object key', () => {
    it.each(['the entries', 'the history'])(
      'leaves alone what is put and reported while it reads %s',
      async (first) => {
        put();
        await report();
        library.storage.hide(key);
        const file = { fingerprint: OTHER, tinyFingerprint: undefined } as never;
        const meanwhile = async () => {
          put(OTHER);
          await report(file);
        };
        const { catalog, storage } = library;
        const { listByObjectKey } = catalog;
        const { listHistory } = storage;
        if (first === 'the entries') {
          vi.spyOn(catalog, 'listByObjectKey').mockImplementationOnce(async (...asked) => {
            const found = await listByObjectKey.apply(catalog, asked);
            await meanwhile();
            return found;
          });
        } else {
          vi.spyOn(storage, 'listHistory').mockImplementationOnce(async (...asked) => {
            const found = await listHistory.apply(storage, asked);
            await meanwhile();
            return found;
          });
        }
        await settle();
        expect(await listed()).toMatchObject([{ md5: OTHER }]);
        expect(await isHit(OTHER)).toBe(true);
      },
    );

    it('compares again after a change, since an earlier correction may have found no difference', async () => {
      put();
      await report();
      const marker = library.storage.hide(key);
      const { catalog } = library;
      const { setRemoved } = catalog;
      vi.spyOn(catalog, 'setRemoved').mockImplementationOnce(async (...asked) => {
        library.storage.destroy(key, marker);
        expect(await settle()).toMatchObject({ removed: [], restored: [] });
        return setRemoved.apply(catalog, asked);
      });
      await settle();
      expect(await listed()).toMatchObject([{ md5: BYTES }]);
      expect(await isHit()).toBe(true);
      expect(await flight()).toMatchObject({ receivedFileCount: 1, missing: [] });
    });

    it('finds versions without an entry, and reports them in a dry run', async () => {
      put();
      put(OTHER);
      const dry = await compareHistory(library, workspaceId, key);
      expect(dry.added).toHaveLength(2);
      expect(await listed()).toEqual([]);
      await settle();
      expect(await listed()).toHaveLength(2);
      expect((await settle()).added).toEqual([]);
    });
  });

  describe('a flight', () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
    const upload = async (index: number, reporter = PILOT) => {
      const bytes = md5(String(index));
      const objectKey = `${workspaceId}/scope/${index}/DJI_${index}.JPG`;
      put(bytes, objectKey);
      const file = { name: `DJI_${index}.JPG`, fingerprint: bytes, tinyFingerprint: undefined } as never;
      await report(file, { objectKey, reporter });
      await arrive(objectKey);
    };

    it('is unknown before the first message', async () => {
      expect(await flight()).toBeUndefined();
    });

    it.each([
      [3, 3],
      [3, 999_999],
    ])(
      'of %i files is not complete because the device reports %i as uploaded',
      async (expected, uploaded) => {
        await progress(expected, uploaded);
        expect(await stateOf()).toBe('reported-complete');
        expect(await flight()).toMatchObject({ expectedFileCount: expected, receivedFileCount: 0 });
      },
    );

    it('is complete by its files, with or without the last message', async () => {
      await progress(2, 1);
      await upload(1);
      expect(await stateOf()).toBe('uploading');
      await upload(2);
      expect(await stateOf()).toBe('complete');
    });

    it('accepts a lower expected count', async () => {
      await progress(5, 2, at(1));
      await upload(1);
      await upload(2);
      await progress(2, 2, at(2));
      expect(await stateOf()).toBe('complete');
    });

    it('never decreases its uploaded count, in any order of messages', async () => {
      await progress(12, 12, at(1));
      await progress(12, 5, at(2));
      expect(await flight()).toMatchObject({ expectedFileCount: 12, uploadedFileCount: 12 });
    });

    it('has the time of the latest message', async () => {
      await progress(5, 1, at(30));
      await progress(7, 2, at(20));
      expect(await flight()).toMatchObject({ lastHeardAt: at(30), expectedFileCount: 5 });
    });

    it('is stalled after 15 minutes without messages', async () => {
      await progress(5, 1, at(0));
      expect(await stateOf(Date.parse(at(0)) + 14 * 60_000)).toBe('uploading');
      expect(await stateOf(Date.parse(at(0)) + 15 * 60_000)).toBe('stalled');
    });

    it('without an expected count is complete after a time without messages', async () => {
      await upload(1);
      expect(await stateOf()).toBe('uploading');
      expect(await stateOf(Date.now() + 16 * 60_000)).toBe('complete');
    });

    it("of a dock is not Pilot's flight with the same id", async () => {
      await upload(1);
      await upload(2, DOCK);
      expect(await flight()).toMatchObject({ owner: 'pilot', receivedFileCount: 1 });
      expect(await flight('dock')).toMatchObject({ receivedFileCount: 1 });
    });

    it('is finished by two docks that share it', async () => {
      await upload(1, DOCK);
      await upload(2, { kind: 'dock', name: 'OTHERDOCK' });
      expect(await flight()).toMatchObject({ owner: 'dock', receivedFileCount: 2, gatewaySn: 'OTHERDOCK' });
    });

    it('sends one event for each change of its state, with both counts', async () => {
      await progress(2, 1);
      await upload(1);
      await upload(2);
      await arrive(`${workspaceId}/scope/2/DJI_2.JPG`);
      const changes = library.published.filter(({ type }) => type === 'FlightStateChanged');
      expect(changes.map(({ detail }) => detail)).toMatchObject([
        { state: 'uploading', expected_file_count: 2, received_file_count: 1 },
        {
          state: 'complete',
          previous_state: 'uploading',
          received_file_count: 2,
          received_bytes: 16_777_216,
        },
      ]);
    });

    it('sends an event when its last file belongs to another flight too', async () => {
      put();
      await report({ flightId: 'flight-0' });
      await arrive();
      const again = `${workspaceId}/scope/b/DJI_0001.JPG`;
      put(BYTES, again);
      await arrive(again);
      await progress(1, 1);
      await report({}, { objectKey: again });
      expect(library.published.at(-1)).toMatchObject({
        type: 'FlightStateChanged',
        detail: { flight_id: FLIGHT, state: 'complete' },
      });
    });

    it('sends an event for a reported file of another flight, when the notification is late', async () => {
      put();
      await report({ flightId: 'flight-0' });
      await progress(1, 1);
      await report();
      await arrive();
      expect(library.published).toContainEqual(
        expect.objectContaining({
          type: 'FlightStateChanged',
          detail: expect.objectContaining({ flight_id: FLIGHT, state: 'complete' }),
        }),
      );
    });

    it('keeps the latest state when two calls check it at the same time', async () => {
      await progress(2, 1);
      await upload(1);
      const uploading = await flight();
      if (!uploading) throw new Error('no flight');
      await upload(2);
      expect(await flight()).toMatchObject({ announcedState: 'complete' });
      // One that saw it before the second file, and before anybody had told of it, goes on now.
      const { announcedState: _none, ...early } = uploading;
      vi.spyOn(library.catalog, 'findFlight').mockResolvedValueOnce(early);
      await watchFlight(library, early);
      expect(await flight()).toMatchObject({ announcedState: 'complete' });
    });

    it('is checked after a time without messages, by one message at a time', async () => {
      await progress(3, 1);
      await upload(1);
      await upload(2);
      expect(library.looks).toHaveLength(1);
      expect(library.looks[0]?.delayInSeconds).toBeLessThanOrEqual(900);
      const found = await flight();
      if (!found) throw new Error('no flight');
      await watchFlight(library, found, Date.now() + 20 * 60_000);
      expect(library.published.at(-1)).toMatchObject({ detail: { state: 'stalled' } });
      expect(library.looks).toHaveLength(1);
    });

    it('sends its state again when the record of it was lost', async () => {
      library.eventFailure = new Error('bus down');
      await expect(upload(1)).rejects.toThrow('bus down');
      library.eventFailure = undefined;
      await arrive(`${workspaceId}/scope/1/DJI_1.JPG`);
      expect(library.told).toEqual(['FileRecorded', 'FlightStateChanged']);
    });
  });

  it('is listed in pages, the newest first', async () => {
    for (const day of [3, 1, 2]) {
      const objectKey = `${workspaceId}/scope/${day}/${day}.JPG`;
      put(md5(`day ${day}`), objectKey);
      const capture = { capturedAt: `2026-01-0${day}T00:00:00.000Z` };
      await report(
        { name: `${day}.JPG`, fingerprint: md5(`day ${day}`), tinyFingerprint: undefined, capture } as never,
        { objectKey },
      );
    }
    const first = await library.lists.listFiles(workspaceId, { limit: 2 });
    expect(first.items.map(({ name }) => name)).toEqual(['3.JPG', '2.JPG']);
    const second = await library.lists.listFiles(workspaceId, { limit: 2, cursor: first.cursor });
    expect(second.items.map(({ name }) => name)).toEqual(['1.JPG']);
  });
});
