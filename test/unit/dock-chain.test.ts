import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ModuleUnsupportedError, ServiceUnavailableError } from '../../functions/core/errors.ts';
import { EMPTY_TOPOLOGY } from '../../functions/core/topology.ts';
import { type DockEndpoint, dockEndpoint } from '../../functions/middleware/mqtt-endpoint.ts';
import type { DockContract } from '../../functions/protocol/contract.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';
import { DockWorld, gateway, invoke, message, OTHER_SN, ruleEvent, SN } from './dock-messages.ts';
import { recordLog } from './http-requests.ts';

const METHOD = 'some_method';
const REQUESTS = {
  name: 'some-method',
  method: METHOD,
  channel: 'requests',
  input: v.object({ word: v.string() }),
  output: v.optional(v.looseObject({})),
} as const satisfies DockContract;
const EVENTS = { ...REQUESTS, channel: 'events' } as const;
/** What differs from one contract of these tests to another. */
type Contract = Omit<typeof REQUESTS, 'channel'> &
  Pick<DockContract, 'channel' | 'bareReply' | 'takesUnanswerable'>;
const seen = vi.fn<DockEndpoint<Contract>>();
const GOOD = { word: 'hello' };

let world: DockWorld;
let log: ReturnType<typeof recordLog>;

beforeEach(() => {
  world = new DockWorld();
  log = recordLog();
  seen.mockReset().mockResolvedValue(undefined);
});

afterEach(() => {
  vi.restoreAllMocks();
});

const endpointOf = (contract: Contract) => dockEndpoint(contract, seen, world);

/** What a dock's message leads to: the handler's result, or what it throws. */
const say = (
  sent: unknown,
  contract: Contract = REQUESTS,
  sn: string = SN,
  remainingInMilliseconds = 9_000,
) =>
  invoke(endpointOf(contract), ruleEvent(sent, sn), {
    getRemainingTimeInMillis: () => remainingInMilliseconds,
  });

const refused = () => log.lines().filter(({ message: text }) => text === 'refused');
const counted = (metric: string) => log.lines().filter((line) => metric in line);

describe('a reply', () => {
  it('repeats tid, bid and method, and has its own time', async () => {
    seen.mockResolvedValue({ answer: 42 });
    const before = Date.now();
    await say(message(METHOD, GOOD));
    expect(world.published).toEqual([
      {
        topic: `thing/product/${SN}/requests_reply`,
        message: {
          tid: '6a7bfe89-c386-4043-b600-b518e10096cc',
          bid: '42a19f36-5117-4520-bd13-fd61d818d52e',
          method: METHOD,
          timestamp: expect.any(Number),
          data: { result: 0, output: { answer: 42 } },
        },
      },
    ]);
    expect(world.published[0]?.message.timestamp).toBeGreaterThanOrEqual(before);
  });

  it('repeats a number as a number', async () => {
    await say(message(METHOD, GOOD, { tid: 17, bid: 0 }));
    expect(world.published[0]?.message).toMatchObject({ tid: 17, bid: 0 });
    expect(seen.mock.lastCall?.[0]).toMatchObject({ tid: '17', bid: '0' });
  });

  it('has no output when there is none', async () => {
    await say(message(METHOD, GOOD));
    expect(world.published[0]?.message.data).toEqual({ result: 0 });
  });

  it('is only the output when the protocol has no result', async () => {
    seen.mockResolvedValue({ answer: 42 });
    await say(message(METHOD, GOOD), { ...REQUESTS, bareReply: true });
    expect(world.published[0]?.message.data).toEqual({ answer: 42 });
  });

  it.each([
    ['requests', `thing/product/${SN}/requests_reply`],
    ['events', `thing/product/${SN}/events_reply`],
    ['status', `sys/product/${SN}/status_reply`],
  ] as const)('to %s goes to the topic of its own device', async (channel, topic) => {
    await say(message(METHOD, GOOD, { need_reply: 1 }), { ...REQUESTS, channel });
    expect(world.published.map((published) => published.topic)).toEqual([topic]);
  });

  it('is not sent when the protocol has none', async () => {
    await say(message(METHOD, GOOD, { need_reply: 1 }), { ...REQUESTS, channel: 'services_reply' });
    expect(seen).toHaveBeenCalledOnce();
    expect(world.published).toEqual([]);
  });

  it.each([
    ['missing', undefined, {}],
    ['null', null, {}],
    ['a list', [7], {}],
    ['a number', 7, { bid: 7 }],
    ['empty', '', { bid: '' }],
  ])('is sent when bid is %s', async (_what, bid, expected) => {
    await say(message(METHOD, GOOD, { bid }));
    const [reply] = world.published;
    expect(reply?.message).toEqual({
      tid: '6a7bfe89-c386-4043-b600-b518e10096cc',
      ...expected,
      method: METHOD,
      timestamp: expect.any(Number),
      data: { result: 0 },
    });
  });
});

describe('an event', () => {
  it.each([1, true, '1', 'true', 'TRUE'])('gets a reply when need_reply is %j', async (need_reply) => {
    await say(message(METHOD, GOOD, { need_reply }), EVENTS);
    expect(world.published).toHaveLength(1);
  });

  it.each([0, false, '0', '', null, undefined, 2, [1], { toString: null }])(
    'gets no reply for %j, and is handled',
    async (need_reply) => {
      await say(message(METHOD, GOOD, { need_reply }), EVENTS);
      expect(seen).toHaveBeenCalledOnce();
      expect(world.published).toEqual([]);
    },
  );

  it('without need_reply is refused without a reply, and counted', async () => {
    await say(message(METHOD, {}, { need_reply: 0 }), EVENTS);
    expect(world.published).toEqual([]);
    expect(refused()).toHaveLength(1);
    expect(counted('DockMessageRefused')).toHaveLength(1);
  });
});

describe('a request', () => {
  it.each([0, false, undefined])('gets a reply when need_reply is %j', async (need_reply) => {
    await say(message(METHOD, GOOD, { need_reply }));
    expect(world.published).toHaveLength(1);
  });
});

describe('a message without a reply address', () => {
  it.each<[string, unknown, string?]>([
    ['is not JSON', '{"tid":'],
    ['is empty', ''],
    ['is a list', [message(METHOD, GOOD)]],
    ['is null', 'null'],
    ['is a number', '7'],
    ['has no tid', message(METHOD, GOOD, { tid: undefined })],
    ['has an empty tid', message(METHOD, GOOD, { tid: '' })],
    ['has a list for a tid', message(METHOD, GOOD, { tid: [7] })],
    ['has a number for a tid that lost its digits', message(METHOD, GOOD, { tid: 1e20 })],
    ['has an endless tid', message(METHOD, GOOD, { tid: 'x'.repeat(257) })],
    ['comes on a topic without a serial number', message(METHOD, GOOD), 'a-b'],
    ['comes on a topic with nothing in its place', message(METHOD, GOOD), ''],
    ['comes on a topic that is a pattern', message(METHOD, GOOD), '+'],
  ])('that %s gets no reply, but one log line and a metric', async (_what, sent, sn = SN) => {
    await say(sent, REQUESTS, sn);
    expect(seen).not.toHaveBeenCalled();
    expect(world.published).toEqual([]);
    expect(refused()).toEqual([
      expect.objectContaining({ level: 'WARN', method: METHOD, code: 200001, reason: expect.any(String) }),
    ]);
    expect(counted('DockMessageRefused')).toMatchObject([
      { DockMessageRefused: 1, _aws: { CloudWatchMetrics: [{ Namespace: 'MediaLibrary' }] } },
    ]);
  });
});

describe('a message that may come without tid', () => {
  const contract = { ...REQUESTS, channel: 'status', takesUnanswerable: true } as const;

  it.each([undefined, null, ''])('is handled without a reply when it is %j', async (tid) => {
    await say(message(METHOD, GOOD, { tid }), contract);
    expect(seen.mock.lastCall?.[0]).toMatchObject({ data: GOOD, tid: '' });
    expect(world.published).toEqual([]);
    expect(refused()).toEqual([]);
  });

  it('gets no reply when it is refused either', async () => {
    await say(message(METHOD, { word: 7 }, { tid: undefined }), contract);
    expect(world.published).toEqual([]);
    expect(refused()).toHaveLength(1);
  });

  it('gets a reply when it has one', async () => {
    await say(message(METHOD, GOOD), contract);
    expect(world.published).toHaveLength(1);
  });
});

describe('the gateway', () => {
  it('is that of the topic, and not of the message', async () => {
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
    await say(message(METHOD, GOOD, { gateway: OTHER_SN }));
    expect(seen.mock.calls[0]?.[0].gateway).toMatchObject({ sn: SN, workspaceId: WORKSPACE });
    expect(world.published.map(({ topic }) => topic)).toEqual([`thing/product/${SN}/requests_reply`]);
  });

  it.each(['missing', 'null', 'a number'])('is that of the topic when the field is %s', async (what) => {
    const field = { missing: undefined, null: null, 'a number': 7 }[what];
    await say(message(METHOD, GOOD, { gateway: field }));
    expect(world.published[0]?.message.data).toEqual({ result: 0 });
  });

  it('gets no reply when it is not registered, since it may be a gateway of another stack', async () => {
    await say(message(METHOD, GOOD), REQUESTS, OTHER_SN);
    expect(seen).not.toHaveBeenCalled();
    expect(world.published).toEqual([]);
    expect(refused()).toHaveLength(1);
  });

  it('gets a refusal after it is revoked', async () => {
    await world.registry.revoke(SN);
    await say(message(METHOD, GOOD));
    expect(seen).not.toHaveBeenCalled();
    expect(world.published[0]?.message.data).toEqual({ result: 210001 });
    expect(refused()).toHaveLength(1);
  });

  it('gets another error while the registry fails', async () => {
    world.registry.failure = new Error('throttled');
    await expect(say(message(METHOD, GOOD))).rejects.toThrow('throttled');
    expect(world.published[0]?.message.data).toEqual({ result: 500 });
  });
});

describe('data', () => {
  it('includes the raw message', async () => {
    const sent = `{ "tid":"t", "bid":"b","data":{"word":"hello","id":9007199254740993, "future":[]}}`;
    await say(sent);
    expect(seen).toHaveBeenCalledExactlyOnceWith({
      gateway: { ...gateway(), topology: EMPTY_TOPOLOGY },
      data: GOOD,
      raw: sent,
      tid: 't',
      bid: 'b',
    });
  });

  it.each<[string, unknown, string]>([
    ['missing', undefined, 'data: expected Object'],
    ['null', null, 'data: expected Object'],
    ['a text', 'hello', 'data: expected Object'],
    ['a list', [GOOD], 'data: expected Object'],
    ['without the field', {}, 'data.word: expected a value'],
    ['of the wrong type', { word: 7 }, 'data.word: expected string'],
  ])('is refused when it is %s, with the field in the log', async (_what, data, reason) => {
    await say(message(METHOD, data));
    expect(seen).not.toHaveBeenCalled();
    expect(world.published[0]?.message.data).toEqual({ result: 200001 });
    expect(refused()).toEqual([expect.objectContaining({ reason })]);
  });

  it('is not in the log', async () => {
    await say(message(METHOD, { word: 'confidential' }));
    await say(message(METHOD, { word: ['confidential'] }));
    await say('confidential');
    expect(log.text()).not.toContain('confidential');
  });
});

describe('a refusal', () => {
  it('has its code and no output, and is final', async () => {
    seen.mockRejectedValue(new ModuleUnsupportedError('not for this module'));
    await expect(say(message(METHOD, GOOD))).resolves.toBeNull();
    expect(world.published[0]?.message).toMatchObject({ data: { result: 210002 } });
    expect(world.published[0]?.message.data).not.toHaveProperty('output');
    expect(counted('DockMessageRefused')).toHaveLength(1);
  });

  it('has a result when successful replies have none', async () => {
    seen.mockRejectedValue(new ServiceUnavailableError('slow down'));
    await say(message(METHOD, GOOD), { ...REQUESTS, bareReply: true });
    expect(world.published[0]?.message.data).toEqual({ result: 503 });
  });

  it('that cannot be sent is retried by Lambda', async () => {
    seen.mockRejectedValue(new ModuleUnsupportedError('not for this module'));
    world.publisher.failures.push(new Error('the broker is away'));
    await expect(say(message(METHOD, GOOD))).rejects.toThrow('the broker is away');
  });
});

describe('an unexpected error', () => {
  it('gets a reply without details, and is retried by Lambda', async () => {
    seen.mockRejectedValue(new TypeError('internal detail'));
    await expect(say(message(METHOD, GOOD, { need_reply: 1 }), EVENTS)).rejects.toThrow('internal detail');
    expect(world.published.map((published) => published.message.data)).toEqual([{ result: 500 }]);
    expect(log.lines()).toContainEqual(
      expect.objectContaining({ level: 'ERROR', message: 'failed', gateway_sn: SN, method: METHOD }),
    );
  });

  it('of the reply is retried by Lambda', async () => {
    world.publisher.failures.push(new Error('the broker is away'), new Error('the broker is away'));
    await expect(say(message(METHOD, GOOD))).rejects.toThrow('the broker is away');
    expect(world.published).toEqual([]);
  });

  it('gets a reply before Lambda ends the function', async () => {
    seen.mockReturnValue(new Promise(() => {}));
    await expect(say(message(METHOD, GOOD), REQUESTS, SN, 520)).rejects.toThrow();
    expect(world.published[0]?.message.data).toEqual({ result: 500 });
  });
});

describe('the log', () => {
  it('has one line for each message, with the dock, the message and the workspace', async () => {
    await say(message(METHOD, GOOD));
    expect(log.lines()).toEqual([
      expect.objectContaining({
        level: 'INFO',
        message: 'handled',
        method: METHOD,
        gateway_sn: SN,
        tid: '6a7bfe89-c386-4043-b600-b518e10096cc',
        bid: '42a19f36-5117-4520-bd13-fd61d818d52e',
        workspace_id: WORKSPACE,
      }),
    ]);
  });

  it('does not mix messages', async () => {
    const endpoint = endpointOf(REQUESTS);
    await invoke(endpoint, ruleEvent(message(METHOD, GOOD)));
    await invoke(endpoint, ruleEvent('not json', OTHER_SN));
    const [line] = refused();
    expect(line).toMatchObject({ gateway_sn: OTHER_SN });
    expect(line).not.toHaveProperty('tid');
    expect(line).not.toHaveProperty('workspace_id');
  });
});
