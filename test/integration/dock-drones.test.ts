import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import type { Topology } from '../../functions/core/topology.ts';
import { type Dock, DockStack, flightSeenBy } from './dock-fixture.ts';
import { photo } from './stack-fixture.ts';

const DRONE = '1581F5BMD22CK00A1234';
const OTHER_DRONE = '1581F5BMD22CK00A5678';
const MODEL = { domain: 3, type: 2, sub_type: 0 };
const ONLINE = { ...MODEL, sub_devices: [{ sn: DRONE, domain: 0, type: 91, sub_type: 0 }] };
const OFFLINE = { ...MODEL, sub_devices: [] };

let stack: DockStack;

beforeAll(async () => {
  // The policy of a connection is refreshed after 0.6 s, and the connection ends after three minutes.
  stack = await DockStack.start({ timeScales: { deviceAuthorizer: 0.002 } });
});
afterAll(() => stack?.close());

/** A dock that nobody has heard of its drone. */
const newDock = async () => {
  const identity = await stack.register(stack.identity(0).workspace_id);
  return { identity, dock: await stack.dock(identity) };
};

const topologyOf = async ({ sn }: Pick<Dock, 'sn'>): Promise<Topology | undefined> =>
  (await stack.registry.findGateway(sn as GatewaySn))?.topology;

/** What a dock says of itself and of its drone every second. */
const sayTelemetry = async (dock: Dock, drone: string): Promise<void> => {
  for (const topic of [
    `thing/product/${dock.sn}/osd`,
    `thing/product/${dock.sn}/state`,
    `thing/product/${drone}/osd`,
    `thing/product/${drone}/state`,
  ]) {
    await dock.client.publishAsync(topic, JSON.stringify({ tid: 't', data: { mode_code: 0 } }), { qos: 0 });
  }
};

const tell = async (dock: Dock, data: object): Promise<void> =>
  expect((await dock.ask('status', 'update_topo', data)).data).toEqual({ result: 0 });

/** How often the broker has asked the authorizer about a gateway. Its lines have no method. */
const signIns = ({ sn }: Pick<Dock, 'sn'>): number =>
  stack.lines({ message: 'handled', gateway_sn: sn }).filter((line) => !('method' in line)).length;

/** Waits for the next policy of the connection. */
const policyRefreshed = async (dock: Dock): Promise<void> => {
  const before = signIns(dock);
  await vi.waitFor(() => expect(signIns(dock)).toBeGreaterThan(before + 1), {
    timeout: 20_000,
    interval: 50,
  });
};

/** A message without `tid`, as a last will. */
const will = (topic: string, dock: Pick<Dock, 'sn'>, data: object) => ({
  will: {
    topic,
    payload: Buffer.from(JSON.stringify({ method: 'update_topo', gateway: dock.sn, data })),
    qos: 1 as const,
    retain: false,
  },
});

describe('a dock', () => {
  it('stays connected when its drone is switched on later, and uploads', async () => {
    const { dock } = await newDock();
    const pilot = await stack.pilotOf(dock);
    await sayTelemetry(dock, DRONE);
    await tell(dock, ONLINE);
    await sayTelemetry(dock, DRONE);
    await dock.upload('woke-late', photo());
    await policyRefreshed(dock);
    await sayTelemetry(dock, DRONE);
    await dock.upload('woke-late', photo('DJI_20240516114208_0002_V.JPG'));
    expect(dock.client.connected).toBe(true);
    expect(await flightSeenBy(pilot, 'woke-late')).toMatchObject({ received_file_count: 2 });
  });

  it('stays connected while drones go offline, come online and are swapped', async () => {
    const { dock } = await newDock();
    for (const data of [ONLINE, OFFLINE, ONLINE, { ...MODEL, sub_devices: [{ sn: OTHER_DRONE }] }, OFFLINE]) {
      await tell(dock, data);
      for (const drone of [DRONE, OTHER_DRONE]) await sayTelemetry(dock, drone);
    }
    await policyRefreshed(dock);
    await sayTelemetry(dock, DRONE);
    await dock.ask('requests', 'config', {});
    expect(dock.client.connected).toBe(true);
    expect(await topologyOf(dock)).toMatchObject({
      gatewayModelKey: '3-2-0',
      drones: [{ sn: OTHER_DRONE }, { sn: DRONE, modelKey: '0-91-0' }],
      online: [],
    });
  });

  it('may subscribe to the events of its drone when its policy has the drone', async () => {
    const { dock } = await newDock();
    await tell(dock, ONLINE);
    await policyRefreshed(dock);
    const [granted] = await dock.client.subscribeAsync(`thing/product/${DRONE}/events`, { qos: 1 });
    expect(granted).toMatchObject({ qos: 1 });
    expect(dock.client.connected).toBe(true);
  });

  it('has its drone offline after its last will, which gets no reply', async () => {
    const { identity } = await newDock();
    const dock = await stack.dock(identity, will(`sys/product/${identity.sn}/status`, identity, OFFLINE));
    await tell(dock, ONLINE);
    expect(await topologyOf(dock)).toMatchObject({ online: [DRONE] });
    dock.client.stream.destroy();
    await vi.waitFor(async () => expect(await topologyOf(dock)).toMatchObject({ online: [] }), {
      timeout: 20_000,
      interval: 50,
    });
    const again = await stack.dock(identity, { clean: false });
    await again.ask('requests', 'config', {});
    expect(again.heard.map(({ message }) => message.method)).toEqual(['config']);
    expect(stack.lines({ message: 'refused', gateway_sn: dock.sn })).toEqual([]);
    await tell(again, ONLINE);
    expect(await topologyOf(again)).toMatchObject({ drones: [{ sn: DRONE }], online: [DRONE] });
  });

  it.each([
    ['its own thing status', (sn: string) => `thing/product/${sn}/status`],
    ["its drone's status", () => `thing/product/${DRONE}/status`],
  ])('may have a last will on %s, which has no effect', async (_what, topicOf) => {
    const { identity, dock: first } = await newDock();
    await tell(first, ONLINE);
    const dock = await stack.dock(identity, will(topicOf(identity.sn), identity, OFFLINE));
    dock.client.stream.destroy();
    const again = await stack.dock(identity);
    await again.ask('requests', 'config', {});
    expect(await topologyOf(again)).toMatchObject({ online: [DRONE] });
  });

  it('is handled without tid, and gets no reply', async () => {
    const { dock } = await newDock();
    await dock.say('status', { method: 'update_topo', gateway: dock.sn, timestamp: 1, data: ONLINE });
    await vi.waitFor(async () => expect(await topologyOf(dock)).toMatchObject({ online: [DRONE] }), {
      timeout: 20_000,
      interval: 50,
    });
    await dock.ask('requests', 'config', {});
    expect(dock.heard.map(({ message }) => message.method)).toEqual(['config']);
  });

  it('causes no write for the same message again', async () => {
    const { dock } = await newDock();
    await tell(dock, ONLINE);
    const before = await topologyOf(dock);
    await tell(dock, ONLINE);
    await tell(dock, ONLINE);
    expect(await topologyOf(dock)).toEqual(before);
    expect(before?.heardAt).toBeDefined();
  });
});
