import { randomUUID } from 'node:crypto';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { gatewayKey } from '../../functions/adapters/media-table-keys.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { type Dock, DockStack, flightSeenBy, report } from './dock-fixture.ts';
import { isToldByBucketOnly, type PilotDevice, photo } from './stack-fixture.ts';

let stack: DockStack;
let dock: Dock;
let pilot: PilotDevice;

beforeAll(async () => {
  stack = await DockStack.start();
  dock = await stack.dock(0);
  pilot = await stack.pilotOf(dock);
});
afterAll(() => stack?.close());

const METRIC = { _aws: expect.anything(), DockMessageRefused: 1 };

/** Flights that exist. */
const flightStatus = async (flightId: string) =>
  (await pilot.ask(`flights/${flightId}`, { method: 'GET' })).status;

describe('a file', () => {
  it('is acknowledged only after it is stored', async () => {
    const file = photo();
    const storage = await dock.credentials();
    const objectKey = `${storage.object_key_prefix}/late/${file.name}`;
    const data = report(file, objectKey, { flightId: 'late' });
    const ids = { tid: randomUUID(), bid: randomUUID() };
    const before = await stack.items();
    expect(await dock.callback(data, ids)).toEqual({ result: 404 });
    expect(await stack.items()).toHaveLength(before.length);
    expect(await flightStatus('late')).toBe(404);
    await stack.logged({ message: 'refused', tid: ids.tid, code: 404 });

    await dock.put(file, 'late', storage);
    expect(await dock.callback(data, ids)).toEqual({ result: 0 });
    expect(await flightSeenBy(pilot, 'late')).toMatchObject({ received_file_count: 1 });
  });

  it('is one entry, with any number of reports and ids', async () => {
    const file = photo();
    const flightId = 'duplicates';
    const objectKey = await dock.put(file, flightId);
    const data = report(file, objectKey, {
      flightId,
      flight_task: { expected_file_count: 2, uploaded_file_count: 1 },
    });
    const ids = { tid: randomUUID(), bid: randomUUID() };
    const once = [dock.callback(data, ids), dock.callback(data), dock.callback(data)];
    expect(await Promise.all(once)).toEqual([{ result: 0 }, { result: 0 }, { result: 0 }]);
    expect(await dock.callback(data, ids)).toEqual({ result: 0 });
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'uploading',
      expected_file_count: 2,
      uploaded_file_count: 1,
      received_file_count: 1,
    });
    const entries = (await stack.items()).filter((item) => item.object_key === objectKey && item.raw);
    expect(entries).toHaveLength(1);
    expect(JSON.parse(entries[0].raw).data).toEqual(data);
  });

  it('that was overwritten is acknowledged when it is the current version, and the other version is another entry', async () => {
    const storage = await dock.credentials();
    const [first, second] = [photo(), photo()];
    const objectKey = await dock.put(first, 'overwritten', storage);
    await dock.put(second, 'overwritten', storage);
    expect(await dock.callback(report(first, objectKey, { flightId: 'overwritten' }))).toEqual({ result: 0 });
    // Without a fingerprint nobody can tell which one the dock means. Both stand in the library.
    const entry = (eTag: string) => stack.file(dock.workspaceId, objectKey, eTag);
    expect(await entry(second.fingerprint)).toMatchObject({ flight_id: 'overwritten' });
    await vi.waitFor(async () => expect(await entry(first.fingerprint)).toBeDefined(), {
      timeout: 20_000,
    });
    expect(await entry(first.fingerprint)).not.toHaveProperty('reported_at');
  });

  it('whose bytes contradict its fingerprint is refused, kept separately, and counted', async () => {
    const file = photo();
    const objectKey = await dock.put(file, 'broken');
    const data = report(file, objectKey, { flightId: 'broken' });
    Object.assign(data.file, { fingerprint: '0'.repeat(32) });
    expect(await dock.callback(data)).toEqual({ result: 409 });
    expect(await stack.file(dock.workspaceId, objectKey, file.fingerprint)).toMatchObject({
      integrity: 'mismatch',
    });
    await stack.logged({ _aws: expect.anything(), IntegrityMismatch: 1 });
    expect(await flightStatus('broken')).toBe(404);
  });

  it('that the dock could not upload is recorded as a failure, and not listed', async () => {
    const file = photo();
    const objectKey = `${(await dock.credentials()).object_key_prefix}/${file.name}`;
    expect(await dock.callback(report(file, objectKey, { result: 5 }))).toEqual({ result: 0 });
    const kept = (await stack.items()).filter((item) => item.object_key === objectKey);
    expect(kept).toMatchObject([{ result: 5, reported_by: { kind: 'dock', name: dock.sn } }]);
  });
});

describe('a message that is not understood', () => {
  const tid = randomUUID();
  const unnamed = { tid, bid: tid, data: { flight_id: 'x' } };

  /** Says it, and shows by a good exchange after it that no reply came and that nothing was written. */
  async function expectSilence(channel: 'requests' | 'events' | 'services_reply' | 'status', sent: unknown) {
    const before = (await stack.items()).length;
    const heard = dock.heard.length;
    await dock.say(channel, sent);
    expect(dock.client.connected).toBe(true);
    expect((await dock.ask('requests', 'config', {})).data).not.toHaveProperty('result');
    expect(dock.heard).toHaveLength(heard + 1);
    expect(await stack.items()).toHaveLength(before);
  }

  it.each(['requests', 'services_reply', 'status'] as const)(
    'because it has no method, on %s, gets no reply, but one log line and a metric',
    async (channel) => {
      const noise = { message: 'refused', reason: 'The message has no method', gateway_sn: dock.sn };
      const [lines, metrics] = [stack.lines(noise).length, stack.lines(METRIC).length];
      await expectSilence(channel, unnamed);
      await stack.logged(noise, lines + 1);
      await stack.logged(METRIC, metrics + 1);
    },
  );

  it.each([
    ['has neither method nor flight', { tid, bid: tid, data: {} }],
    ['is a list', [unnamed]],
    ['is an empty object', {}],
    ['has no tid', { method: 'file_upload_callback', need_reply: 1, data: {} }],
    ['has a list for a tid', { tid: [7], method: 'file_upload_callback', need_reply: 1, data: {} }],
  ])('because it %s, on events, gets no reply, but one log line and a metric', async (_what, sent) => {
    const noise = { message: 'refused', code: 200001 };
    const [lines, metrics] = [stack.lines(noise).length, stack.lines(METRIC).length];
    await expectSilence('events', sent);
    await stack.logged(noise, lines + 1);
    await stack.logged(METRIC, metrics + 1);
  });

  it.each(['not JSON', '{"tid":', '', '{"method":"config","tid":"1"} trailing'])(
    'because it is %j reaches no function, and AWS IoT logs it',
    async (sent) => {
      const before = stack.stack.logged.filter(({ line }) => line.startsWith('ParseError')).length;
      await expectSilence('requests', sent);
      const after = stack.stack.logged.filter(({ line }) => line.startsWith('ParseError')).length;
      expect(after).toBe(before + 1);
    },
  );

  it.each(['unknown_method', 'CONFIG', '', null, 7, ['config']])(
    'because its method is %j reaches no function',
    async (method) => {
      await expectSilence('requests', { tid, bid: tid, method, data: {} });
    },
  );

  it('because its method belongs to another topic reaches no function', async () => {
    await expectSilence('status', { tid, bid: tid, method: 'config', data: {} });
    await expectSilence('requests', { ...unnamed, method: 'update_topo', data: { sub_devices: [] } });
  });
});

describe('a malformed message', () => {
  it.each<[string, 'requests' | 'events' | 'status', string, unknown]>([
    ['a text for data', 'events', 'file_upload_callback', 'file'],
    ['no data', 'events', 'file_upload_callback', undefined],
    ['no file', 'events', 'file_upload_callback', { result: 0 }],
    ['a list for data', 'status', 'update_topo', []],
    ['a text for drones', 'status', 'update_topo', { sub_devices: 'DRONE1' }],
    ['a text for a module', 'requests', 'storage_config_get', { module: 'media' }],
    ['no devices', 'requests', 'airport_bind_status', {}],
    ['no flight', 'events', 'highest_priority_upload_flighttask_media', {}],
  ])('with %s is refused and logged, and nothing is written', async (_what, channel, method, data) => {
    const before = (await stack.items()).length;
    const tid = randomUUID();
    expect((await dock.ask(channel, method, data, { tid })).data).toEqual({ result: 200001 });
    expect(await stack.items()).toHaveLength(before);
    await stack.logged({ message: 'refused', tid, method, code: 200001, gateway_sn: dock.sn });
  });
});

describe('an event', () => {
  it.each([true, 1])('with need_reply %j gets a reply', async (need_reply) => {
    const file = photo();
    expect(await dock.callback(report(file, await dock.put(file)), { need_reply })).toEqual({ result: 0 });
  });

  it.each([false, 0, undefined])('with need_reply %j gets no reply, and is processed', async (need_reply) => {
    const file = photo();
    const flightId = `silent-${need_reply}`;
    const data = report(file, await dock.put(file, flightId), { flightId });
    const tid = randomUUID();
    await dock.say('events', { tid, bid: tid, method: 'file_upload_callback', need_reply, data });
    await stack.logged({ message: 'handled', tid });
    await dock.ask('requests', 'config', {});
    expect(dock.repliesTo(tid)).toEqual([]);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ received_file_count: 1 });
  });
});

describe('a message of 128 KB', () => {
  const spare = () => stack.dock(0, { clientId: `${stack.identity(0).sn}-1` });
  const LIMIT = 128 * 1024;

  it('is accepted, and kept completely', async () => {
    const own = await spare();
    const file = photo();
    const objectKey = await dock.put(file, 'large');
    const data = report(file, objectKey, { flightId: 'large', future: '' });
    const message = { tid: randomUUID(), bid: '', method: 'file_upload_callback', need_reply: 1, data };
    Object.assign(data, { future: 'x'.repeat(LIMIT - JSON.stringify(message).length) });
    const text = JSON.stringify(message);
    expect(text).toHaveLength(LIMIT);
    await own.say('events', text);
    await vi.waitFor(() => expect(own.repliesTo(message.tid)).toMatchObject([{ data: { result: 0 } }]), {
      timeout: 20_000,
    });
    expect((await stack.file(dock.workspaceId, objectKey, file.fingerprint)).raw).toBe(text);
  });

  it.each([LIMIT + 1, LIMIT * 4])(
    'is the limit: after %i bytes the connection is closed, and nothing is written',
    async (bytes) => {
      const own = await spare();
      const before = (await stack.items()).length;
      own.client.publish(own.topic('events'), Buffer.alloc(bytes, '{"method":"file_upload_callback"}'), {
        qos: 1,
      });
      await own.thrownOff();
      expect(await stack.items()).toHaveLength(before);
      expect((await spare()).client.connected).toBe(true);
    },
  );
});

describe('a dock that is still connected', () => {
  type Question = readonly ['requests' | 'events' | 'status', string, object];

  const expectNothingGood = async (lost: Dock, objectKey: string, questions: readonly Question[] = []) => {
    const told = async () => (await stack.items()).filter((item) => !isToldByBucketOnly(item)).length;
    const before = await told();
    for (const [channel, method, data] of [
      ['requests', 'storage_config_get', { module: 0 }],
      ['events', 'file_upload_callback', report({ name: 'a.jpg' }, objectKey, { flightId: 'lost' })],
      ...questions,
    ] as const) {
      expect((await lost.ask(channel, method, data)).data, method).toEqual({ result: 210001 });
    }
    expect(await told()).toBe(before);
    expect(await flightStatus('lost')).toBe(404);
  };

  it('but revoked is refused, and writes nothing', async () => {
    const identity = await stack.register(dock.workspaceId);
    const lost = await stack.dock(identity);
    const objectKey = await lost.put(photo());
    await stack.registry.revoke(identity.sn as GatewaySn);
    const organization = { organization_id: dock.workspaceId, devices: [{ sn: lost.sn }] };
    await expectNothingGood(lost, objectKey, [
      ['requests', 'config', {}],
      ['requests', 'airport_bind_status', organization],
      ['requests', 'airport_organization_get', organization],
      ['events', 'highest_priority_upload_flighttask_media', { flight_id: 'lost' }],
      ['status', 'update_topo', { sub_devices: [{ sn: 'DRONE1' }] }],
    ]);
    const answer = { tid: randomUUID(), bid: '', data: { result: 0 } };
    await lost.say('services_reply', { ...answer, method: 'upload_flighttask_media_prioritize' });
    await stack.logged({ message: 'refused', tid: answer.tid, code: 210001 });
  });

  it('but is no longer registered gets no reply and writes nothing', async () => {
    const identity = await stack.register(dock.workspaceId);
    const lost = await stack.dock(identity);
    const objectKey = await lost.put(photo());
    await stack.stack
      .dynamoDb()
      .send(new DeleteCommand({ TableName: stack.endpoints.table, Key: gatewayKey(identity.sn) }));
    const told = async () => (await stack.items()).filter((item) => !isToldByBucketOnly(item)).length;
    const before = await told();
    const tid = randomUUID();
    const data = report({ name: 'a.jpg' }, objectKey, { flightId: 'lost' });
    await lost.say('events', { tid, bid: '', need_reply: 1, method: 'file_upload_callback', data });
    await stack.logged({ message: 'refused', tid, code: 210001 });
    expect(lost.heard.filter(({ message }) => message.tid === tid)).toEqual([]);
    expect(await told()).toBe(before);
    expect(await flightStatus('lost')).toBe(404);
  });
});
