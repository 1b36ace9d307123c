import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import {
  CLIENT_IDS,
  IDENTITIES,
  type Identity,
  MAY_PUBLISH,
  MAY_SUBSCRIBE,
  TARGETS,
  TOPICS,
  WIDE_FILTERS,
  WIDE_TOPICS,
} from '../fixtures/mqtt-attempts.ts';
import { type Dock, type DockIdentity, DockStack } from './dock-fixture.ts';

const DRONE = '1581F5BMD22CK00A1234';

let stack: DockStack;
let own: DockIdentity;
let revoked: DockIdentity;
let sns: Record<'own' | 'drone' | 'neighbour' | 'foreigner' | 'unknown', string>;
/** Nobody's attempts may disturb it. */
let foreigner: Dock;

beforeAll(async () => {
  stack = await DockStack.start();
  foreigner = await stack.dock(1);
  const { workspace_id } = stack.identity(0);
  own = await stack.register(workspace_id);
  revoked = await stack.register(workspace_id);
  await stack.registry.revoke(revoked.sn as GatewaySn);
  const neighbour = await stack.register(workspace_id);
  sns = { own: own.sn, drone: DRONE, neighbour: neighbour.sn, foreigner: foreigner.sn, unknown: 'UNKNOWN1' };
  await stack.registry.rememberDevices(own.sn as GatewaySn, { drones: [{ sn: DRONE }], online: [DRONE] });
});
afterAll(() => stack?.close());

const withSerialNumbers = (text: string): string =>
  text.replaceAll(
    /\{(own|neighbour|foreigner)\}/g,
    (_, whose: 'own' | 'neighbour' | 'foreigner') => sns[whose],
  );

/** Whether a sign-in is accepted. */
async function admitted(identity: DockIdentity, clientId: string): Promise<boolean> {
  try {
    const dock = await stack.dock(identity, { clientId });
    await dock.client.endAsync();
    return true;
  } catch {
    return false;
  }
}

/** The dock that tries. It connects again when it was disconnected. */
class Attempts {
  #dock: Dock | undefined;

  /** Whether the dock is still connected after the attempt. */
  async try(attempt: (dock: Dock) => void): Promise<boolean> {
    if (!this.#dock?.client.connected) this.#dock = await stack.dock(own);
    const dock = this.#dock;
    attempt(dock);
    // The broker answers in order: after a refusal there is no answer.
    return await Promise.race([
      dock.client.subscribeAsync(`thing/product/${dock.sn}/services`, { qos: 1 }).then(
        () => true,
        () => false,
      ),
      new Promise<boolean>((resolve) => dock.client.once('close', () => resolve(false))),
    ]);
  }
}

const attempts = new Attempts();
const publishing = (topic: string) =>
  attempts.try(({ client }) => client.publish(topic, '{"method":"none"}', { qos: 1 }, () => {}));
const subscribing = (filter: string) =>
  attempts.try(({ client }) => client.subscribe(filter, { qos: 1 }, () => {}));

/** What was done with each of the names, by whether it was accepted. */
async function outcomes(
  names: readonly string[],
  attempt: (name: string) => Promise<boolean>,
): Promise<{ accepted: string[]; refused: string[] }> {
  const accepted: string[] = [];
  const refused: string[] = [];
  for (const name of names) ((await attempt(name)) ? accepted : refused).push(name);
  return { accepted, refused };
}

describe.each(TARGETS)('on a topic that is of: %s', (target) => {
  const topicOf = (topic: string) => topic.replace('{sn}', sns[target]);

  it('a dock publishes what it may, and is disconnected for the rest', async () => {
    const { accepted } = await outcomes(TOPICS, (topic) => publishing(topicOf(topic)));
    expect(accepted.toSorted()).toEqual(MAY_PUBLISH[target].toSorted());
  });

  it('a dock subscribes to what it may, and is disconnected for the rest', async () => {
    const { accepted } = await outcomes(TOPICS, (topic) => subscribing(topicOf(topic)));
    expect(accepted.toSorted()).toEqual(MAY_SUBSCRIBE[target].toSorted());
  });
});

it('no dock publishes on any other topic', async () => {
  expect((await outcomes(WIDE_TOPICS.map(withSerialNumbers), publishing)).accepted).toEqual([]);
});

it('no dock subscribes to a wider filter', async () => {
  expect((await outcomes(WIDE_FILTERS.map(withSerialNumbers), subscribing)).accepted).toEqual([]);
});

describe.each(IDENTITIES)('who signs in with: %s', (who) => {
  const identityOf = (name: Identity): DockIdentity => {
    const { sn, password } = own;
    const others: Partial<Record<Identity, Partial<DockIdentity>>> = {
      'wrong password': { password: `${password}x` },
      'empty password': { password: '' },
      'password and NUL': { password: `${password}\0` },
      "foreigner's password": { password: stack.identity(1).password },
      "foreigner's name": { sn: foreigner.sn },
      "drone's name": { sn: DRONE },
      'unknown name': { sn: 'UNKNOWN1' },
      revoked,
      'name in lower case': { sn: sn.toLowerCase() },
      'name that is a pattern': { sn: '*' },
      'name and slash': { sn: `${sn}/` },
    };
    return { ...own, ...others[name] };
  };

  it('is admitted with the right password and client id only', async () => {
    const clientIds = CLIENT_IDS.map(([clientId]) => withSerialNumbers(clientId));
    const { accepted } = await outcomes(clientIds, (clientId) => admitted(identityOf(who), clientId));
    const allowed = CLIENT_IDS.filter(([, may]) => may && who === 'right');
    expect(accepted).toEqual(allowed.map(([clientId]) => withSerialNumbers(clientId)));
  });
});

it('nobody was disturbed, and nothing was heard', async () => {
  expect(foreigner.client.connected).toBe(true);
  expect(foreigner.heard).toEqual([]);
  expect((await foreigner.ask('requests', 'config', {})).data).not.toHaveProperty('result');
});
