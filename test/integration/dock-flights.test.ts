import { randomUUID } from 'node:crypto';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { flightKey } from '../../functions/adapters/media-table-keys.ts';
import { STALLED_AFTER_IN_SECONDS, UNANSWERED_AFTER_IN_SECONDS } from '../../functions/core/flight.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import { type Dock, DockStack, flightSeenBy, report } from './dock-fixture.ts';
import { type PilotDevice, photo } from './stack-fixture.ts';

let stack: DockStack;
/** Two docks of one workspace, and somebody of it. */
let dock: Dock;
let neighbour: Dock;
let pilot: PilotDevice;

beforeAll(async () => {
  stack = await DockStack.start();
  dock = await stack.dock(0);
  neighbour = await stack.dock(await stack.register(dock.workspaceId));
  pilot = await stack.pilotOf(dock);
});
afterAll(() => stack?.close());

const task = (expected_file_count: number, uploaded_file_count: number) => ({
  expected_file_count,
  uploaded_file_count,
});

/** Sets the clock of a flight and of its files back: `heard_at`, or when it was wished for. */
async function age(flightId: string, attribute: 'heard_at' | 'prioritization.requested_at', seconds: number) {
  const { pk } = flightKey({ workspaceId: dock.workspaceId, flightId, owner: 'dock' });
  const items = (await stack.items()).filter((item) => item?.['pk'] === pk);
  const aged = items.filter((item) => attribute === 'heard_at' || item?.['entity'] === 'flight');
  for (const item of aged) {
    await stack.stack.dynamoDb().send(
      new UpdateCommand({
        TableName: stack.endpoints.table,
        Key: { pk, sk: item?.['sk'] },
        UpdateExpression: `SET ${attribute} = :then`,
        ExpressionAttributeValues: { ':then': new Date(Date.now() - seconds * 1000).toISOString() },
      }),
    );
  }
}

describe("a flight's counts", () => {
  it('never decrease, in any order and with repetitions', async () => {
    const flightId = randomUUID();
    const files = [photo('1.JPG'), photo('2.JPG'), photo('3.JPG')];
    const storage = await dock.credentials();
    const keys = await Promise.all(files.map((file) => dock.put(file, flightId, storage)));
    const tell = async (index: number, flight_task?: object) => {
      const data = report(files[index] ?? photo(), keys[index] ?? '', {
        flightId,
        ...(flight_task && { flight_task }),
      });
      expect(await dock.callback(data)).toEqual({ result: 0 });
    };
    const seen = () => flightSeenBy(pilot, flightId);

    await tell(2, task(3, 3));
    // The dock says that it is done, but two of its reports are still on their way.
    expect(await seen()).toMatchObject({
      state: 'reported-complete',
      received_file_count: 1,
      uploaded_file_count: 3,
    });
    await tell(0, task(3, 1));
    await tell(2, task(3, 3));
    await tell(0, task(1, 0));
    expect(await seen()).toMatchObject({
      state: 'reported-complete',
      expected_file_count: 3,
      uploaded_file_count: 3,
      received_file_count: 2,
    });
    await tell(1);
    await tell(1, task(3, 2));
    expect(await seen()).toMatchObject({
      state: 'complete',
      expected_file_count: 3,
      uploaded_file_count: 3,
      received_file_count: 3,
    });
  });

  it('are the sum of both docks that share the flight', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId, photo('1.JPG'), task(3, 1));
    await neighbour.upload(flightId, photo('1.JPG'), task(3, 2));
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'uploading',
      received_file_count: 2,
      gateway_sn: neighbour.sn,
    });
    await Promise.all([
      dock.upload(flightId, photo('2.JPG'), task(3, 3)),
      neighbour.upload(flightId, photo('3.JPG'), task(3, 3)),
    ]);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'complete',
      expected_file_count: 3,
      received_file_count: 4,
    });
  });

  it('become stalled after a time without messages, and grow again later', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId, photo(), task(2, 1));
    await age(flightId, 'heard_at', STALLED_AFTER_IN_SECONDS + 5);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ state: 'stalled', received_file_count: 1 });
    await dock.upload(flightId, photo(), task(2, 2));
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ state: 'complete' });
  });

  it('become complete without an expected count, after a time without messages', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ state: 'uploading', expected_file_count: 0 });
    await age(flightId, 'heard_at', STALLED_AFTER_IN_SECONDS + 5);
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ state: 'complete', received_file_count: 1 });
  });

  it('work for any flight id within the limit', async () => {
    const flightId = `上云 #?%/${'x'.repeat(240)}`;
    await dock.upload(flightId, photo(), task(1, 1));
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({ flight_id: flightId, state: 'complete' });
  });
});

describe('a request for priority', () => {
  const prioritize = (flightId: string, body?: object) =>
    pilot.ask(`flights/${flightId}/prioritize`, { ...(body && { body }) });
  const stateOf = async (flightId: string) => (await flightSeenBy(pilot, flightId)).prioritization;
  const becomes = (flightId: string, expected: object) =>
    vi.waitFor(async () => expect(await stateOf(flightId)).toMatchObject(expected), {
      timeout: 20_000,
      interval: 50,
    });

  it('is sent to the dock, and its replies become the state of the flight', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId, photo(), task(2, 1));
    const asked = dock.services.length;
    const { envelope } = await prioritize(flightId);
    const { tid, bid } = envelope.data as unknown as { tid: string; bid: string };
    expect(envelope).toEqual({ code: 0, message: 'success', data: { tid, bid, gateway_sn: dock.sn } });
    const service = await dock.service(asked);
    expect(service).toEqual({
      tid,
      bid,
      timestamp: expect.any(Number),
      gateway: dock.sn,
      method: 'upload_flighttask_media_prioritize',
      data: { flight_id: flightId },
    });
    expect(await stateOf(flightId)).toMatchObject({ state: 'requested', gateway_sn: dock.sn });

    await dock.say('services_reply', { ...service, data: { result: 0, output: { status: 'ok' } } });
    await becomes(flightId, { state: 'accepted', result: 0 });
    const started = await dock.ask('events', 'highest_priority_upload_flighttask_media', {
      flight_id: flightId,
    });
    expect(started.data).toEqual({ result: 0 });
    expect(await stateOf(flightId)).toMatchObject({ state: 'uploading-first', result: 0 });
    expect(neighbour.services).toEqual([]);
  });

  it('that the dock refuses has that state, and can be repeated', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId);
    const asked = dock.services.length;
    await prioritize(flightId);
    const first = await dock.service(asked);
    await dock.say('services_reply', { ...first, data: { result: 314003 } });
    await becomes(flightId, { state: 'refused', result: 314003 });

    await prioritize(flightId);
    const second = await dock.service(asked + 1);
    expect(await stateOf(flightId)).toMatchObject({ state: 'requested' });
    expect(await stateOf(flightId)).not.toHaveProperty('result');
    // A late twin of the first answer is not one to the second wish.
    await dock.say('services_reply', { ...first, data: { result: 0 } });
    await stack.logged({ message: 'handled', awaited: false, tid: first.tid });
    expect(await stateOf(flightId)).toMatchObject({ state: 'requested' });
    await dock.say('services_reply', { ...second, data: { result: 0 } });
    await becomes(flightId, { state: 'accepted' });
  });

  it('without a reply has that state until there is one', async () => {
    const flightId = randomUUID();
    await dock.upload(flightId);
    const asked = dock.services.length;
    await prioritize(flightId);
    await age(flightId, 'prioritization.requested_at', UNANSWERED_AFTER_IN_SECONDS + 1);
    expect(await stateOf(flightId)).toMatchObject({ state: 'unanswered' });
    await dock.say('services_reply', { ...(await dock.service(asked)), data: { result: 0 } });
    await becomes(flightId, { state: 'accepted' });
  });

  it('is possible for a flight without files when its dock is named', async () => {
    const flightId = randomUUID();
    expect(await prioritize(flightId)).toMatchObject({ status: 404, envelope: { code: 404 } });
    const asked = dock.services.length;
    expect((await prioritize(flightId, { gateway_sn: dock.sn })).envelope).toMatchObject({ code: 0 });
    expect(await dock.service(asked)).toMatchObject({ data: { flight_id: flightId } });
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'uploading',
      received_file_count: 0,
      prioritization: { state: 'requested' },
    });
  });

  it('is refused for a dock that is unknown or revoked', async () => {
    const identity = await stack.register(dock.workspaceId);
    await stack.registry.revoke(identity.sn as GatewaySn);
    for (const gateway_sn of ['UNKNOWN1', identity.sn, '+', '../events']) {
      const flightId = randomUUID();
      const refusal = { status: 404, envelope: { code: 210001 } };
      expect(await prioritize(flightId, { gateway_sn }), gateway_sn).toMatchObject(refusal);
      expect((await pilot.ask(`flights/${flightId}`, { method: 'GET' })).status).toBe(404);
    }
  });

  it('reaches a dock that was offline when it reconnects', async () => {
    const identity = await stack.register(dock.workspaceId);
    const persistent = { clean: false };
    const away = await stack.dock(identity, persistent);
    await away.client.endAsync();
    const flightId = randomUUID();
    await prioritize(flightId, { gateway_sn: identity.sn });
    const back = await stack.dock(identity, persistent);
    expect(await back.service()).toMatchObject({ data: { flight_id: flightId } });
  });
});

describe('a dock that announces a flight without a request', () => {
  it.each([
    ['highest_priority_upload_flighttask_media', 1],
    [undefined, true],
  ])('with the method %s gives it that state', async (method, need_reply) => {
    const flightId = randomUUID();
    const reply = await dock.ask('events', method, { flight_id: flightId }, { need_reply });
    expect(reply).toEqual({
      tid: expect.any(String),
      bid: expect.any(String),
      ...(method && { method }),
      timestamp: expect.any(Number),
      data: { result: 0 },
    });
    expect(await flightSeenBy(pilot, flightId)).toMatchObject({
      state: 'uploading',
      gateway_sn: dock.sn,
      prioritization: { state: 'uploading-first', gateway_sn: dock.sn },
    });
  });
});
