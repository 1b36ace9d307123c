import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { closed, quiet, received, startStack, type TestStack, until } from './iot-stack.ts';

const EVENTS = 'thing/product/DOCK1/events';
const REPLIES = 'thing/product/DOCK1/events_reply';

let stack: TestStack;

afterEach(() => stack.close());

const say = (text: string, qos: 0 | 1 = 1) =>
  stack.broker.publish({ topic: REPLIES, payload: Buffer.from(text), qos, retain: false });

/** Subscribes in a persistent session and goes away. */
async function subscribeAndLeave(filters: string | string[] = REPLIES): Promise<void> {
  const dock = await stack.connect('DOCK1', { clean: false });
  await dock.subscribeAsync(filters, { qos: 1 });
  await dock.endAsync();
}

describe('a persistent session', () => {
  it('keeps messages at QoS 1 while the device is away, in order', async () => {
    stack = await startStack();
    await subscribeAndLeave();
    for (const text of ['1', '2', '3']) await say(text);
    await say('unreliable', 0);
    const dock = await stack.connect('DOCK1', { clean: false });
    const messages = received(dock);
    await until(() => messages.length === 3);
    await say('4');
    await until(() => messages.length === 4);
    expect(messages.map(({ text }) => text)).toEqual(['1', '2', '3', '4']);
  });

  it('sets the session present flag', async () => {
    stack = await startStack();
    const present: boolean[] = [];
    const connect = async (clean: boolean) => {
      const dock = mqtt.connect(stack.tcp, {
        username: 'DOCK1',
        password: 'secret',
        clientId: 'DOCK1',
        clean,
      });
      await new Promise<void>((resolve) => {
        dock.once('connect', ({ sessionPresent }) => {
          present.push(sessionPresent);
          resolve();
        });
      });
      return dock;
    };
    const first = await connect(false);
    await first.subscribeAsync(REPLIES, { qos: 1 });
    await first.endAsync();
    await (await connect(false)).endAsync();
    await (await connect(true)).endAsync();
    await (await connect(false)).endAsync();
    expect(present).toEqual([false, true, false, false]);
  });

  it('sends unacknowledged messages again', async () => {
    stack = await startStack();
    await subscribeAndLeave();
    await say('important');
    const deaf = await stack.connect('DOCK1', { clean: false });
    // The connection breaks before the acknowledgement goes out.
    deaf.handleMessage = (_packet, _done) => deaf.stream.destroy();
    await closed(deaf);
    const dock = await stack.connect('DOCK1', { clean: false });
    const messages = received(dock);
    await until(() => messages.length > 0);
    await quiet();
    expect(messages.map(({ text }) => text)).toEqual(['important']);
  });

  it('does not send acknowledged messages again', async () => {
    stack = await startStack();
    const dock = await stack.connect('DOCK1', { clean: false });
    const messages = received(dock);
    await dock.subscribeAsync([REPLIES, 'thing/product/DOCK1/+'], { qos: 1 });
    for (const text of ['1', '2']) await say(text);
    await until(() => messages.length >= 2);
    await dock.endAsync();
    const again = received(await stack.connect('DOCK1', { clean: false }));
    await quiet();
    expect([messages.map(({ text }) => text), again]).toEqual([['1', '2'], []]);
  });

  it('does not keep messages that the device may not receive', async () => {
    stack = await startStack();
    await subscribeAndLeave('thing/product/DOCK1/+');
    await stack.broker.publish({
      topic: 'thing/product/DOCK1/services',
      payload: Buffer.from('no'),
      qos: 1,
      retain: false,
    });
    await say('yes');
    const messages = received(await stack.connect('DOCK1', { clean: false }));
    await until(() => messages.length > 0);
    await quiet();
    expect(messages.map(({ text }) => text)).toEqual(['yes']);
  });

  it('does not keep a refused subscription', async () => {
    stack = await startStack();
    const foreign = 'thing/product/DOCK2/events_reply';
    const receive = { Effect: 'Allow', Action: 'iot:Receive', Resource: '*' };
    stack.devices.set('DOCK1', { password: 'secret', more: [receive] });
    const dock = await stack.connect('DOCK1', { clean: false });
    await dock.subscribeAsync([foreign, REPLIES, foreign], { qos: 1 }).catch(() => {});
    await dock.endAsync();
    await stack.broker.publish({ topic: foreign, payload: Buffer.from('foreign'), qos: 1, retain: false });
    await say('own');
    const messages = received(await stack.connect('DOCK1', { clean: false }));
    await until(() => messages.length > 0);
    await quiet();
    expect(messages.map(({ text }) => text)).toEqual(['own']);
  });

  it('ends with a clean session', async () => {
    stack = await startStack();
    await subscribeAndLeave();
    await (await stack.connect('DOCK1', { clean: true })).endAsync();
    await say('late');
    const messages = received(await stack.connect('DOCK1', { clean: false }));
    await quiet();
    expect(messages).toEqual([]);
  });

  it('ends an hour after the device has disconnected', async () => {
    let now = new Date('2026-03-23T10:00:00Z').getTime();
    stack = await startStack({ clock: () => new Date(now) });
    await subscribeAndLeave();
    await quiet();
    now += 3_601_000;
    await say('late');
    now -= 3_601_000;
    const messages = received(await stack.connect('DOCK1', { clean: false }));
    await quiet();
    expect(messages).toEqual([]);
  });

  it('keeps a thousand messages and drops the rest, with a line in the log', async () => {
    stack = await startStack();
    await subscribeAndLeave();
    for (let count = 0; count < 1_010; count += 1) await say(String(count));
    const messages = received(await stack.connect('DOCK1', { clean: false }));
    await until(() => messages.length >= 1_000);
    await quiet();
    expect(messages.map(({ text }) => text)).toEqual(
      Array.from({ length: 1_000 }, (_, count) => String(count)),
    );
    expect(stack.lines.filter((line) => line.includes('is dropped'))).toHaveLength(10);
  });
});

describe('a connection', () => {
  it('is authorized again, and closed when the device was revoked', async () => {
    stack = await startStack({ secondInMilliseconds: 0.5 });
    const dock = await stack.connect('DOCK1', {
      will: {
        topic: EVENTS,
        payload: Buffer.from('{"method":"file_upload_callback"}'),
        qos: 1,
        retain: false,
      },
    });
    await until(() => stack.asked.length >= 3);
    expect(dock.connected).toBe(true);
    expect(stack.asked[1]).toEqual(stack.asked[0]);
    stack.devices.delete('DOCK1');
    await closed(dock);
    await until(() => stack.lines.includes('client DOCK1 is disconnected: the authorizer refuses it'));
    expect(stack.events).toEqual([]);
  });

  it('has the new policy after that', async () => {
    stack = await startStack({ secondInMilliseconds: 0.5 });
    const dock = await stack.connect('DOCK1');
    const messages = received(dock);
    await dock.subscribeAsync(REPLIES, { qos: 1 });
    await say('before');
    await until(() => messages.length === 1);
    stack.devices.set('DOCK1', {
      password: 'secret',
      more: [{ Effect: 'Deny', Action: 'iot:Receive', Resource: '*' }],
    });
    const asked = stack.asked.length;
    await until(() => stack.asked.length > asked + 1);
    await say('after');
    await quiet();
    expect(messages.map(({ text }) => text)).toEqual(['before']);
  });

  it('is closed after its maximum time', async () => {
    stack = await startStack({ secondInMilliseconds: 0.002 });
    const dock = await stack.connect('DOCK1');
    await closed(dock);
    expect(stack.lines).toContain(
      'client DOCK1 is disconnected: its connection reached the longest allowed duration',
    );
  });

  it('is not authorized again after it has ended', async () => {
    stack = await startStack({ secondInMilliseconds: 0.3 });
    await (await stack.connect('DOCK1')).endAsync();
    const asked = stack.asked.length;
    await quiet();
    expect(stack.asked).toHaveLength(asked);
  });
});
