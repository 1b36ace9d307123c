import { randomUUID } from 'node:crypto';
import type mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { dockSettings } from '../fixtures/bridge.ts';
import { type BridgeSite, startBridgeSite } from './bridge-site.ts';
import { type Dock, type DockIdentity, DockStack, flightSeenBy, type Heard, report } from './dock-fixture.ts';
import { photo } from './stack-fixture.ts';

const DEADLINE = { timeout: 20_000, interval: 25 };

const onSite = ({ sn }: Pick<DockIdentity, 'sn'>): string => `on-site-${sn}`;

let stack: DockStack;
let site: BridgeSite;
let dock: Dock;
let otherDock: Dock;

beforeAll(async () => {
  stack = await DockStack.start();
  const identities = [stack.identity(0), stack.identity(1)];
  site = await startBridgeSite({
    library: stack.endpoints.mqtt,
    docks: identities.map((identity) => dockSettings(identity)),
    passwords: new Map(identities.map((identity) => [identity.sn, onSite(identity)])),
  });
  const dockOnSite = (identity: DockIdentity): Promise<Dock> =>
    stack.dock({ ...identity, password: onSite(identity) }, { address: site.address });
  [dock, otherDock] = await Promise.all([dockOnSite(stack.identity(0)), dockOnSite(stack.identity(1))]);
});
afterAll(async () => {
  await site?.close();
  await stack?.close();
});

/** Says something at QoS 2, and waits for the reply. */
async function ask(
  who: Dock,
  channel: Parameters<Dock['topic']>[0],
  method: string,
  data: object,
): Promise<Heard> {
  const message = {
    tid: randomUUID(),
    bid: randomUUID(),
    timestamp: Date.now(),
    need_reply: 1,
    method,
    data,
  };
  await who.client.publishAsync(who.topic(channel), JSON.stringify(message), { qos: 2 });
  return await vi.waitFor(() => {
    const [reply] = who.repliesTo(message.tid);
    if (!reply) throw new Error(`No reply to ${method}`);
    return reply.data;
  }, DEADLINE);
}

describe('a dock behind a bridge', () => {
  it('gets its settings, its storage and a reply to its topology, at QoS 2', async () => {
    expect(
      await ask(dock, 'requests', 'config', { config_type: 'json', config_scope: 'product' }),
    ).toMatchObject({ ntp_server_host: expect.stringMatching(/./) });
    expect(await ask(dock, 'requests', 'storage_config_get', { module: 0 })).toMatchObject({
      result: 0,
      output: { object_key_prefix: expect.stringMatching(`^${dock.workspaceId}/`) },
    });
    expect(
      await ask(dock, 'status', 'update_topo', { domain: 3, type: 1, sub_type: 0, sub_devices: [] }),
    ).toEqual({ result: 0 });
    expect(site.published).toContainEqual({ topic: dock.topic('requests'), qos: 2 });
  });

  it('gets a reply for a missing and for a stored file', async () => {
    const missing = report(photo(), `${dock.workspaceId}/somebody/some-time/DJI_0001.JPG`);
    expect((await ask(dock, 'events', 'file_upload_callback', missing)).result).not.toBe(0);

    const file = photo();
    const objectKey = await dock.put(file, 'bridged');
    expect(
      await ask(dock, 'events', 'file_upload_callback', report(file, objectKey, { flightId: 'bridged' })),
    ).toEqual({ result: 0 });
    const pilot = await stack.pilotOf(dock);
    expect(await flightSeenBy(pilot, 'bridged')).toMatchObject({
      gateway_sn: dock.sn,
      received_file_count: 1,
    });
  });

  it('receives a request for priority, and its reply is received', async () => {
    await dock.upload('wished-for');
    const pilot = await stack.pilotOf(dock);
    const { envelope } = await pilot.ask('flights/wished-for/prioritize', { body: {} });
    expect(envelope).toMatchObject({ code: 0 });
    const { tid, bid, method } = await dock.service();
    const answer = { tid, bid, timestamp: Date.now(), gateway: dock.sn, method, data: { result: 0 } };
    await dock.client.publishAsync(dock.topic('services_reply'), JSON.stringify(answer), { qos: 2 });
    await vi.waitFor(
      async () =>
        expect((await flightSeenBy(pilot, 'wished-for')).prioritization).toMatchObject({ result: 0 }),
      DEADLINE,
    );
    expect(otherDock.services).toEqual([]);
  });
});

describe('another dock of the site', () => {
  const config = { tid: 'stolen', method: 'config', data: { config_type: 'json', config_scope: 'product' } };

  it('cannot publish for it: Mosquitto drops the message', async () => {
    const before = otherDock.heard.length;
    await dock.client.publishAsync(otherDock.topic('requests'), JSON.stringify(config), { qos: 2 });
    // Its own message, sent later, has its reply: the one before would have had it by now.
    await ask(otherDock, 'requests', 'storage_config_get', { module: 0 });
    expect(otherDock.heard.slice(before).map(({ message }) => message.method)).toEqual([
      'storage_config_get',
    ]);
  });

  it('cannot subscribe to its topics', async () => {
    await dock.client.subscribeAsync(['#', `thing/product/${otherDock.sn}/#`], { qos: 2 });
    await ask(otherDock, 'requests', 'storage_config_get', { module: 0 });
    expect(dock.heard.filter(({ topic }) => topic.includes(otherDock.sn))).toEqual([]);
  });

  it('cannot publish for it through the connection to the library either', async () => {
    const connection = site.connections.get(dock.sn) as mqtt.MqttClient;
    const before = otherDock.heard.length;
    connection.publish(otherDock.topic('requests'), JSON.stringify(config), { qos: 1 });
    await vi.waitFor(() => expect(connection.connected).toBe(false), DEADLINE);
    await ask(otherDock, 'requests', 'storage_config_get', { module: 0 });
    expect(otherDock.heard.slice(before).map(({ message }) => message.method)).toEqual([
      'storage_config_get',
    ]);
  });
});
