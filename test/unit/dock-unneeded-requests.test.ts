import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DockWorld, dockFunctions, gateway, message, SN } from './dock-messages.ts';
import { recordLog } from './http-requests.ts';

let world: DockWorld;
let log: ReturnType<typeof recordLog>;
const say = dockFunctions(() => world);

beforeEach(() => {
  world = new DockWorld();
  log = recordLog();
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe.each(['flight_areas_get', 'offline_map_get'])('%s', (method) => {
  const ask = (data: unknown) => say(method.replaceAll('_', '-'), message(method, data));

  it.each([{}, null, [], 'any', undefined])(
    'with %j is answered with result 0 and nothing else',
    async (data) => {
      await ask(data);
      expect(world.published).toEqual([
        {
          topic: `thing/product/${SN}/requests_reply`,
          message: {
            tid: expect.any(String),
            bid: expect.any(String),
            method,
            timestamp: expect.any(Number),
            data: { result: 0 },
          },
        },
      ]);
    },
  );

  it('is refused for a gateway that is not registered', async () => {
    world.registry.gateways.set(SN, gateway({ revoked: true }));
    await ask({});
    expect(world.published.map((published) => published.message.data)).toEqual([{ result: 210001 }]);
  });
});

describe('any other event', () => {
  const tell = (changes: object, data: unknown = { output: {} }) =>
    say('other-events', message('flighttask_progress', data, changes));

  it.each([1, true, '1', 'true'])(
    'with need_reply %j is acknowledged under its own method',
    async (need_reply) => {
      await tell({ need_reply });
      expect(world.published).toMatchObject([
        {
          topic: `thing/product/${SN}/events_reply`,
          message: { method: 'flighttask_progress', data: { result: 0 } },
        },
      ]);
    },
  );

  it.each([0, false, undefined, 'no'])('with need_reply %j gets no reply', async (need_reply) => {
    await tell({ need_reply });
    expect(world.published).toEqual([]);
  });

  it.each([[[]], [null], ['text']])('may have the data %j', async (data) => {
    await tell({ need_reply: 1 }, data);
    expect(world.published.map((published) => published.message.data)).toEqual([{ result: 0 }]);
  });

  it('is logged with its method, of which a long one is cut', async () => {
    await tell({ need_reply: 1 });
    await tell({ need_reply: 1, method: 'x'.repeat(100_000) });
    expect(log.lines().map(({ method }) => method)).toEqual(['flighttask_progress', 'x'.repeat(64)]);
  });
});
