import type { Context, EventBridgeEvent } from 'aws-lambda';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { InMemoryObjectStorage } from '../../fakes/in-memory-object-storage.ts';
import type { TinyFingerprint } from '../../functions/core/fingerprint.ts';
import { forgetRemovedObject } from '../../functions/core/forget-removed-object.ts';
import { linkedFileId } from '../../functions/core/media-file.ts';
import { eventEndpoint } from '../../functions/middleware/event-endpoint.ts';
import { objectRemoved } from '../../functions/storage/object-removed.ts';
import {
  FINGERPRINT,
  mediaFile,
  OTHER_FINGERPRINT,
  storedObject,
  TINY_FINGERPRINT,
  WORKSPACE,
} from '../fixtures/library.ts';
import { recordLog } from './http-requests.ts';

const LINK_TINY = 'link_2026_1_1_0_0_0' as TinyFingerprint;
const uploaded = mediaFile();

let catalog: InMemoryMediaCatalog;
let storage: InMemoryObjectStorage;

beforeEach(async () => {
  catalog = new InMemoryMediaCatalog();
  storage = new InMemoryObjectStorage();
  await catalog.record(uploaded);
  await catalog.record({
    ...uploaded,
    name: 'copy.jpg',
    tinyFingerprint: LINK_TINY,
    fileId: linkedFileId(uploaded, 'copy.jpg', undefined),
    linkedTo: uploaded.fileId,
  });
});

const forget = (objectKey = uploaded.objectKey) => forgetRemovedObject({ catalog, storage }, objectKey);
const findable = async () => ({
  full: (await catalog.findByFingerprint(WORKSPACE, FINGERPRINT)) !== undefined,
  tiny: (await catalog.findTinyFingerprints(WORKSPACE, new Set([TINY_FINGERPRINT, LINK_TINY]))).size,
});
const EVERYTHING = { full: true, tiny: 2 };
const NOTHING = { full: false, tiny: 0 };

describe('a removed object', () => {
  it('is forgotten with all links to it, any number of times', async () => {
    expect(await forget()).toBe(2);
    expect(await findable()).toEqual(NOTHING);
    expect(await forget()).toBe(2);
  });

  it('keeps its entries: the library still knows that it had the file', async () => {
    await forget();
    expect(catalog.files.size).toBe(2);
  });

  it('is not forgotten while the object is there: only an older version was removed', async () => {
    storage.objects.set(uploaded.objectKey, storedObject());
    expect(await forget()).toBe(0);
    expect(await findable()).toEqual(EVERYTHING);
  });

  it('is forgotten when other bytes stand under its key, and they are not', async () => {
    const replaced = mediaFile({ eTag: OTHER_FINGERPRINT, fingerprint: OTHER_FINGERPRINT });
    await catalog.record({ ...replaced, tinyFingerprint: 'new_2026_1_1_0_0_0' as TinyFingerprint });
    storage.objects.set(uploaded.objectKey, storedObject({ eTag: OTHER_FINGERPRINT }));
    await forget();
    expect(await findable()).toEqual(NOTHING);
    expect(await catalog.findByFingerprint(WORKSPACE, OTHER_FINGERPRINT)).toBeDefined();
  });

  it('changes nothing while object storage does not answer', async () => {
    storage.failure = new Error('SlowDown');
    await expect(forget()).rejects.toThrow('SlowDown');
    expect(await findable()).toEqual(EVERYTHING);
  });

  it.each(['logs/2026/access.log', 'README', '', `${WORKSPACE}x/a`])(
    'that is no upload of ours, %j, asks nobody',
    async (objectKey) => {
      storage.failure = new Error('must not be asked');
      expect(await forget(objectKey)).toBe(0);
    },
  );
});

describe('the event of a removal', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('forgets the object, whatever letters its key has', async () => {
    const log = recordLog();
    const objectKey = `${WORKSPACE}/a/b/上云 100%25+.JPG`;
    const fingerprint = OTHER_FINGERPRINT;
    await catalog.record(mediaFile({ objectKey, eTag: fingerprint, fingerprint }));
    const event = { detail: { object: { key: objectKey } } } as EventBridgeEvent<
      'Object Deleted',
      { object: { key: string } }
    >;
    await eventEndpoint(objectRemoved({ catalog, storage }))(event, {} as Context);
    expect(log.lines()).toEqual([
      expect.objectContaining({ message: 'handled', object_key: objectKey, forgotten: 1 }),
    ]);
    expect(await catalog.findByFingerprint(WORKSPACE, fingerprint)).toBeUndefined();
    expect(await findable()).toEqual({ full: true, tiny: 1 });
  });
});
