import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { IotFunctions } from '../../iot/definitions.ts';
import type { InvocationResult } from '../../lambda/definitions.ts';
import {
  arn,
  CALLBACK,
  quiet,
  received,
  rule,
  type StackOverrides,
  startStack,
  type TestStack,
  until,
} from './iot-stack.ts';

const EVENTS = 'thing/product/DOCK1/events';
const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:dead-letters';
const ROLE = 'arn:aws:iam::123456789012:role/rules';
const METHOD = 'file_upload_callback';

let stack: TestStack | undefined;

afterEach(() => stack?.close());

const fakeFunctions = (invokeEvent: IotFunctions['invokeEvent']): Partial<IotFunctions> => ({ invokeEvent });

const done: InvocationResult = { ok: true, payload: 'null' };

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Starts a stack where every device may publish everywhere. */
async function start(options: StackOverrides = {}): Promise<TestStack> {
  stack = await startStack(options);
  const more = [{ Effect: 'Allow', Action: 'iot:Publish', Resource: '*' }];
  for (const sn of stack.devices.keys()) stack.devices.set(sn, { password: 'secret', more });
  return stack;
}

describe('a rule', () => {
  it('passes selected messages to its functions, and no others', async () => {
    const other = 'arn:aws:lambda:eu-central-1:123456789012:function:config';
    const { connect, events } = await start({
      rules: [
        rule({ actions: [CALLBACK, other].map((functionArn) => ({ kind: 'lambda', functionArn })) }),
        rule({ name: 'disabled', enabled: false }),
        rule({ name: 'others', sql: "SELECT * FROM 'thing/product/+/requests'" }),
      ],
    });
    const dock = await connect('DOCK1');
    const message = JSON.stringify({ tid: 't', method: METHOD });
    await dock.publishAsync(EVENTS, JSON.stringify({ method: 'another' }), { qos: 1 });
    await dock.publishAsync('sys/product/DOCK1/status', message, { qos: 1 });
    await dock.publishAsync(EVENTS, message, { qos: 1 });
    await until(() => events.length >= 2);
    await quiet();
    const event = { gateway_sn: 'DOCK1', payload: base64(message) };
    expect(events).toEqual([CALLBACK, other].map((functionArn) => ({ functionArn, event })));
  });

  it('passes duplicates on, with and without the DUP flag, at QoS 0 and 1', async () => {
    const { connect, events } = await start();
    const dock = await connect('DOCK1');
    const message = JSON.stringify({ tid: 't', method: METHOD });
    for (const options of [{ qos: 1 as const }, { qos: 1 as const, dup: true }, { qos: 0 as const }]) {
      await dock.publishAsync(EVENTS, message, options);
    }
    await until(() => events.length >= 3);
    await quiet();
    const event = { gateway_sn: 'DOCK1', payload: base64(message) };
    expect(events).toEqual(Array(3).fill({ functionArn: CALLBACK, event }));
  });

  it('also receives messages of functions', async () => {
    const { broker, events } = await start({
      rules: [rule({ sql: `SELECT clientid() AS client FROM '${EVENTS}'` })],
    });
    await broker.publish({ topic: EVENTS, payload: Buffer.from('{}'), qos: 1, retain: false });
    expect(events).toEqual([{ functionArn: CALLBACK, event: { client: 'n/a' } }]);
  });

  it.each([
    ['text', Buffer.from('no json')],
    ['nothing', Buffer.alloc(0)],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d])],
  ])(
    'passes over %s, with one line in the log however many rules there are',
    async (_description, payload) => {
      const { connect, events, lines } = await start({ rules: [rule(), rule({ name: 'second' })] });
      const dock = await connect('DOCK1');
      await dock.publishAsync(EVENTS, payload, { qos: 1 });
      await until(() => lines.length > 0);
      await quiet();
      expect(events).toEqual([]);
      expect(lines).toEqual([
        `ParseError: a message on ${EVENTS} is not JSON, so it is ignored by rule ${METHOD} and similar ones`,
      ]);
    },
  );

  it('survives a message that is too deeply nested to serialise', async () => {
    const { connect, events, lines } = await start({
      rules: [
        rule({
          name: 'deep',
          sql: `SELECT a FROM '${EVENTS}'`,
          actions: [{ kind: 'sqs', queueArn: QUEUE, roleArn: ROLE, useBase64: false }],
        }),
        rule(),
      ],
      queues: { checkSender: () => {}, send: () => {} },
    });
    const deep = `{"method":"${METHOD}","a":${'['.repeat(60_000)}${']'.repeat(60_000)}}`;
    await (await connect('DOCK1')).publishAsync(EVENTS, deep, { qos: 1 });
    await until(() => events.length > 0);
    expect(lines).toEqual([
      expect.stringContaining(`Rule deep cannot handle a message on ${EVENTS}: RangeError`),
    ]);
  });

  it('finds no attributes in an array', async () => {
    const { connect, events } = await start({
      rules: [rule(), rule({ sql: `SELECT topic(3) AS sn FROM '${EVENTS}' WHERE isUndefined(method)` })],
    });
    await (await connect('DOCK1')).publishAsync(EVENTS, JSON.stringify([{ method: METHOD }]), { qos: 1 });
    await until(() => events.length > 0);
    await quiet();
    expect(events).toEqual([{ functionArn: CALLBACK, event: { sn: 'DOCK1' } }]);
  });

  it('does not delay the acknowledgement', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const steps: string[] = [];
    const { connect } = await start({
      functions: fakeFunctions(async () => {
        await released;
        steps.push('finished');
        return done;
      }),
    });
    const dock = await connect('DOCK1');
    await dock.publishAsync(EVENTS, JSON.stringify({ method: METHOD }), { qos: 1 });
    steps.push('acknowledged');
    release();
    await until(() => steps.length >= 2);
    expect(steps).toEqual(['acknowledged', 'finished']);
  });
});

describe('many messages', () => {
  it('5,000 from 20 clients over TCP and WebSocket are each processed exactly once', async () => {
    const running = new Set<string>();
    const seen: string[] = [];
    let most = 0;
    const { devices, tcp, ws } = await start({
      eventsAtOnce: 16,
      functions: fakeFunctions(async (_functionArn, event) => {
        const { payload } = event as { payload: string };
        const { tid } = JSON.parse(Buffer.from(payload, 'base64').toString());
        running.add(tid);
        most = Math.max(most, running.size);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
        running.delete(tid);
        seen.push(tid);
        return done;
      }),
    });
    const clients = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const sn = `MANY${index}`;
        devices.set(sn, { password: 'secret' });
        const options = { username: sn, password: 'secret', clientId: sn, reconnectPeriod: 0 };
        return { sn, client: await mqtt.connectAsync(index % 2 ? ws : tcp, options) };
      }),
    );
    await Promise.all(
      clients.flatMap(({ sn, client }) =>
        Array.from({ length: 250 }, (_, count) =>
          client.publishAsync(
            `thing/product/${sn}/events`,
            JSON.stringify({ method: METHOD, tid: `${sn}-${count}` }),
            { qos: 1 },
          ),
        ),
      ),
    );
    await until(() => seen.length >= 5_000, 30_000);
    await quiet();
    expect(seen).toHaveLength(5_000);
    expect(new Set(seen).size).toBe(5_000);
    await Promise.all(clients.map(({ client }) => client.endAsync()));
  });

  it('wait at the devices while the function is busy, and not in memory', async () => {
    let release = (): void => {};
    const busy = new Promise<void>((resolve) => {
      release = resolve;
    });
    let taken = 0;
    const { connect } = await start({
      eventsAtOnce: 8,
      functions: fakeFunctions(async () => {
        taken += 1;
        await busy;
        return done;
      }),
    });
    const dock = await connect('DOCK1');
    const message = JSON.stringify({ method: METHOD, filler: 'x'.repeat(10_000) });
    const published = Array.from({ length: 1_000 }, () => dock.publishAsync(EVENTS, message, { qos: 1 }));
    await quiet();
    // What was read of the connection before it was held up: 64 KiB at a time.
    expect(taken).toBeGreaterThanOrEqual(8);
    expect(taken).toBeLessThan(50);
    release();
    await Promise.all(published);
    await until(() => taken === 1_000);
  });

  it('do not block a function that publishes', async () => {
    const { connect, broker } = await start({
      eventsAtOnce: 1,
      functions: fakeFunctions(() => new Promise(() => {})),
    });
    const dock = await connect('DOCK1');
    const replies = received(dock);
    await dock.subscribeAsync('thing/product/DOCK1/events_reply');
    const message = JSON.stringify({ method: METHOD });
    await dock.publishAsync(EVENTS, message, { qos: 1 });
    for (const topic of [EVENTS, EVENTS, 'thing/product/DOCK1/events_reply']) {
      await broker.publish({ topic, payload: Buffer.from(message), qos: 1, retain: false });
    }
    await until(() => replies.length > 0);
    expect(replies).toEqual([
      { topic: 'thing/product/DOCK1/events_reply', text: message, dup: false, retain: false },
    ]);
  });
});

describe('a rule that cannot work', () => {
  it('does not start with unsupported SQL', async () => {
    await expect(
      startStack({ rules: [rule({ sql: "SELECT * FROM 'a' WHERE b LIKE 'c'" })] }),
    ).rejects.toThrow(
      'Rule file_upload_callback: column 27: the local stack expects AND, OR or the end, not LIKE',
    );
  });

  it('does not start when the function may not be invoked for the rule', async () => {
    const mayInvoke = (functionArn: string, { sourceArn }: { sourceArn: string }) =>
      functionArn !== CALLBACK || sourceArn === arn('rule', 'another');
    await expect(startStack({ functions: { mayInvoke } })).rejects.toThrow(
      `Rule file_upload_callback: no permission of ${CALLBACK} allows ${arn('rule', METHOD)} to invoke it`,
    );
  });

  it('does not start when the authorizer may not be invoked', async () => {
    const mayInvoke = (functionArn: string) => functionArn === CALLBACK;
    await expect(startStack({ functions: { mayInvoke } })).rejects.toThrow('Authorizer docks: no permission');
  });

  const toQueue = { kind: 'sqs', queueArn: QUEUE, roleArn: ROLE, useBase64: false } as const;

  it('does not start when the role of an error action may not send to the queue', async () => {
    const queues = {
      checkSender: () => {
        throw new Error(`${ROLE} may not send messages to ${QUEUE}`);
      },
      send: () => {},
    };
    await expect(startStack({ rules: [rule({ errorAction: toQueue })], queues })).rejects.toThrow(
      `Rule file_upload_callback: ${ROLE} may not send messages to ${QUEUE}`,
    );
  });

  it("runs its error action, in AWS's form", async () => {
    const sent: { queueArn: string; body: string }[] = [];
    const { connect, lines } = await start({
      rules: [rule({ errorAction: toQueue })],
      queues: { checkSender: () => {}, send: (queueArn, body) => sent.push({ queueArn, body }) },
      functions: fakeFunctions(() => {
        throw new Error('There is no function');
      }),
    });
    const message = JSON.stringify({ method: METHOD });
    await (await connect('DOCK1')).publishAsync(EVENTS, message, { qos: 1 });
    await until(() => sent.length > 0);
    expect(sent.map(({ queueArn, body }) => [queueArn, JSON.parse(body)])).toEqual([
      [
        QUEUE,
        {
          ruleName: METHOD,
          topic: EVENTS,
          cloudwatchTraceId: expect.any(String),
          clientId: 'DOCK1',
          base64OriginalPayload: base64(message),
          failures: [
            { failedAction: 'LambdaAction', failedResource: CALLBACK, errorMessage: 'There is no function' },
          ],
        },
      ],
    ]);
    expect(lines).toContain('Rule file_upload_callback: There is no function');
  });

  it('does not run its error action when the function itself failed', async () => {
    const sent: string[] = [];
    let invoked = 0;
    const { connect } = await start({
      rules: [rule({ errorAction: toQueue })],
      queues: { checkSender: () => {}, send: (_queueArn, body) => sent.push(body) },
      functions: fakeFunctions(async () => {
        invoked += 1;
        return { ok: false, error: { errorType: 'TypeError', errorMessage: 'x', trace: [] } };
      }),
    });
    await (await connect('DOCK1')).publishAsync(EVENTS, JSON.stringify({ method: METHOD }), { qos: 1 });
    await until(() => invoked > 0);
    await quiet();
    expect(sent).toEqual([]);
  });

  it('may send to a queue as its action', async () => {
    const sent: string[] = [];
    const { connect } = await start({
      rules: [
        rule({ sql: `SELECT tid FROM '${EVENTS}'`, actions: [toQueue, { ...toQueue, useBase64: true }] }),
      ],
      queues: { checkSender: () => {}, send: (_queueArn, body) => sent.push(body) },
    });
    await (await connect('DOCK1')).publishAsync(EVENTS, '{"tid":"t"}', { qos: 1 });
    await until(() => sent.length === 2);
    expect(sent).toEqual(['{"tid":"t"}', base64('{"tid":"t"}')]);
  });
});
