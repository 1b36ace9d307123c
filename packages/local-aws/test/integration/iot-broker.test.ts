import { connect as connectSocket } from 'node:net';
import type mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { arn, closed, quiet, received, startStack, type TestStack, until } from './iot-stack.ts';

const EVENTS = 'thing/product/DOCK1/events';
const REPLIES = 'thing/product/DOCK1/events_reply';
const OTHERS_EVENTS = 'thing/product/DOCK2/events';
const OTHERS_REPLIES = 'thing/product/DOCK2/events_reply';

const reply = (topic: string, text: string, retain = false) => ({
  topic,
  payload: Buffer.from(text),
  qos: 1 as const,
  retain,
});

let stack: TestStack;

beforeEach(async () => {
  stack = await startStack();
});

afterEach(() => stack.close());

describe.each(['tcp', 'ws'] as const)('over %s', (transport) => {
  it('a device receives messages on its own topics, and no others', async () => {
    const dock = await stack.connect('DOCK1', {}, stack[transport]);
    const messages = received(dock);
    expect(await dock.subscribeAsync(REPLIES, { qos: 1 })).toMatchObject([{ topic: REPLIES, qos: 1 }]);
    await stack.broker.publish(reply(REPLIES, 'own'));
    await stack.broker.publish(reply(OTHERS_REPLIES, 'foreign'));
    await until(() => messages.length > 0);
    await quiet();
    expect(messages).toEqual([{ topic: REPLIES, text: 'own', dup: false, retain: false }]);
  });

  it('a message of a device reaches the rule', async () => {
    const dock = await stack.connect('DOCK1', {}, stack[transport]);
    await dock.publishAsync(EVENTS, '{"method":"file_upload_callback"}', { qos: 1 });
    await until(() => stack.events.length > 0);
    expect(stack.events[0]?.event).toMatchObject({ gateway_sn: 'DOCK1' });
  });

  it('a wrong password is refused with code 5', async () => {
    const refused = stack.connect('DOCK1', { password: 'guess' }, stack[transport]);
    await expect(refused).rejects.toMatchObject({ code: 5 });
    await until(() => stack.lines.includes('client DOCK1 is disconnected: the authorizer refuses it'));
  });
});

describe('a device', () => {
  it('is described to the authorizer as on AWS', async () => {
    await stack.connect('DOCK1');
    expect(stack.asked).toEqual([
      {
        signatureVerified: false,
        protocols: ['tls', 'mqtt'],
        protocolData: {
          mqtt: { username: 'DOCK1', password: Buffer.from('secret').toString('base64'), clientId: 'DOCK1' },
        },
        connectionMetadata: { id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      },
    ]);
  });

  it('over WebSocket is described with its request', async () => {
    await stack.connect('DOCK1', {}, `${stack.ws}?a=b`);
    expect(stack.asked[0]).toMatchObject({
      protocols: ['tls', 'http', 'mqtt'],
      protocolData: { http: { headers: { 'sec-websocket-protocol': 'mqtt' }, queryString: '?a=b' } },
    });
  });

  it.each([
    ["another gateway's client id", { clientId: 'DOCK2' }],
    ['no user name', { username: undefined as never, password: undefined as never }],
    ['an empty client id', { clientId: '' }],
    ['a client id of 129 bytes', { clientId: 'c'.repeat(129) }],
  ])('is refused with %s', async (_description, options) => {
    await expect(stack.connect('DOCK1', options)).rejects.toMatchObject({ code: 5 });
  });

  it('is refused with return code 1 when it uses MQTT 3.1', async () => {
    const old = { protocolId: 'MQIsdp', protocolVersion: 3 } as const;
    await expect(stack.connect('DOCK1', old)).rejects.toMatchObject({ code: 1 });
    const longId = { ...old, clientId: 'A-client-id-of-over-23-characters' };
    await expect(stack.connect('DOCK1', longId)).rejects.toMatchObject({ code: 1 });
    // Paho tries 3.1 after each refusal of 3.1.1, and shows the response to that.
    await expect(stack.connect('DOCK1', { ...old, password: 'guess' })).rejects.toMatchObject({ code: 5 });
  });

  it.each(['tcp', 'ws'] as const)(
    'is refused with reason code 0x84 when it uses MQTT 5 over %s',
    async (transport) => {
      const refused = stack.connect('DOCK1', { protocolVersion: 5 }, stack[transport]);
      await expect(refused).rejects.toMatchObject({ code: 0x84 });
      expect(stack.asked).toEqual([]);
    },
  );

  it.each([
    ['MQTT 3.1', 3],
    ['MQTT 3.1.1 as a bridge', 0x84],
    ['MQTT 5', 5],
  ])('gets one CONNACK for %s, and is disconnected', async (_description, version) => {
    const name = version === 3 ? 'MQIsdp' : 'MQTT';
    const text = (value: string) => [0, value.length, ...Buffer.from(value)];
    const properties = version === 5 ? [0] : [];
    const body = [
      ...[...text(name), version, 0xc2, 0, 60, ...properties],
      ...[...text('DOCK1'), ...text('DOCK1'), ...text('secret')],
    ];
    const socket = connectSocket(stack.tcpPort, '127.0.0.1');
    const response: Buffer[] = [];
    socket.on('data', (chunk) => response.push(chunk));
    socket.write(Buffer.from([0x10, body.length, ...body]));
    await new Promise((resolve) => socket.once('close', resolve));
    expect([...Buffer.concat(response)]).toEqual(version === 5 ? [0x20, 3, 0, 0x84, 0] : [0x20, 2, 0, 1]);
    await until(() => stack.lines.some((line) => line.includes('is disconnected')));
    expect(stack.lines).toHaveLength(1);
  });

  it.each([
    [0, 1_200],
    [10, 30],
    [60, 60],
    [3_600, 1_200],
  ])('that asks for a keep-alive of %i s gets one of %i s', async (asked, granted) => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    await stack.connect('DOCK1', { keepalive: asked });
    const delays = timers.mock.calls.map(([, milliseconds]) => milliseconds);
    timers.mockRestore();
    // The broker waits one and a half times as long.
    expect(delays).toContain(granted * 1_500 + 1);
  });

  it('is refused when its policy does not allow the connection', async () => {
    const deny = { Effect: 'Deny', Action: 'iot:Connect', Resource: '*' };
    const persistent = { 'ForAnyValue:StringEquals': { 'iot:ConnectAttributes': ['PersistentConnect'] } };
    stack.devices.set('DOCK1', { password: 'secret', more: [{ ...deny, Condition: persistent }] });
    stack.devices.set('DOCK2', { password: 'secret', more: [deny] });
    await expect(stack.connect('DOCK2')).rejects.toMatchObject({ code: 5 });
    await expect(stack.connect('DOCK1', { clean: false })).rejects.toMatchObject({ code: 5 });
    await stack.connect('DOCK1', { clean: true });
  });

  it.each([
    ["another device's topic", OTHERS_EVENTS, 'pinned'],
    ['a topic of its own that its policy leaves out', REPLIES, 'pinned'],
    ['a topic that holds an asterisk', 'thing/product/*/events', 'pinned'],
    ['a reserved topic', '$aws/things/DOCK1/shadow/update', 'free'],
    ['the topic that rules are reached at directly', '$aws/rules/file_upload_callback', 'free'],
    ["the broker's own topic", '$SYS/any/heartbeat', 'free'],
    ['a topic with eight slashes', '1/2/3/4/5/6/7/8/9', 'free'],
    ['a topic of 257 bytes', 'a'.repeat(257), 'free'],
  ])('is disconnected when it publishes on %s', async (_description, topic, policy) => {
    const everything = { Effect: 'Allow', Action: 'iot:Publish', Resource: '*' };
    if (policy === 'free') stack.devices.set('DOCK1', { password: 'secret', more: [everything] });
    const dock = await stack.connect('DOCK1');
    dock.publish(topic, '{"method":"file_upload_callback"}', { qos: 1 }, () => {});
    await closed(dock);
    expect(stack.events).toEqual([]);
    expect(stack.lines.filter((line) => line.startsWith('client DOCK1 is disconnected'))).toHaveLength(1);
  });

  it.each([
    ["another device's topic", OTHERS_REPLIES],
    ['everything', '#'],
    ["every device's topics", 'thing/product/+/events_reply'],
    ['everything of its own', 'thing/product/DOCK1/#'],
    ['reserved topics', '$SYS/#'],
    ['a shared subscription', `$share/group/${REPLIES}`],
  ])('is disconnected when it subscribes to %s', async (_description, filter) => {
    const dock = await stack.connect('DOCK1');
    const messages = received(dock);
    await expect(dock.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
    await closed(dock);
    await stack.broker.publish(reply(OTHERS_REPLIES, 'foreign'));
    await stack.broker.publish(reply(REPLIES, 'own'));
    await quiet();
    expect(messages).toEqual([]);
    expect(stack.lines.join()).toContain('client DOCK1 is disconnected: it may not subscribe');
  });

  it('receives only messages that it may, on a wider filter', async () => {
    const dock = await stack.connect('DOCK1');
    const messages = received(dock);
    await dock.subscribeAsync('thing/product/DOCK1/+', { qos: 1 });
    await stack.broker.publish(reply('thing/product/DOCK1/services', 'may not receive'));
    await stack.broker.publish(reply(REPLIES, 'may receive'));
    await until(() => messages.length > 0);
    expect(messages.map(({ text }) => text)).toEqual(['may receive']);
  });

  it('with the same client id replaces the older connection', async () => {
    const older = await stack.connect('DOCK1');
    const newer = await stack.connect('DOCK1');
    await closed(older);
    expect(newer.connected).toBe(true);
  });

  it.each([131_072, 1])('may send %i bytes', async (bytes) => {
    const dock = await stack.connect('DOCK1');
    await dock.publishAsync(EVENTS, 'x'.repeat(bytes), { qos: 1 });
    expect(dock.connected).toBe(true);
  });

  it.each([131_073, 200_000, 20_000_000])('is disconnected when it sends %i bytes', async (bytes) => {
    const dock = await stack.connect('DOCK1');
    dock.publish(
      EVENTS,
      `{"method":"file_upload_callback"${' '.repeat(bytes)}`.slice(0, bytes - 1).concat('}'),
      {
        qos: 0,
      },
    );
    await closed(dock);
    expect(stack.events).toEqual([]);
  });

  it.each([
    ['publishes', (client: mqtt.MqttClient) => client.publish(EVENTS, '{}', { qos: 2 }, () => {})],
    ['subscribes', (client: mqtt.MqttClient) => client.subscribe(REPLIES, { qos: 2 }, () => {})],
  ])('is disconnected when it %s at QoS 2', async (_description, act) => {
    const dock = await stack.connect('DOCK1');
    act(dock);
    await closed(dock);
    expect(stack.lines.join()).toContain('AWS IoT does not support QoS 2');
  });

  it('is disconnected when it subscribes to nine topic filters at once', async () => {
    const resource = arn('topicfilter', 'filters/*');
    stack.devices.set('DOCK1', {
      password: 'secret',
      more: [{ Effect: 'Allow', Action: 'iot:Subscribe', Resource: resource }],
    });
    const filters = Array.from({ length: 9 }, (_, index) => `filters/${index}`);
    const dock = await stack.connect('DOCK1');
    dock.subscribe(filters, { qos: 1 }, () => {});
    await closed(dock);
    expect(stack.lines.join()).toContain('over 8 topic filters');
  });

  it('gets return code 128 for its 51st subscription', async () => {
    const resource = arn('topicfilter', 'filters/*');
    stack.devices.set('DOCK1', {
      password: 'secret',
      more: [{ Effect: 'Allow', Action: 'iot:Subscribe', Resource: resource }],
    });
    const dock = await stack.connect('DOCK1');
    for (let index = 0; index < 50; index += 1) await dock.subscribeAsync(`filters/${index}`);
    await expect(dock.subscribeAsync('filters/50')).rejects.toThrow();
    await dock.unsubscribeAsync('filters/49');
    await dock.unsubscribeAsync('filters/50');
    await dock.subscribeAsync('filters/51');
  });
});

describe('retained messages', () => {
  it('need their own permission', async () => {
    const dock = await stack.connect('DOCK1');
    dock.publish(EVENTS, '{}', { qos: 1, retain: true }, () => {});
    await closed(dock);
    expect(stack.lines.join()).toContain(`it may not retain messages on ${EVENTS}`);
  });

  it('are kept for subscriptions without wildcards', async () => {
    await stack.broker.publish(reply(REPLIES, 'kept', true));
    const dock = await stack.connect('DOCK1');
    const messages = received(dock);
    await dock.subscribeAsync('thing/product/DOCK1/+', { qos: 1 });
    await quiet();
    expect(messages).toEqual([]);
    await dock.subscribeAsync(REPLIES, { qos: 1 });
    await until(() => messages.length > 0);
    expect(messages).toEqual([{ topic: REPLIES, text: 'kept', dup: false, retain: true }]);
  });
});

describe('a last will', () => {
  const will = (topic: string, options: object = {}) => ({
    will: {
      topic,
      payload: Buffer.from('{"method":"file_upload_callback"}'),
      qos: 1 as const,
      retain: false,
      ...options,
    },
  });

  it('is published when the connection ends without DISCONNECT', async () => {
    const dock = await stack.connect('DOCK1', will(EVENTS));
    dock.stream.destroy();
    await until(() => stack.events.length > 0);
    expect(stack.events).toHaveLength(1);
  });

  it('is dropped by DISCONNECT', async () => {
    const dock = await stack.connect('DOCK1', will(EVENTS));
    await dock.endAsync();
    await quiet();
    expect(stack.events).toEqual([]);
  });

  it.each([
    ["on another device's topic", will(OTHERS_EVENTS)],
    ['on a reserved topic', will('$SYS/a')],
    ['that is to be retained', will(EVENTS, { retain: true })],
    ['at QoS 2', will(EVENTS, { qos: 2 })],
  ])('%s keeps the device out', async (_description, options) => {
    await expect(stack.connect('DOCK1', options)).rejects.toMatchObject({ code: 5 });
  });
});

describe('the listeners', () => {
  it('accept a WebSocket at /mqtt with the subprotocol mqtt only', async () => {
    const statusOf = (address: string, protocols: string[]) =>
      new Promise((resolve) => {
        const socket = new WebSocket(address, protocols);
        socket.on('unexpected-response', (_request, { statusCode }) => {
          resolve(statusCode);
          socket.terminate();
        });
        socket.on('open', () => resolve('open'));
        socket.on('error', () => {});
      });
    expect(await statusOf(stack.ws, ['mqtt'])).toBe('open');
    expect(await statusOf(stack.ws, ['chat'])).toBe(400);
    expect(await statusOf(stack.ws.replace('/mqtt', '/other'), ['mqtt'])).toBe(404);
    expect((await fetch(stack.ws.replace('ws:', 'http:'))).status).toBe(426);
  });

  it('survive invalid packets', async () => {
    const socket = connectSocket(stack.tcpPort, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect((await stack.connect('DOCK1')).connected).toBe(true);
  });

  it('close with connections that did not send CONNECT', async () => {
    const other = await startStack();
    const socket = connectSocket(other.tcpPort, '127.0.0.1');
    socket.on('error', () => {});
    await new Promise((resolve) => socket.on('connect', resolve));
    await other.close();
    await expect.poll(() => socket.destroyed).toBe(true);
  });
});
