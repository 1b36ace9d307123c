import type { AedesPublishPacket, Client } from 'aedes';
import { describe, expect, it } from 'vitest';
import { SessionStore } from '../../iot/session-store.ts';

let count = 0;

const packet = (
  topic: string,
  payload = 'x',
  overrides: Partial<AedesPublishPacket> = {},
): AedesPublishPacket => ({
  cmd: 'publish',
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  dup: false,
  retain: false,
  brokerId: 'broker',
  brokerCounter: ++count,
  ...overrides,
});

const client = (id: string) => ({ id }) as Client;

function setup() {
  const state = { now: 0, lines: [] as string[] };
  const store = new SessionStore({
    maySubscribe: (_client, filter) => filter !== 'forbidden',
    clock: () => new Date(state.now),
    log: (line) => state.lines.push(line),
  });
  const subscribe = (id: string, ...filters: string[]) =>
    store.addSubscriptions(
      client(id),
      filters.map((topic) => ({ topic, qos: topic.startsWith('qos0') ? 0 : 1 })),
    );
  const publish = async (message: AedesPublishPacket) =>
    store.outgoingEnqueueCombi(await store.subscriptionsByTopic(message.topic), message);
  const queued = async (id: string) => {
    const texts: string[] = [];
    for await (const { payload } of store.outgoingStream(client(id))) texts.push(String(payload));
    return texts;
  };
  return { state, store, subscribe, publish, queued };
}

describe('the session store', () => {
  it('queues a message once for overlapping filters', async () => {
    const { store, subscribe, publish, queued } = setup();
    await subscribe('a', 'x/y', 'x/+', 'x/#');
    await subscribe('b', 'x/z');
    expect(await store.subscriptionsByTopic('x/y')).toEqual([{ clientId: 'a', topic: 'x/y', qos: 1 }]);
    await publish(packet('x/y', 'once'));
    expect([await queued('a'), await queued('b')]).toEqual([['once'], []]);
  });

  it('queues nothing for subscriptions at QoS 0 and refused ones', async () => {
    const { subscribe, publish, queued, store } = setup();
    await subscribe('a', 'qos0', 'forbidden');
    await publish(packet('qos0'));
    await publish(packet('forbidden'));
    expect(await queued('a')).toEqual([]);
    expect(await store.subscriptionsByClient(client('a'))).toEqual([{ topic: 'qos0', qos: 0 }]);
  });

  it('deletes a message when it is acknowledged on the same connection', async () => {
    const { store, subscribe, publish, queued } = setup();
    await subscribe('a', 'x');
    const message = packet('x', 'text');
    await publish(message);
    const connection = client('a');
    await store.outgoingUpdate(connection, { ...message, messageId: 7 });
    expect(await store.outgoingClearMessageId(client('a'), { messageId: 7 })).toBeUndefined();
    expect(await store.outgoingClearMessageId(connection, { messageId: 8 })).toBeUndefined();
    expect(await queued('a')).toEqual(['text']);
    expect(await store.outgoingClearMessageId(connection, { messageId: 7 })).toMatchObject({ topic: 'x' });
    expect(await queued('a')).toEqual([]);
  });

  it('does not send a message again on the same connection', async () => {
    const { store, subscribe, publish } = setup();
    await subscribe('a', 'x');
    const message = packet('x');
    await publish(message);
    const connection = client('a');
    await store.outgoingUpdate(connection, { ...message, messageId: 7 });
    expect(await store.outgoingStream(connection).toArray()).toEqual([]);
    expect(await store.outgoingStream(client('a')).toArray()).toMatchObject([
      { topic: 'x', messageId: undefined },
    ]);
  });

  it('copies payloads, which are parts of larger buffers', async () => {
    const { store, subscribe, publish } = setup();
    await subscribe('a', 'x');
    const large = Buffer.alloc(65_536, 'y');
    await publish(packet('x', '', { payload: large.subarray(0, 3) }));
    large.fill('z');
    const [kept] = await store.outgoingStream(client('a')).toArray();
    expect(String(kept.payload)).toBe('yyy');
  });

  it('keeps at most 8 MiB for a client', async () => {
    const { state, subscribe, publish, queued } = setup();
    await subscribe('a', 'x');
    for (let index = 0; index < 70; index += 1) await publish(packet('x', 'y'.repeat(131_072)));
    expect(await queued('a')).toHaveLength(63);
    expect(state.lines).toHaveLength(7);
  });

  it('deletes unsubscribed filters and clean sessions', async () => {
    const { store, subscribe } = setup();
    await subscribe('a', 'x', 'y/+');
    await store.removeSubscriptions(client('a'), ['y/+', 'unknown']);
    expect(await store.subscriptionsByTopic('y/z')).toEqual([]);
    await store.cleanSubscriptions(client('a'));
    expect(await store.subscriptionsByTopic('x')).toEqual([]);
  });

  it('expires a session an hour after its client has disconnected, unless it returns', async () => {
    const { state, store, subscribe } = setup();
    await subscribe('a', 'x');
    store.disconnected('a');
    state.now = 3_599_999;
    store.connected('a');
    state.now = 9_000_000;
    expect(await store.subscriptionsByTopic('x')).toHaveLength(1);
    store.disconnected('a');
    state.now += 3_600_000;
    expect(await store.subscriptionsByTopic('x')).toEqual([]);
    expect(await store.subscriptionsByClient(client('a'))).toEqual([]);
  });

  it('keeps at most a thousand sessions, and drops one whose client is away', async () => {
    const { store, subscribe } = setup();
    for (let index = 0; index < 1_000; index += 1) await subscribe(`client-${index}`, `topic/${index}`);
    store.disconnected('client-5');
    await subscribe('another', 'x');
    expect(await store.subscriptionsByTopic('topic/5')).toEqual([]);
    expect(await store.subscriptionsByTopic('topic/4')).toHaveLength(1);
  });

  it('retains the last message of a topic until an empty one, for at most a thousand topics', async () => {
    const { state, store } = setup();
    const retained = async (...filters: string[]) =>
      (await store.createRetainedStreamCombi(filters).toArray()).map(({ payload }) => String(payload));
    for (let index = 0; index < 1_001; index += 1) await store.storeRetained(packet(`t/${index}`, 'first'));
    await store.storeRetained(packet('t/0', 'second'));
    expect(await retained('t/0', 't/1', 't/1000', 't/+')).toEqual(['second', 'first']);
    expect(state.lines).toEqual(['a retained message on t/1000 is dropped: there are 1000']);
    await store.storeRetained(packet('t/0', ''));
    expect(await retained('t/0')).toEqual([]);
  });
});
