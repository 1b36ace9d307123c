import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { fixtures } from '../fixtures/fixture.ts';
import { type Dock, DockStack, flightSeenBy, report } from './dock-fixture.ts';
import { type PilotDevice, photo } from './stack-fixture.ts';

const DRONE = '1581F5BMD22CK00A1234';

let stack: DockStack;
let dock: Dock;
let pilot: PilotDevice;

beforeAll(async () => {
  stack = await DockStack.start();
  dock = await stack.dock(0);
  pilot = await stack.pilotOf(dock);
});
afterAll(() => stack?.close());

describe('a dock', () => {
  it('gets its settings, without an envelope', async () => {
    const sent = { tid: randomUUID(), bid: randomUUID() };
    const reply = await dock.ask(
      'requests',
      'config',
      { config_type: 'json', config_scope: 'product' },
      sent,
    );
    expect(reply).toEqual({
      ...sent,
      method: 'config',
      timestamp: expect.any(Number),
      data: {
        ntp_server_host: 'time.aws.com',
        ntp_server_port: 123,
        app_id: expect.stringMatching(/./),
        app_key: expect.stringMatching(/./),
        app_license: expect.stringMatching(/./),
      },
    });
  });

  it('gets its organization, its drone and their names', async () => {
    const ask = async (method: string, data: object) => (await dock.ask('requests', method, data)).data;
    const statusOf = async (sn: string) =>
      (await ask('airport_bind_status', { devices: [{ sn }] })).output.bind_status[0];
    const organization = { organization_id: dock.workspaceId, device_binding_code: '1234' };

    expect(await statusOf(dock.sn)).toMatchObject({ is_device_bind_organization: true });
    expect(await statusOf(DRONE)).toMatchObject({ is_device_bind_organization: false, organization_id: '' });
    const { output } = await ask('airport_organization_get', organization);
    expect(output).toEqual({ organization_name: expect.stringMatching(/./) });
    const device = (sn: string, device_callsign: string) => ({ sn, device_callsign, ...organization });
    expect(
      await ask('airport_organization_bind', {
        bind_devices: [device(dock.sn, '屋顶 dock'), device(DRONE, 'Heron')],
      }),
    ).toEqual({
      result: 0,
      output: {
        err_infos: [
          { sn: dock.sn, err_code: 0 },
          { sn: DRONE, err_code: 0 },
        ],
      },
    });
    expect(await statusOf(DRONE)).toEqual({
      sn: DRONE,
      is_device_bind_organization: true,
      organization_id: dock.workspaceId,
      organization_name: output.organization_name,
      device_callsign: 'Heron',
    });
    expect(await statusOf(dock.sn)).toMatchObject({ device_callsign: '屋顶 dock' });
  });

  it('reports its topology', async () => {
    const drone = { sn: DRONE, domain: 0, type: 91, sub_type: 0 };
    const model = { domain: 3, type: 2, sub_type: 0 };
    // Twice, since some firmware lists a drone under each of its names.
    const { data } = await dock.ask('status', 'update_topo', { ...model, sub_devices: [drone, drone] });
    expect(data).toEqual({ result: 0 });
    const known = async () => (await stack.registry.findGateway(dock.sn as GatewaySn))?.topology;
    expect(await known()).toMatchObject({
      gatewayModelKey: '3-2-0',
      drones: [{ sn: DRONE, modelKey: '0-91-0' }],
      online: [DRONE],
      names: [
        { sn: dock.sn, callsign: '屋顶 dock' },
        { sn: DRONE, callsign: 'Heron' },
      ],
    });
    await dock.ask('status', 'update_topo', { ...model, sub_devices: [] });
    expect(await known()).toMatchObject({ drones: [{ sn: DRONE }], online: [] });
  });

  it('continues without features that the library does not have', async () => {
    for (const method of ['flight_areas_get', 'offline_map_get'])
      expect((await dock.ask('requests', method, {})).data).toEqual({ result: 0 });
    for (const method of ['flighttask_progress', 'hms', 'device_exit_homing_notify'])
      expect(await dock.ask('events', method, { output: {} })).toMatchObject({ method, data: { result: 0 } });
    const tid = randomUUID();
    await dock.say('events', { tid, bid: tid, method: 'flighttask_progress', need_reply: 0, data: {} });
    await dock.ask('requests', 'config', {});
    expect(dock.repliesTo(tid)).toEqual([]);
  });

  it('has its files in the library, where users find the flight, and they are a hit for Pilot', async () => {
    const flightId = randomUUID();
    const file = photo();
    const objectKey = await dock.put(file, flightId);
    const sent = { tid: randomUUID(), bid: randomUUID() };
    const data = report(file, objectKey, {
      flightId,
      flight_task: { expected_file_count: 1, uploaded_file_count: 1, flight_type: 0 },
    });
    const reply = await dock.ask('events', 'file_upload_callback', data, sent);
    expect(reply).toEqual({
      ...sent,
      method: 'file_upload_callback',
      timestamp: expect.any(Number),
      data: { result: 0 },
    });

    const item = await stack.file(dock.workspaceId, objectKey, file.fingerprint);
    expect(item).toMatchObject({
      name: file.name,
      object_key: objectKey,
      kind: 'photo',
      flight_id: flightId,
      size: file.bytes.length,
      md5: file.fingerprint,
      integrity: 'verified',
      reported_by: { kind: 'dock', name: dock.sn },
      captured_at: '2021-05-10T08:04:20.000Z',
    });
    expect(JSON.parse(item.raw)).toMatchObject({ tid: sent.tid, data });
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'complete',
      expected_file_count: 1,
      received_file_count: 1,
      gateway_sn: dock.sn,
    });
    const { envelope } = await pilot.ask('fast-upload', { body: { fingerprint: file.fingerprint } });
    expect(envelope).toMatchObject({ code: 0, data: { object_key: objectKey } });
  });

  it('can do the same over WebSocket', async () => {
    const own = await stack.register(dock.workspaceId);
    const other = await stack.dock(own, { address: stack.endpoints.mqtt_ws });
    await other.upload('over-websocket');
    expect(await flightSeenBy(pilot, 'over-websocket')).toMatchObject({ received_file_count: 1 });
  });
});

describe('credentials', () => {
  it('have the form of sts, and are below the same workspace', async () => {
    const [mine, pilots] = [await dock.credentials(), await pilot.credentials()];
    const shapeOf = ({ credentials, ...rest }: typeof mine) => ({
      ...rest,
      credentials: Object.keys(credentials),
      object_key_prefix: rest.object_key_prefix.replace(/[0-9a-f]{24}\/[0-9a-f]{12}$/, ''),
    });
    expect(shapeOf(mine)).toEqual(shapeOf(pilots));
    expect(mine.credentials.expire).toBeGreaterThan(1_000);
    expect(mine.credentials.access_key_id).not.toBe(pilots.credentials.access_key_id);
  });

  it.each([1, 2])('are refused for module %i', async (module) => {
    const { data } = await dock.ask('requests', 'storage_config_get', { module });
    expect(data).toEqual({ result: 210002 });
  });

  it('have a new prefix in every reply', async () => {
    const [one, other] = [await dock.credentials(), await dock.credentials()];
    expect(one.object_key_prefix).not.toBe(other.object_key_prefix);
  });
});

describe('file_upload_callback', () => {
  it.each(fixtures('dock', 'file-upload-callback'))(
    'is acknowledged in the shape of $name',
    async ({ body }) => {
      const file = photo(body.data.file.name);
      const flightId = randomUUID();
      body.data.file.object_key = await dock.put(file, flightId);
      body.data.file.ext.flight_id = flightId;
      if (body.data.file.fingerprint) body.data.file.fingerprint = file.fingerprint.toUpperCase();
      // The documents' own gateway, which is another than the topic's.
      const { data, ...envelope } = body;
      expect(await dock.callback(data, { ...envelope, tid: randomUUID() })).toEqual({ result: 0 });

      const sidecar = file.name.endsWith('.nav');
      const item = await stack.file(dock.workspaceId, body.data.file.object_key, file.fingerprint);
      expect(item).toMatchObject({
        kind: sidecar ? 'sidecar' : 'photo',
        flight_id: flightId,
        drone_model_key: '0-67-0',
        integrity: 'verified',
        reported_by: { kind: 'dock', name: dock.sn },
        ...(!sidecar && { gimbal_yaw_degree: -91.4, shoot_position: { lat: 22.1, lng: 122.5 } }),
      });
      expect(item.captured_at).toMatch(sidecar ? /^2024-05-16T11:42:07$/ : /^2021-05-10T/);
      expect(await flightSeenBy(pilot, flightId)).toMatchObject({ received_file_count: 1 });
    },
  );

  it("makes the same entry as Pilot's callback", async () => {
    const [docks, pilots] = [photo(), photo()];
    const dockKey = await dock.put(docks);
    const { file } = report(docks, dockKey, { flightId: 'same' });
    expect(await dock.callback({ file: { ...file, fingerprint: docks.fingerprint } })).toEqual({ result: 0 });
    const pilotKey = await pilot.put(pilots);
    const { metadata, ext, path } = file;
    const { envelope } = await pilot.report(pilots, pilotKey, {
      path,
      ext: { ...ext, flight_id: undefined, file_group_id: 'same' },
      metadata: { ...metadata, gimbal_yaw_degree: -91.4, created_time: metadata.create_time },
    });
    expect(envelope).toMatchObject({ code: 0 });

    const comparable = async (objectKey: string, eTag: string) => {
      const item = await stack.file(dock.workspaceId, objectKey, eTag);
      const { pk, sk, md5, object_key, etag, fingerprint, version_id, raw, listed_at, ...rest } = item;
      const { reported_by, reported_at, arrived_at, stored_at, content_type, ...core } = rest;
      expect([fingerprint, md5]).toEqual([eTag, eTag]);
      expect(listed_at).toMatch(new RegExp(`^${core.captured_at}#`));
      return core;
    };
    expect(await comparable(dockKey, docks.fingerprint)).toEqual(
      await comparable(pilotKey, pilots.fingerprint),
    );
  });

  it('accepts all sidecars of a flight, each as a file', async () => {
    const flightId = randomUUID();
    const storage = await dock.credentials();
    const names = ['V.SRT', 'PPKOBS.obs', 'PPKRAW.rtk', 'Timestamp.MRK', 'PPKNAV.nav', 'RTCM.DAT'];
    await Promise.all(
      names.map(async (ending) => {
        const file = photo(`DJI_20240516114207_0001_${ending}`, 100);
        const objectKey = await dock.put(file, flightId, storage);
        expect(await dock.callback(report(file, objectKey, { flightId }))).toEqual({ result: 0 });
        expect(await stack.file(dock.workspaceId, objectKey, file.fingerprint)).toMatchObject({
          kind: 'sidecar',
        });
      }),
    );
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ received_file_count: names.length });
  });

  it('accepts a video in parts, whose MD5 is known after it was read', async () => {
    const storage = await dock.credentials();
    const s3 = dock.s3(storage);
    const name = 'DJI_20240516114207_0002_上云 100%.MP4';
    const target = { Bucket: storage.bucket, Key: `${storage.object_key_prefix}/f/${name}` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const Parts = [];
    const hash = createHash('md5');
    for (const [index, size] of [5 * 1024 * 1024, 1000].entries()) {
      const Body = randomBytes(size);
      hash.update(Body);
      const part = { ...target, UploadId, PartNumber: index + 1 };
      const { ETag } = await s3.send(new UploadPartCommand({ ...part, Body }));
      Parts.push({ ETag, PartNumber: index + 1 });
    }
    const done = await s3.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    );
    const md5 = hash.digest('hex');
    expect(await dock.callback(report({ name }, target.Key))).toEqual({ result: 0 });
    const eTag = done.ETag?.replaceAll('"', '') ?? '';
    expect(eTag).toMatch(/-2$/);
    await vi.waitFor(
      async () =>
        expect(await stack.file(dock.workspaceId, target.Key, eTag)).toMatchObject({
          name,
          kind: 'video',
          integrity: 'verified',
          md5,
        }),
      { timeout: 20_000, interval: 100 },
    );
  });

  it('replies to every event of a burst, with its tid', async () => {
    const storage = await dock.credentials();
    const flightId = randomUUID();
    const burst = Array.from({ length: 24 }, (_, index) => photo(`burst ${index}.JPG`, 200));
    const replies = await Promise.all(
      burst.map(async (file) => {
        const objectKey = await dock.put(file, flightId, storage);
        return await dock.ask('events', 'file_upload_callback', report(file, objectKey, { flightId }));
      }),
    );
    expect(replies.map(({ data }) => data)).toEqual(burst.map(() => ({ result: 0 })));
    expect(new Set(replies.map(({ tid }) => tid)).size).toBe(burst.length);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ received_file_count: burst.length });
  });
});

describe('a remote controller', () => {
  it('reports its topology, as a dock does', async () => {
    const controller = await stack.dock(await stack.register(dock.workspaceId, 'RCPLUS'));
    const { data } = await controller.ask('status', 'update_topo', {
      domain: 2,
      type: 144,
      sub_type: 0,
      device_secret: 'x',
      nonce: 'y',
      version: '1.1.0',
      sub_devices: [{ sn: 'DRONEOFRC1', domain: 0, type: 89, sub_type: 0, index: 'A' }],
    });
    expect(data).toEqual({ result: 0 });
    expect((await stack.registry.findGateway(controller.sn as GatewaySn))?.topology).toMatchObject({
      gatewayModelKey: '2-144-0',
      drones: [{ sn: 'DRONEOFRC1', modelKey: '0-89-0' }],
    });
  });
});
