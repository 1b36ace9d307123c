import { beforeEach, describe, expect, it } from 'vitest';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { InMemoryObjectStorage } from '../../fakes/in-memory-object-storage.ts';
import {
  IntegrityMismatchError,
  ObjectKeyOutsideWorkspaceError,
  ObjectMissingError,
} from '../../functions/core/errors.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { recordUpload, type UploadReport } from '../../functions/core/record-upload.ts';
import {
  FINGERPRINT,
  FOREIGN_WORKSPACE,
  OTHER_FINGERPRINT,
  storedObject,
  TINY_FINGERPRINT,
  WORKSPACE,
} from '../fixtures/library.ts';

const OBJECT_KEY = `${WORKSPACE}/a1b2/c3d4/DJI_0001.JPG`;
const FLIGHT = '6f1d6b39-4a0e-49f1-9b2c-0b5a7ddc1e51';

const report = (changes: Partial<UploadReport> = {}): UploadReport => ({
  workspaceId: WORKSPACE,
  objectKey: OBJECT_KEY,
  result: 0,
  file: {
    name: 'DJI_0001.JPG',
    fingerprint: FINGERPRINT,
    tinyFingerprint: TINY_FINGERPRINT,
    flightId: FLIGHT,
    capture: { absoluteAltitude: 121.5 },
  },
  reporter: { kind: 'pilot', name: 'pilot' },
  raw: '{"as":"sent","unknown":[1]}',
  ...changes,
});

let catalog: InMemoryMediaCatalog;
let storage: InMemoryObjectStorage;
const recordedFiles = () => [...catalog.files.values()];

beforeEach(() => {
  catalog = new InMemoryMediaCatalog();
  storage = new InMemoryObjectStorage();
  storage.objects.set(OBJECT_KEY, storedObject());
});

const submit = (changes?: Partial<UploadReport>) => recordUpload({ catalog, storage }, report(changes));

async function expectNothingWritten() {
  expect(catalog.files.size).toBe(0);
  expect(catalog.failures).toEqual([]);
  expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toBeUndefined();
  expect(await catalog.findTinyFingerprints(WORKSPACE, new Set([TINY_FINGERPRINT]))).toEqual(new Set());
  expect(await catalog.findFlight(WORKSPACE, FLIGHT)).toBeUndefined();
}

describe('a report of a stored file', () => {
  it('records what the device and what object storage say, and the message as it was sent', async () => {
    await submit();
    expect(recordedFiles()).toEqual([
      {
        ...report().file,
        fileId: expect.stringMatching(/^[0-9a-f]{48}$/),
        workspaceId: WORKSPACE,
        objectKey: OBJECT_KEY,
        sizeInBytes: 8_388_608,
        eTag: FINGERPRINT,
        versionId: 'v1',
        contentType: 'image/jpeg',
        kind: 'photo',
        integrity: 'verified',
        reporter: { kind: 'pilot', name: 'pilot' },
        recordedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        raw: '{"as":"sent","unknown":[1]}',
      },
    ]);
  });

  it('is one entry however often and by whomever it arrives', async () => {
    await submit();
    await submit();
    await submit({ reporter: { kind: 'pilot', name: 'someone else' }, raw: 'later' });
    expect(recordedFiles()).toHaveLength(1);
    expect(recordedFiles()[0]).toMatchObject({ reporter: { name: 'pilot' }, raw: report().raw });
    expect((await catalog.findFlight(WORKSPACE, FLIGHT))?.receivedFileCount).toBe(1);
  });

  it('is another entry when other bytes stand under the same key', async () => {
    await submit();
    storage.objects.set(OBJECT_KEY, storedObject({ eTag: OTHER_FINGERPRINT, versionId: 'v2' }));
    await submit({ file: { ...report().file, fingerprint: OTHER_FINGERPRINT } });
    expect(recordedFiles().map(({ eTag }) => eTag)).toEqual([FINGERPRINT, OTHER_FINGERPRINT]);
  });

  it("takes S3's MD5 for the fingerprint where the device sent none, so that Pilot finds a dock's file", async () => {
    const { fingerprint: _none, ...file } = report().file;
    await submit({ file });
    expect(recordedFiles()[0]).toMatchObject({ fingerprint: FINGERPRINT, integrity: 'unverified' });
    expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toMatchObject({ objectKey: OBJECT_KEY });
  });

  it('is unverified after a multipart upload, and findable', async () => {
    storage.objects.set(OBJECT_KEY, storedObject({ eTag: `${OTHER_FINGERPRINT}-7` }));
    await submit();
    expect(recordedFiles()[0]).toMatchObject({ integrity: 'unverified', fingerprint: FINGERPRINT });
    expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toBeDefined();
  });

  it('has no fingerprint after a multipart upload of a device that sends none', async () => {
    storage.objects.set(OBJECT_KEY, storedObject({ eTag: `${OTHER_FINGERPRINT}-7` }));
    const { fingerprint: _none, ...file } = report().file;
    await submit({ file });
    expect(recordedFiles()[0]).not.toHaveProperty('fingerprint');
  });
});

describe('a report of bytes that are not those of the fingerprint', () => {
  const other = { ...report().file, fingerprint: OTHER_FINGERPRINT };

  it('is kept, flagged and refused, and cannot be found by any fingerprint', async () => {
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    expect(recordedFiles()).toMatchObject([{ integrity: 'mismatch', fingerprint: OTHER_FINGERPRINT }]);
    expect(await catalog.findByFingerprint(WORKSPACE, OTHER_FINGERPRINT)).toBeUndefined();
    expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toBeUndefined();
    expect(await catalog.findTinyFingerprints(WORKSPACE, new Set([TINY_FINGERPRINT]))).toEqual(new Set());
    expect(await catalog.findFlight(WORKSPACE, FLIGHT)).toBeUndefined();
  });

  it('stays refused when it is repeated', async () => {
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
  });

  it('gives way to the right bytes under the same key', async () => {
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    storage.objects.set(OBJECT_KEY, storedObject({ eTag: OTHER_FINGERPRINT }));
    await submit({ file: other });
    expect(await catalog.findByFingerprint(WORKSPACE, OTHER_FINGERPRINT)).toMatchObject({
      integrity: 'verified',
    });
  });

  it('gives way to the right fingerprint for the same bytes', async () => {
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    await submit();
    expect(recordedFiles()).toMatchObject([{ integrity: 'verified', fingerprint: FINGERPRINT }]);
  });

  it('does not unmake a verified entry', async () => {
    await submit();
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    expect(recordedFiles()).toMatchObject([{ integrity: 'verified', fingerprint: FINGERPRINT }]);
    expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toBeDefined();
    expect(await catalog.findByFingerprint(WORKSPACE, OTHER_FINGERPRINT)).toBeUndefined();
  });
});

describe('two reports of one multipart upload', () => {
  const other = { ...report().file, fingerprint: OTHER_FINGERPRINT };

  beforeEach(() => {
    storage.objects.set(OBJECT_KEY, storedObject({ eTag: `${OTHER_FINGERPRINT}-7` }));
  });

  it('cannot both be true when their fingerprints differ: the later is refused, and the first stays', async () => {
    await submit();
    await expect(submit({ file: other })).rejects.toThrow(IntegrityMismatchError);
    expect(recordedFiles()).toMatchObject([{ fingerprint: FINGERPRINT, integrity: 'unverified' }]);
    expect(await catalog.findByFingerprint(WORKSPACE, OTHER_FINGERPRINT)).toBeUndefined();
    await submit();
  });

  it('are both taken when one of them tells no fingerprint, or none that is an MD5', async () => {
    const { fingerprint: _none, ...file } = report().file;
    await submit();
    await submit({ file });
    await submit({ file: { ...file, fingerprint: 'sha256:ab12' as Fingerprint } });
    expect(recordedFiles()).toHaveLength(1);
  });
});

describe('a report that is refused writes nothing', () => {
  it.each([
    ['another workspace', `${FOREIGN_WORKSPACE}/a/b.jpg`],
    ['a workspace that this one begins', `${WORKSPACE}0/a/b.jpg`],
    ['a way out', `${WORKSPACE}/../${FOREIGN_WORKSPACE}/b.jpg`],
    ['an encoded slash', `${WORKSPACE}%2F..%2F${FOREIGN_WORKSPACE}/b.jpg`],
  ])('for an object in %s, even where there is one', async (_what, objectKey) => {
    storage.objects.set(objectKey, storedObject());
    await expect(submit({ objectKey })).rejects.toThrow(ObjectKeyOutsideWorkspaceError);
    await expect(submit({ objectKey, result: 1 })).rejects.toThrow(ObjectKeyOutsideWorkspaceError);
    await expectNothingWritten();
  });

  it('for an object that is not there, and can be repeated once it is', async () => {
    storage.objects.clear();
    await expect(submit()).rejects.toThrow(ObjectMissingError);
    await expectNothingWritten();
    storage.objects.set(OBJECT_KEY, storedObject());
    await submit();
    expect(recordedFiles()).toHaveLength(1);
  });

  it('while object storage does not answer, which is never taken for a missing object', async () => {
    storage.failure = new Error('SlowDown');
    await expect(submit()).rejects.toThrow('SlowDown');
    await expectNothingWritten();
  });
});

describe('a report of a failed upload', () => {
  it('is kept as a failure and lists nothing, whether there is an object or not', async () => {
    await submit({ result: 500 });
    expect(catalog.failures).toEqual([
      {
        workspaceId: WORKSPACE,
        objectKey: OBJECT_KEY,
        result: 500,
        reporter: { kind: 'pilot', name: 'pilot' },
        reportedAt: expect.any(String),
        raw: report().raw,
      },
    ]);
    catalog.failures.length = 0;
    await expectNothingWritten();
  });

  it('does not ask object storage', async () => {
    storage.failure = new Error('must not be asked');
    await expect(submit({ result: -1 })).resolves.toBeUndefined();
  });
});
