import { randomUUID } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { hashPassword } from '../../functions/core/gateway-password.ts';
import { type Dock, type DockIdentity, DockStack, flightSeenBy, report } from './dock-fixture.ts';
import { isToldByBucketOnly, type PilotDevice, photo } from './stack-fixture.ts';

let stack: DockStack;
/** Docks of two workspaces, and people of them. */
let dock: Dock;
let foreigner: Dock;
let pilot: PilotDevice;
let foreignPilot: PilotDevice;

beforeAll(async () => {
  stack = await DockStack.start();
  [dock, foreigner] = await Promise.all([stack.dock(0), stack.dock(1)]);
  [pilot, foreignPilot] = await Promise.all([stack.pilotOf(dock), stack.pilotOf(foreigner)]);
  expect(dock.workspaceId).not.toBe(foreigner.workspaceId);
});
afterAll(() => stack?.close());

/** A connection of the first dock that a test may lose. */
const another = () => stack.dock(0, { clientId: `${stack.identity(0).sn}-1` });

describe('the broker', () => {
  const own = () => stack.identity(0);
  const refusal = { code: 5 };

  it.each<[string, () => Partial<DockIdentity> & { clientId?: string }]>([
    ['a wrong password', () => ({ password: `${own().password}x` })],
    ['an empty password', () => ({ password: '' })],
    ["another dock's password", () => ({ password: stack.identity(1).password })],
    ["another dock's name", () => ({ sn: stack.identity(1).sn })],
    ['a name that nobody registered', () => ({ sn: 'UNKNOWN1' })],
    ["another dock's client id", () => ({ clientId: stack.identity(1).sn })],
    ["another dock's second client id", () => ({ clientId: `${stack.identity(1).sn}-1` })],
    ['a client id of its own choice', () => ({ clientId: 'bridge' })],
    ['a sixth client id', () => ({ clientId: `${own().sn}-5` })],
    ['a client id that is a pattern', () => ({ clientId: '*' })],
  ])('refuses %s, and leaves those who are there alone', async (_what, changes) => {
    const { clientId = own().sn, ...identity } = changes();
    await expect(stack.dock({ ...own(), ...identity }, { clientId })).rejects.toMatchObject(refusal);
    expect((await dock.ask('requests', 'config', {})).data).not.toHaveProperty('result');
    expect(foreigner.client.connected).toBe(true);
  });

  it('refuses a revoked dock, and takes it with a new password', async () => {
    const identity = await stack.register(dock.workspaceId);
    await stack.registry.revoke(identity.sn as GatewaySn);
    await expect(stack.dock(identity)).rejects.toMatchObject(refusal);
    await stack.registry.replacePassword(identity.sn as GatewaySn, hashPassword('a new one'));
    await expect(stack.dock(identity)).rejects.toMatchObject(refusal);
    expect((await stack.dock({ ...identity, password: 'a new one' })).client.connected).toBe(true);
  });

  it('writes no line to its log that a client made up', async () => {
    const lines = () => stack.stack.logged.filter(({ source }) => source === 'iot').map(({ line }) => line);
    const forged = 'client DOCK is admitted';
    const attempts = [
      stack.dock({ ...own(), password: '' }, { clientId: `a\n${forged}` }),
      stack.dock({ ...own(), sn: `a\r\n${forged}` }, { clientId: `b\r${forged}` }),
      stack.dock({ ...own(), password: '' }, { clientId: `\u001b[2J\u2028${forged}` }),
    ];
    await Promise.all(attempts.map((attempt) => expect(attempt).rejects.toMatchObject(refusal)));
    const spare = await another();
    spare.client.publish(`thing\n${forged}`, '{}', { qos: 1 });
    await spare.thrownOff();
    await vi.waitFor(() => expect(lines().filter((line) => line.includes(forged))).toHaveLength(4));
    for (const line of lines()) expect(line).toMatch(/^[^\p{Cc}\u2028\u2029]*$/u);
  });

  it('has at most five connections of a dock, each of which ends the one before it', async () => {
    const identity = await stack.register(dock.workspaceId);
    const clientIds = ['', '-1', '-2', '-3', '-4'].map((end) => `${identity.sn}${end}`);
    const docks = await Promise.all(clientIds.map((clientId) => stack.dock(identity, { clientId })));
    expect(docks.map(({ client }) => client.connected)).toEqual(clientIds.map(() => true));
    for (const clientId of clientIds) await stack.dock(identity, { clientId });
    await Promise.all(docks.map((older) => older.thrownOff()));
  });

  it('keeps the messages for a dock that is away, whoever else connects', async () => {
    const [identity, neighbour] = await Promise.all([
      stack.register(foreigner.workspaceId),
      stack.register(dock.workspaceId),
    ]);
    const clientId = `${identity.sn}-2`;
    const away = await stack.dock(identity, { clientId, clean: false });
    await away.client.endAsync();
    const asking = await stack.dock(identity);
    await asking.ask('requests', 'config', {}, { tid: 'while-away' });
    await expect(stack.dock(neighbour, { clientId, clean: true })).rejects.toMatchObject(refusal);
    const back = await stack.dock(identity, { clientId, clean: false });
    await vi.waitFor(() => expect(back.repliesTo('while-away')).toHaveLength(1), {
      timeout: 20_000,
      interval: 25,
    });
  });

  it.each<[string, () => string]>([
    ["another's events", () => `thing/product/${foreigner.sn}/events`],
    ["another's requests", () => `thing/product/${foreigner.sn}/requests`],
    ["another's answers to services", () => `thing/product/${foreigner.sn}/services_reply`],
    ["another's topology", () => `sys/product/${foreigner.sn}/status`],
    ['what the cloud says to another', () => `thing/product/${foreigner.sn}/services`],
    ['its own services', () => `thing/product/${dock.sn}/services`],
    ["an unknown dock's events", () => 'thing/product/UNKNOWN1/events'],
    ['a topic of nobody', () => 'anything'],
  ])('throws a dock off that publishes on %s', async (_what, topic) => {
    const spare = await another();
    const tid = randomUUID();
    const file = photo();
    const objectKey = await foreigner.put(file);
    const data = report(file, objectKey, { flightId: tid });
    spare.client.publish(
      topic(),
      JSON.stringify({ tid, bid: tid, method: 'file_upload_callback', need_reply: 1, data }),
      { qos: 1 },
    );
    await spare.thrownOff();
    // What had gone through would have been answered before this is.
    await foreigner.ask('requests', 'config', {});
    expect([...foreigner.repliesTo(tid), ...dock.repliesTo(tid)]).toEqual([]);
    expect(foreigner.services).toEqual([]);
    expect((await foreignPilot.ask(`flights/${tid}`, { method: 'GET' })).status).toBe(404);
  });

  it.each<[string, () => string]>([
    ["another's replies", () => `thing/product/${foreigner.sn}/requests_reply`],
    ["another's services", () => `thing/product/${foreigner.sn}/services`],
    ["everybody's replies", () => 'thing/product/+/requests_reply'],
    ["all that is another's", () => `thing/product/${foreigner.sn}/#`],
    ['everything', () => '#'],
    ['every device of a kind', () => 'thing/#'],
    ['what the broker says', () => '$SYS/#'],
  ])('does not let a dock listen to %s', async (_what, filter) => {
    const spare = await another();
    await expect(spare.client.subscribeAsync(filter(), { qos: 1 })).rejects.toThrow();
    await spare.thrownOff();
    await foreigner.ask('requests', 'config', {});
    expect(spare.heard).toEqual([]);
  });

  it('takes the telemetry of any device from a dock', async () => {
    const spare = await another();
    for (const sn of [spare.sn, 'DRONE1', 'DRONE2', foreigner.sn])
      for (const channel of ['osd', 'state', 'status'])
        await spare.client.publishAsync(`thing/product/${sn}/${channel}`, '{}', { qos: 1 });
    expect(spare.client.connected).toBe(true);
  });

  it('lets a dock listen to the events of its drone, and not to those of a dock that it calls its drone', async () => {
    const identity = await stack.register(dock.workspaceId);
    const first = await stack.dock(identity);
    const sub_devices = [{ sn: foreigner.sn }, { sn: 'DRONE1' }];
    expect((await first.ask('status', 'update_topo', { sub_devices })).data).toEqual({ result: 0 });
    await first.client.endAsync();

    const again = await stack.dock(identity);
    await again.client.subscribeAsync('thing/product/DRONE1/events', { qos: 1 });
    const claimed = `thing/product/${foreigner.sn}/events`;
    await expect(again.client.subscribeAsync(claimed, { qos: 1 })).rejects.toThrow();
    await again.thrownOff();

    const mute = await stack.dock(identity);
    mute.client.publish('thing/product/DRONE1/events', '{}', { qos: 1 });
    await mute.thrownOff();
  });
});

describe('credentials of a dock', () => {
  it('write below their own prefix and nowhere else, and read nothing', async () => {
    const [mine, theirs] = await Promise.all([dock.credentials(), foreigner.credentials()]);
    const neighbour = await stack.dock(await stack.register(dock.workspaceId));
    const neighbours = await neighbour.credentials();
    const s3 = dock.s3(mine);
    const Bucket = mine.bucket;
    const denied = { name: 'AccessDenied' };
    const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket, Key, Body: 'bytes' }));
    await put(`${mine.object_key_prefix}/a.jpg`);
    for (const prefix of [
      theirs.object_key_prefix,
      foreigner.workspaceId,
      neighbours.object_key_prefix,
      dock.workspaceId,
      `${mine.object_key_prefix.split('/').slice(0, 2).join('/')}x`,
      `${dock.workspaceId}/*`,
    ]) {
      await expect(put(`${prefix}/a.jpg`), prefix).rejects.toMatchObject(denied);
    }
    await expect(
      s3.send(new GetObjectCommand({ Bucket, Key: `${mine.object_key_prefix}/a.jpg` })),
    ).rejects.toMatchObject(denied);
    await expect(s3.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject(denied);
  });
});

describe('a message', () => {
  it("does not reach into another workspace's prefix, and leaves no trace", async () => {
    const file = photo();
    const objectKey = await foreigner.put(file);
    const told = async () => (await stack.items()).filter((item) => !isToldByBucketOnly(item));
    const before = await told();
    for (const key of [
      objectKey,
      `${dock.workspaceId}/../${objectKey}`,
      `${dock.workspaceId}%2f..%2f${objectKey}`,
    ]) {
      expect(await dock.callback(report(file, key, { flightId: 'stolen' })), key).toEqual({ result: 403 });
    }
    expect(await told()).toHaveLength(before.length);
    expect((await pilot.ask('flights/stolen', { method: 'GET' })).status).toBe(404);
  });

  it('belongs to the gateway of its topic, whatever its gateway field says', async () => {
    const file = photo();
    const objectKey = await dock.put(file);
    const before = foreigner.heard.length;
    const claim = { gateway: foreigner.sn };
    expect(await dock.callback(report(file, objectKey, { flightId: 'claimed' }), claim)).toEqual({
      result: 0,
    });
    expect(await flightSeenBy(pilot, 'claimed')).toMatchObject({ gateway_sn: dock.sn });
    expect(foreigner.heard).toHaveLength(before);
  });

  it('of the same flight id in two workspaces is of two flights', async () => {
    await dock.upload('shared', photo(), { expected_file_count: 5, uploaded_file_count: 1 });
    await foreigner.upload('shared', photo(), { expected_file_count: 1, uploaded_file_count: 1 });
    expect(await flightSeenBy(pilot, 'shared')).toMatchObject({
      state: 'uploading',
      received_file_count: 1,
      gateway_sn: dock.sn,
    });
    expect(await flightSeenBy(foreignPilot, 'shared')).toMatchObject({
      state: 'complete',
      expected_file_count: 1,
      gateway_sn: foreigner.sn,
    });
  });

  it('tells nobody of a dock of another workspace, and binds none', async () => {
    const organization_id = foreigner.workspaceId;
    const { data } = await dock.ask('requests', 'airport_bind_status', { devices: [{ sn: foreigner.sn }] });
    expect(data.output.bind_status).toMatchObject([
      { is_device_bind_organization: false, organization_id: '' },
    ]);
    const get = await dock.ask('requests', 'airport_organization_get', { organization_id });
    expect(get.data).toEqual({ result: 210234 });
    const bind = await dock.ask('requests', 'airport_organization_bind', {
      bind_devices: [
        { sn: dock.sn, organization_id, device_callsign: 'mine' },
        { sn: foreigner.sn, organization_id: dock.workspaceId, device_callsign: 'mine' },
        { sn: 'UNKNOWN1', organization_id: dock.workspaceId, device_callsign: 'mine' },
      ],
    });
    expect(bind.data.output.err_infos).toEqual([
      { sn: dock.sn, err_code: 210232 },
      { sn: foreigner.sn, err_code: 0 },
      { sn: 'UNKNOWN1', err_code: 0 },
    ]);
    const theirs = await foreigner.ask('requests', 'airport_bind_status', {
      devices: [{ sn: foreigner.sn }],
    });
    expect(theirs.data.output.bind_status).toMatchObject([
      { organization_id: foreigner.workspaceId, device_callsign: '' },
    ]);
    expect((await stack.registry.findGateway(foreigner.sn as GatewaySn))?.topology.names).toEqual([]);
  });
});

describe('an operator', () => {
  const prioritize = (by: PilotDevice, flightId: string, request: object = {}) =>
    by.ask(`flights/${flightId}/prioritize`, request);

  it('reaches no dock and no flight of another workspace', async () => {
    await foreigner.upload('theirs');
    const status = async (request: Promise<{ status: number }>) => (await request).status;
    expect(await status(prioritize(pilot, 'theirs'))).toBe(404);
    expect(await status(prioritize(pilot, 'theirs', { workspaceId: foreigner.workspaceId }))).toBe(403);
    expect(await status(pilot.ask('flights/theirs', { method: 'GET' }))).toBe(404);
    const theirs = { method: 'GET', workspaceId: foreigner.workspaceId };
    expect(await status(pilot.ask('flights/theirs', theirs))).toBe(403);
    const named = await prioritize(pilot, 'theirs', { body: { gateway_sn: foreigner.sn } });
    expect(named).toMatchObject({ status: 404, envelope: { code: 210001 } });
    const unknown = await prioritize(pilot, 'theirs', { body: { gateway_sn: 'UNKNOWN1' } });
    expect(unknown.envelope).toEqual(named.envelope);
    await foreigner.ask('requests', 'config', {});
    expect(foreigner.services).toEqual([]);
    expect((await pilot.ask('flights/theirs', { method: 'GET' })).status).toBe(404);
  });

  it("does not get another dock's answer for that of the dock that was asked", async () => {
    await dock.upload('asked');
    expect((await prioritize(pilot, 'asked')).envelope).toMatchObject({ code: 0 });
    const { tid, bid, method } = await dock.service();
    await foreigner.say('services_reply', { tid, bid, method, data: { result: 0 } });
    await stack.logged({ awaited: false, gateway_sn: foreigner.sn });
    const { prioritization } = await flightSeenBy(pilot, 'asked');
    expect(prioritization).toMatchObject({ state: 'requested', gateway_sn: dock.sn });
    await dock.say('services_reply', { tid, bid, method, data: { result: 0 } });
    await vi.waitFor(
      async () =>
        expect(await flightSeenBy(pilot, 'asked')).toMatchObject({ prioritization: { state: 'accepted' } }),
      { timeout: 10_000, interval: 50 },
    );
  });
});
