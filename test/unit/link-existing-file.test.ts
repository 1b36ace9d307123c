import { beforeEach, describe, expect, it } from 'vitest';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { InMemoryObjectStorage } from '../../fakes/in-memory-object-storage.ts';
import { FingerprintUnknownError } from '../../functions/core/errors.ts';
import type { Fingerprint, TinyFingerprint } from '../../functions/core/fingerprint.ts';
import { linkExistingFile, type UploadCandidate } from '../../functions/core/link-existing-file.ts';
import {
  FINGERPRINT,
  FOREIGN_WORKSPACE,
  mediaFile,
  OTHER_FINGERPRINT,
  storedObject,
  TINY_FINGERPRINT,
  WORKSPACE,
} from '../fixtures/library.ts';

const uploaded = mediaFile({ path: 'flight one', flightId: 'flight-1' });

const candidate = (changes: Partial<UploadCandidate> = {}): UploadCandidate => ({
  workspaceId: WORKSPACE,
  fingerprint: FINGERPRINT,
  asked: FINGERPRINT,
  file: { name: uploaded.name, path: 'flight one', capture: {} },
  reporter: { kind: 'pilot', name: 'other pilot' },
  raw: '{"asked":true}',
  ...changes,
});

let catalog: InMemoryMediaCatalog;
let storage: InMemoryObjectStorage;

beforeEach(async () => {
  catalog = new InMemoryMediaCatalog();
  storage = new InMemoryObjectStorage();
  storage.objects.set(uploaded.objectKey, storedObject());
  await catalog.record(uploaded);
});

const ask = (changes?: Partial<UploadCandidate>) =>
  linkExistingFile({ catalog, storage }, candidate(changes));
const markers = async () => ({
  full: (await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)) !== undefined,
  tiny: (await catalog.findTinyFingerprints(WORKSPACE, new Set([TINY_FINGERPRINT]))).size === 1,
});

describe('a hit', () => {
  it('names the file that is there, and adds no entry for the same name and path', async () => {
    expect(await ask()).toMatchObject({ fileId: uploaded.fileId, objectKey: uploaded.objectKey });
    expect(catalog.files.size).toBe(1);
  });

  it('adds no entry for a file that has no name', async () => {
    expect(await ask({ file: { capture: {} } })).toMatchObject({ fileId: uploaded.fileId });
    expect(catalog.files.size).toBe(1);
  });
});

describe('the same bytes under another name or path', () => {
  it('become another entry for the same object, with who asked and what for', async () => {
    const linked = await ask({
      file: { name: 'DJI_0099.JPG', path: 'flight two', flightId: 'flight-2', droneSn: 'SN2', capture: {} },
    });
    expect(linked.fileId).not.toBe(uploaded.fileId);
    expect([...catalog.files.values()]).toHaveLength(2);
    expect(catalog.files.get(linked.fileId)).toMatchObject({
      objectKey: uploaded.objectKey,
      linkedTo: uploaded.fileId,
      name: 'DJI_0099.JPG',
      path: 'flight two',
      flightId: 'flight-2',
      droneSn: 'SN2',
      fingerprint: FINGERPRINT,
      eTag: uploaded.eTag,
      sizeInBytes: uploaded.sizeInBytes,
      integrity: 'verified',
      capture: uploaded.capture,
      reporter: { kind: 'pilot', name: 'other pilot' },
      raw: '{"asked":true}',
    });
  });

  it('become that entry once', async () => {
    const again = { file: { name: 'DJI_0099.JPG', capture: {} } };
    const first = await ask(again);
    const second = await ask(again);
    expect(second.fileId).toBe(first.fileId);
    expect(catalog.files.size).toBe(2);
  });

  it('leave the path and the flight of the uploaded file where they are', async () => {
    const linked = await ask({ file: { name: 'DJI_0099.JPG', capture: {} } });
    expect(linked).not.toHaveProperty('path');
    expect(linked).not.toHaveProperty('flightId');
  });

  it('are told apart by the path alone', async () => {
    const withoutPath = await ask({ file: { name: uploaded.name, capture: {} } });
    const otherPath = await ask({ file: { name: uploaded.name, path: 'flight two', capture: {} } });
    expect(new Set([uploaded.fileId, withoutPath.fileId, otherPath.fileId]).size).toBe(3);
  });

  it('take their kind from their own name', async () => {
    expect(await ask({ file: { name: 'copy.kmz', capture: {} } })).toMatchObject({ kind: 'other' });
  });

  it('leave the marker with the uploaded file', async () => {
    await ask({ file: { name: 'DJI_0099.JPG', capture: {} } });
    expect(await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)).toMatchObject({
      fileId: uploaded.fileId,
    });
  });

  it('can be found by the tiny fingerprint of their own', async () => {
    const tinyFingerprint = 'another_2026_1_1_0_0_0' as TinyFingerprint;
    await ask({ file: { name: 'DJI_0099.JPG', tinyFingerprint, capture: {} } });
    expect(await catalog.findTinyFingerprints(WORKSPACE, new Set([tinyFingerprint]))).toEqual(
      new Set([tinyFingerprint]),
    );
  });
});

describe('a miss', () => {
  it('echoes the fingerprint as it came', async () => {
    const asked = OTHER_FINGERPRINT.toUpperCase();
    await expect(ask({ fingerprint: OTHER_FINGERPRINT, asked })).rejects.toThrow(`${asked} does not exist`);
    await expect(ask({ fingerprint: OTHER_FINGERPRINT, asked })).rejects.toThrow(FingerprintUnknownError);
  });

  it.each(['unknown', '0', `${FINGERPRINT}0`, 'sha256:ab12'])(
    'is the answer to %s, which is no MD5 and may stand for any file, even where a file was reported with it',
    async (asked) => {
      const fingerprint = asked as Fingerprint;
      await catalog.record({
        ...uploaded,
        fileId: 'f'.repeat(48),
        fingerprint,
        integrity: 'unverified',
      });
      await expect(ask({ fingerprint, asked })).rejects.toThrow(FingerprintUnknownError);
    },
  );

  it('does not match a file that another workspace holds', async () => {
    await expect(ask({ workspaceId: FOREIGN_WORKSPACE })).rejects.toThrow(FingerprintUnknownError);
    expect(await markers()).toEqual({ full: true, tiny: true });
  });

  it('is the answer for an object that has gone, and the markers go too', async () => {
    storage.objects.clear();
    await expect(ask()).rejects.toThrow(FingerprintUnknownError);
    expect(await markers()).toEqual({ full: false, tiny: false });
  });

  it('is the answer for an object that was replaced by other bytes, and the markers go too', async () => {
    storage.objects.set(uploaded.objectKey, storedObject({ eTag: OTHER_FINGERPRINT }));
    await expect(ask()).rejects.toThrow(FingerprintUnknownError);
    expect(await markers()).toEqual({ full: false, tiny: false });
  });

  it('adds no entry under the name that was asked for', async () => {
    storage.objects.clear();
    await expect(ask({ file: { name: 'DJI_0099.JPG', capture: {} } })).rejects.toThrow();
    expect(catalog.files.size).toBe(1);
  });
});

describe('a failure is never a miss', () => {
  it('while object storage does not answer: the markers stay', async () => {
    storage.failure = Object.assign(new Error('Access Denied'), { name: 'AccessDenied' });
    await expect(ask()).rejects.toThrow('Access Denied');
    expect(await markers()).toEqual({ full: true, tiny: true });
  });

  it.each(['findByFingerprint', 'record', 'forget'] as const)(
    'while the catalog fails at %s',
    async (method) => {
      const failing = Object.assign(Object.create(catalog), {
        [method]: async () => {
          throw new Error('ProvisionedThroughputExceeded');
        },
      });
      if (method === 'forget') storage.objects.clear();
      await expect(
        linkExistingFile(
          { catalog: failing, storage },
          candidate({ file: { name: 'new.jpg', capture: {} } }),
        ),
      ).rejects.toThrow('ProvisionedThroughputExceeded');
    },
  );
});
