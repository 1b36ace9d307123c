import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import type { MediaFile } from '../../functions/core/media-file.ts';
import { fastUpload } from '../../functions/http/fast-upload.ts';
import { groupUploadCallback } from '../../functions/http/group-upload-callback.ts';
import { tinyFingerprints } from '../../functions/http/tiny-fingerprints.ts';
import { uploadCallback } from '../../functions/http/upload-callback.ts';
import { httpEndpoint } from '../../functions/middleware/http-endpoint.ts';
import { FAST_UPLOAD } from '../../functions/protocol/fast-upload.ts';
import { GROUP_UPLOAD_CALLBACK } from '../../functions/protocol/group-upload-callback.ts';
import { TINY_FINGERPRINTS } from '../../functions/protocol/tiny-fingerprints.ts';
import { UPLOAD_CALLBACK } from '../../functions/protocol/upload-callback.ts';
import { type Fixture, fixture, fixtures } from '../fixtures/fixture.ts';
import {
  FINGERPRINT,
  FOREIGN_WORKSPACE,
  mediaFile,
  recordFile,
  storedObject,
  TINY_FINGERPRINT,
  WORKSPACE,
} from '../fixtures/library.ts';
import { DockWorld, dockFunctions, SN } from './dock-messages.ts';
import { call, recordLog } from './http-requests.ts';
import { anySource, mutated } from './mutated-json.ts';

/** Messages of each fixture; fast-check prints the seed of a run that fails. */
const RUNS = { numRuns: 60 };

const prototypeBefore = Object.getOwnPropertyNames(Object.prototype).join();

let log: ReturnType<typeof recordLog>;
let logged = 0;

beforeEach(() => {
  log = recordLog();
  logged = 0;
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** What the last call logged is one line, and perhaps metrics: JSON, whatever is in a message. */
function expectCleanLog(): void {
  const text = log.text().slice(logged);
  logged += text.length;
  const lines = text.split('\n').filter((line) => line !== '');
  const entries = lines.map((line) => JSON.parse(line));
  const told = entries.filter((entry) => !('_aws' in entry));
  expect(told).toHaveLength(1);
  for (const field of told[0].ignored_fields ?? []) expect(field).toMatch(/^[a-z0-9_.]+$/);
  expect(Object.getOwnPropertyNames(Object.prototype).join()).toBe(prototypeBefore);
}

/** What a table could not hold, or nobody could read. */
function expectSound(file: MediaFile): void {
  const values = [file, file.capture, file.capture.shootPosition ?? {}].flatMap((part) =>
    Object.entries(part),
  );
  for (const [name, value] of values) {
    if (typeof value === 'number') expect(Math.abs(value)).toBeLessThanOrEqual(Number.MAX_SAFE_INTEGER);
    else if (typeof value === 'string' && name !== 'raw') expect(value.isWellFormed()).toBe(true);
    else if (!['object', 'boolean', 'string'].includes(typeof value)) expect.fail(`${name}: ${typeof value}`);
  }
  const { flightId = 'f', tinyFingerprint = TINY_FINGERPRINT, path = 'p' } = file;
  expect(flightId.length).toBeLessThanOrEqual(256);
  expect(tinyFingerprint).toMatch(/^[0-9a-f]{32}(_\d+){6}$/);
  expect(path.length).toBeLessThanOrEqual(4096);
  const { capturedAt, shootPosition } = file.capture;
  if (capturedAt !== undefined) expect(Date.parse(capturedAt)).not.toBeNaN();
  if (shootPosition) expect(Math.abs(shootPosition.latitude)).toBeLessThanOrEqual(90);
}

/** A library that holds the object of one message. */
function libraryWith(objectKey: string, fingerprint: string = FINGERPRINT) {
  const library = new InMemoryLibrary();
  library.storage.put(objectKey, storedObject({ eTag: fingerprint.toLowerCase() }));
  return library;
}

const reports = fixtures('pilot', 'upload-callback').filter(({ body }) => Number(body.result ?? 0) === 0);

describe('upload-callback with any other field changed', () => {
  const STRICT = ['result', 'name', 'object_key', 'fingerprint'];

  it.each(reports)('accepts: $name', async ({ body }: Fixture) => {
    await fc.assert(
      fc.asyncProperty(mutated(body, STRICT), async (sent) => {
        const library = libraryWith(body.object_key, body.fingerprint);
        const endpoint = httpEndpoint(UPLOAD_CALLBACK, uploadCallback(library));
        const { status, envelope } = await call(endpoint, { body: sent });
        expect({ status, envelope }).toEqual({
          status: 200,
          envelope: { code: 0, message: 'success', data: { object_key: body.object_key } },
        });
        const files = await library.catalog.listByObjectKey(WORKSPACE, body.object_key);
        expect(files).toMatchObject([{ name: body.name, objectKey: body.object_key, raw: sent }]);
        for (const file of files) expectSound(file);
        expectCleanLog();
      }),
      RUNS,
    );
  });

  const report = fixture('pilot', 'upload-callback').body;

  async function refused(fields: string, workspaceId: string = WORKSPACE) {
    const library = libraryWith(report.object_key, report.fingerprint);
    const endpoint = httpEndpoint(UPLOAD_CALLBACK, uploadCallback(library));
    const text = `${JSON.stringify(report).slice(0, -1)},${fields}}`;
    const { status } = await call(endpoint, { body: text, workspaceId });
    expect(await library.catalog.listByObjectKey(WORKSPACE, report.object_key)).toEqual([]);
    expectCleanLog();
    return status;
  }

  /** What each strict field may be; all else is refused. */
  const allowed: Record<string, (value: unknown) => boolean> = {
    name: (value) => typeof value === 'string' && value !== '' && value.length <= 4096,
    object_key: (value) => typeof value === 'string',
    fingerprint: (value) => value === null || (typeof value === 'string' && value.length <= 256),
    result: (value) =>
      value === null || Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d+$/.test(value)),
  };

  it.each(Object.keys(allowed))('is strict in %s', async (name) => {
    const source = anySource.filter((text) => !allowed[name]?.(JSON.parse(text)));
    await fc.assert(
      fc.asyncProperty(source, async (text) => {
        expect(await refused(`"${name}":${text}`)).toBe(400);
      }),
      RUNS,
    );
  });

  it('is strict in the object key', async () => {
    const foreign = fc
      .string({ unit: 'binary', minLength: 1, maxLength: 40 })
      .map((name) => `${FOREIGN_WORKSPACE}/${name}`);
    await fc.assert(
      fc.asyncProperty(foreign, async (objectKey) => {
        expect(await refused(`"object_key":${JSON.stringify(objectKey)}`)).toBe(403);
      }),
      RUNS,
    );
    expect(await refused('"x":1', FOREIGN_WORKSPACE)).toBe(403);
  });
});

describe('fast-upload with any other field changed', () => {
  const known = mediaFile();

  it.each(fixtures('pilot', 'fast-upload'))('is a hit: $name', async ({ body }) => {
    await fc.assert(
      fc.asyncProperty(mutated(body, ['fingerprint', 'name']), async (sent) => {
        const library = libraryWith(known.objectKey);
        await recordFile(library.catalog, known);
        const endpoint = httpEndpoint(FAST_UPLOAD, fastUpload(library));
        const { status, envelope } = await call(endpoint, { body: sent });
        expect({ status, envelope }).toMatchObject({
          status: 200,
          envelope: { code: 0, data: { object_key: known.objectKey } },
        });
        for (const file of await library.catalog.listByObjectKey(WORKSPACE, known.objectKey))
          expectSound(file);
        expectCleanLog();
      }),
      RUNS,
    );
  });
});

describe('tiny-fingerprints with any element changed', () => {
  it('lists only those that exist', async () => {
    const library = libraryWith(mediaFile().objectKey);
    await recordFile(library.catalog, mediaFile());
    const endpoint = httpEndpoint(TINY_FINGERPRINTS, tinyFingerprints(library.catalog));
    const known = JSON.stringify(TINY_FINGERPRINT);
    const lists = fc.array(anySource, { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(lists, lists, fc.boolean(), async (before, after, bare) => {
        const list = `[${[...before, known, ...after, known].join(',')}]`;
        const { status, envelope } = await call(endpoint, {
          body: bare ? list : `{"__proto__":{},"tiny_fingerprints":${list}}`,
        });
        expect(status).toBe(200);
        expect(envelope.data).toEqual({ tiny_fingerprints: [TINY_FINGERPRINT] });
        expectCleanLog();
      }),
      RUNS,
    );
  });
});

describe('group-upload-callback with any group', () => {
  it.each(fixtures('pilot', 'group-upload-callback'))('accepts: $name', async ({ body }) => {
    await fc.assert(
      fc.asyncProperty(mutated(body, ['file_count', 'file_uploaded_count']), async (sent) => {
        const endpoint = httpEndpoint(GROUP_UPLOAD_CALLBACK, groupUploadCallback(new InMemoryLibrary()));
        const { status, envelope } = await call(endpoint, { body: sent });
        expect({ status, envelope }).toEqual({
          status: 200,
          envelope: { code: 0, message: 'success', data: {} },
        });
        expectCleanLog();
      }),
      RUNS,
    );
  });
});

describe('messages of docks with any other field changed', () => {
  let world: DockWorld;
  const say = dockFunctions(() => world);
  const ENVELOPE = ['tid', 'method', 'need_reply'];
  const FILE = ['result', 'file.object_key', 'file.name', 'file.fingerprint'].map((name) => `data.${name}`);

  const inTopic = (body: object) => ({ ...body, need_reply: 1 });

  it.each(fixtures('dock', 'file-upload-callback'))('are accepted: $name', async ({ body }) => {
    await fc.assert(
      fc.asyncProperty(mutated(inTopic(body), [...ENVELOPE, ...FILE]), async (sent) => {
        world = new DockWorld();
        const { object_key: objectKey, name } = body.data.file;
        world.storage.put(objectKey, storedObject());
        await say('file-upload-callback', sent);
        expect(world.published.map(({ message }) => message.data)).toEqual([{ result: 0 }]);
        const files = await world.catalog.listByObjectKey(WORKSPACE, objectKey);
        expect(files).toMatchObject([{ name, objectKey, raw: sent }]);
        for (const file of files) expectSound(file);
        expectCleanLog();
      }),
      RUNS,
    );
  });

  it('are accepted: update_topo', async () => {
    const topology = {
      tid: 't',
      method: 'update_topo',
      data: {
        domain: 3,
        type: 2,
        sub_type: 0,
        device_secret: 's',
        sub_devices: [{ sn: '1581F5BMD22CK00A1234', domain: 0, type: 91, sub_type: 0, index: 'A' }],
      },
    };
    const strict = [...ENVELOPE, 'data.sub_devices.0.sn'];
    await fc.assert(
      fc.asyncProperty(mutated(topology, strict), async (sent) => {
        world = new DockWorld();
        await say('update-topo', sent);
        expect(world.published.map(({ message }) => message.data)).toEqual([{ result: 0 }]);
        expect(world.registry.topologies.get(SN)).toMatchObject({ online: ['1581F5BMD22CK00A1234'] });
        expectCleanLog();
      }),
      RUNS,
    );
  });

  it('are strict in important fields', async () => {
    const { body } = fixture('dock', 'file-upload-callback-2024-07');
    const source = anySource.filter((text) => typeof JSON.parse(text) !== 'string');
    await fc.assert(
      fc.asyncProperty(source, fc.constantFrom('name', 'object_key'), async (text, name) => {
        world = new DockWorld();
        world.storage.put(body.data.file.object_key, storedObject());
        const file = `${JSON.stringify(body.data.file).slice(0, -1)},"${name}":${text}}`;
        const message = JSON.stringify(inTopic(body)).replace(JSON.stringify(body.data.file), () => file);
        await say('file-upload-callback', message);
        expect(world.published.map(({ message: { data } }) => data)).toEqual([{ result: 200001 }]);
        expect(await world.catalog.listByObjectKey(WORKSPACE, body.data.file.object_key)).toEqual([]);
        expectCleanLog();
      }),
      RUNS,
    );
  });
});
