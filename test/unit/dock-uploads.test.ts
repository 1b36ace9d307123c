import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { fixture, fixtures } from '../fixtures/fixture.ts';
import { FOREIGN_WORKSPACE, OTHER_FINGERPRINT, storedObject, WORKSPACE } from '../fixtures/library.ts';
import { DockWorld, dockFunctions, gateway, message, OTHER_SN, SN } from './dock-messages.ts';
import { recordLog } from './http-requests.ts';

let world: DockWorld;
let log: ReturnType<typeof recordLog>;
const say = dockFunctions(() => world);

beforeEach(() => {
  world = new DockWorld();
  log = recordLog();
});

afterEach(() => {
  vi.restoreAllMocks();
});

const repliedData = () => world.published.map(({ message: { data } }) => data);

describe('storage_config_get', () => {
  const ask = (data: unknown, sn: string = SN) =>
    say('storage-config-get', message('storage_config_get', data), { sn });

  it.each([{ module: 0 }, { module: '0' }, { module: null }, {}, { module: 0, future: 1 }])(
    'returns for %j what sts returns to Pilot, and logs no key',
    async (data) => {
      await ask(data);
      expect(repliedData()).toEqual([
        {
          result: 0,
          output: {
            bucket: 'media',
            endpoint: 'https://s3.example.com',
            object_key_prefix: expect.stringMatching(`^${WORKSPACE}/[0-9a-f]{24}/[0-9a-f]{12}$`),
            provider: 'aws',
            region: 'eu-central-1',
            credentials: {
              access_key_id: 'ASIAEXAMPLE',
              access_key_secret: 'very-secret-key',
              security_token: 'very-secret-token',
              expire: expect.any(Number),
            },
          },
        },
      ]);
      expect(log.text()).not.toContain('very-secret');
    },
  );

  it('issues credentials for the gateway, below its workspace', async () => {
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
    await ask({ module: 0 }, OTHER_SN);
    expect(world.issue).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        issuedTo: OTHER_SN,
        scope: expect.stringMatching(`^${FOREIGN_WORKSPACE}/[0-9a-f]{24}$`),
      }),
    );
  });

  it.each([
    [1, 210002],
    ['1', 210002],
    [2, 210002],
    [-1, 210002],
    [0.5, 200001],
    [1e300, 200001],
    ['media', 200001],
    ['', 200001],
    [{}, 200001],
    [[0], 200001],
    [true, 200001],
  ])('refuses module %j with %i', async (module, result) => {
    await ask({ module });
    expect(repliedData()).toEqual([{ result }]);
    expect(world.issue).not.toHaveBeenCalled();
  });

  it('refuses when there are no credentials', async () => {
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: WORKSPACE }));
    world.issue.mockRejectedValue(new Error('AccessDenied'));
    await expect(ask({ module: 0 }, OTHER_SN)).rejects.toThrow('AccessDenied');
    expect(repliedData()).toEqual([{ result: 500 }]);
  });
});

describe('file_upload_callback', () => {
  const report = (body: unknown, sn: string = SN) => say('file-upload-callback', body, { sn });
  const body2024 = () => fixture('dock', 'file-upload-callback-2024-07').body;
  const flightOf = (body: { data: { file: { ext: { flight_id: string } } } }) =>
    world.catalog.findFlight(WORKSPACE, body.data.file.ext.flight_id);
  const store = (body: { data: { file: { object_key: string } } }) =>
    world.storage.put(body.data.file.object_key, storedObject());

  it.each(fixtures('dock', 'file-upload-callback'))(
    'acknowledges $name when it is stored',
    async ({ body }) => {
      store(body);
      await report(body);
      expect(world.published).toEqual([
        {
          topic: `thing/product/${SN}/events_reply`,
          message: {
            tid: body.tid,
            bid: body.bid,
            method: 'file_upload_callback',
            timestamp: expect.any(Number),
            data: { result: 0 },
          },
        },
      ]);
      const [file] = world.catalog.files;
      expect(file).toMatchObject({
        workspaceId: WORKSPACE,
        objectKey: body.data.file.object_key,
        md5: storedObject().eTag,
        integrity: 'verified',
        reporter: { kind: 'dock', name: SN },
        kind: body.data.file.name.endsWith('.nav') ? 'sidecar' : 'photo',
      });
      expect(JSON.parse(file?.raw ?? '')).toEqual(body);
      expect(await flightOf(body)).toMatchObject({
        receivedFileCount: 1,
        owner: 'dock',
        gatewaySn: SN,
      });
    },
  );

  it.each([
    ...['srt', 'SRT', 'obs', 'rtk', 'mrk', 'MRK', 'nav', 'dat', 'bin'].map(
      (extension) => [extension, 'sidecar'] as const,
    ),
    ['JPG', 'photo'] as const,
    ['MP4', 'video'] as const,
    ['xyz', 'other'] as const,
  ])('records .%s as a %s of the flight', async (extension, kind) => {
    const body = body2024();
    body.data.file.name = `DJI_20240516114207_0001.${extension}`;
    store(body);
    await report(body);
    expect(world.catalog.files).toMatchObject([{ kind }]);
    expect(await flightOf(body)).toMatchObject({ receivedFileCount: 1 });
  });

  it('refuses a missing object, writes nothing, and acknowledges it later', async () => {
    const body = body2024();
    await report(body);
    expect(repliedData()).toEqual([{ result: 404 }]);
    expect(world.catalog.files).toHaveLength(0);
    expect(await flightOf(body)).toBeUndefined();
    store(body);
    await report(body);
    expect(repliedData()).toEqual([{ result: 404 }, { result: 0 }]);
    expect(world.catalog.files).toHaveLength(1);
  });

  it.each<[string, (key: string) => string]>([
    ["in another workspace's prefix", (key) => key.replace(WORKSPACE, FOREIGN_WORKSPACE)],
    [
      'that climbs out of the prefix',
      (key) => key.replace(/\/[^/]+$/, `/../../../${FOREIGN_WORKSPACE}/a.jpg`),
    ],
    ['with the workspace in upper case', (key) => key.toUpperCase()],
    ['that is the prefix alone', () => WORKSPACE],
    ['that begins with a slash', (key) => `/${key}`],
  ])('refuses an object key %s, and writes nothing', async (_what, change) => {
    const body = body2024();
    body.data.file.object_key = change(body.data.file.object_key);
    store(body);
    await report(body);
    expect(repliedData()).toEqual([{ result: 403 }]);
    expect(world.catalog.files).toHaveLength(0);
    expect(world.catalog.failures.size).toBe(0);
    for (const workspace of [WORKSPACE, FOREIGN_WORKSPACE] as WorkspaceId[]) {
      expect(await world.catalog.findFlight(workspace, body.data.file.ext.flight_id)).toBeUndefined();
    }
  });

  it('uses the workspace of the registry, and not of the message', async () => {
    world.registry.gateways.set(SN, gateway({ workspaceId: FOREIGN_WORKSPACE }));
    const body = body2024();
    store(body);
    await report(body);
    expect(repliedData()).toEqual([{ result: 403 }]);
  });

  it('refuses bytes with another fingerprint, and counts them', async () => {
    const { body } = fixture('dock', 'file-upload-callback-2022-07');
    world.storage.put(body.data.file.object_key, storedObject({ eTag: OTHER_FINGERPRINT }));
    await report(body);
    expect(repliedData()).toEqual([{ result: 409 }]);
    expect(log.lines()).toContainEqual(expect.objectContaining({ IntegrityMismatch: 1 }));
  });

  it('acknowledges a failed upload, and lists nothing', async () => {
    const body = body2024();
    body.data.result = 5;
    await report(body);
    expect(repliedData()).toEqual([{ result: 0 }]);
    expect(world.catalog.files).toHaveLength(0);
    expect([...world.catalog.failures.values()]).toMatchObject([
      { result: 5, reporter: { kind: 'dock', name: SN } },
    ]);
  });

  it('records one file for any number of reports, with the same tid or another', async () => {
    const body = body2024();
    store(body);
    await report(body);
    await report(body);
    await report({ ...body, tid: 'another', bid: 'another' });
    expect(repliedData()).toEqual([{ result: 0 }, { result: 0 }, { result: 0 }]);
    expect(world.catalog.files).toHaveLength(1);
    expect(await flightOf(body)).toMatchObject({ receivedFileCount: 1, uploadedFileCount: 1 });
  });

  it('returns a transient error while object storage fails', async () => {
    const body = body2024();
    world.storage.failure = new Error('SlowDown');
    await expect(report(body)).rejects.toThrow('SlowDown');
    expect(repliedData()).toEqual([{ result: 500 }]);
    expect(world.catalog.files).toHaveLength(0);
  });

  it('does not acknowledge before the flight is written, but after a repetition', async () => {
    const body = body2024();
    store(body);
    vi.spyOn(world.catalog, 'recordProgress').mockRejectedValueOnce(new Error('throttled'));
    await expect(report(body)).rejects.toThrow('throttled');
    await report(body);
    expect(repliedData()).toEqual([{ result: 500 }, { result: 0 }]);
    expect(await flightOf(body)).toMatchObject({ receivedFileCount: 1, expectedFileCount: 2 });
  });

  it('accepts a file without a flight', async () => {
    const body = body2024();
    body.data.file.ext = {};
    store(body);
    await report(body);
    expect(repliedData()).toEqual([{ result: 0 }]);
  });

  it.each<[string, (file: Record<string, unknown>) => unknown]>([
    ['no object key', ({ object_key: _none, ...file }) => file],
    ['an empty object key', (file) => ({ ...file, object_key: '' })],
    ['a number for an object key', (file) => ({ ...file, object_key: 7 })],
    ['no name', ({ name: _none, ...file }) => file],
    ['no file at all', () => undefined],
    ['a text for a file', () => 'DJI_0001.JPG'],
    ['a list of files', (file) => [file]],
  ])('refuses a message with %s, and writes nothing', async (_what, change) => {
    const body = body2024();
    store(body);
    body.data.file = change(body.data.file);
    await report(body);
    expect(repliedData()).toEqual([{ result: 200001 }]);
    expect(world.catalog.files).toHaveLength(0);
  });

  it('leaves out invalid counts', async () => {
    const body = body2024();
    store(body);
    for (const [expected, uploaded] of [
      [4, 2],
      [-1, -1],
      ['NaN', 'x'],
      [1.5, 9.5],
      [null, null],
      [3, 1],
      [1e300, 1e300],
    ]) {
      body.data.flight_task = { expected_file_count: expected, uploaded_file_count: uploaded };
      await report(body);
    }
    expect(repliedData()).toEqual(Array(7).fill({ result: 0 }));
    // The message in which fewer are up is an older one.
    expect(await flightOf(body)).toMatchObject({ expectedFileCount: 4, uploadedFileCount: 2 });
  });
});
