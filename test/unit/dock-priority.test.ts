import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FlightUnknownError, GatewayUnknownError } from '../../functions/core/errors.ts';
import { type PrioritizeFlightPorts, prioritizeFlight } from '../../functions/core/prioritize-flight.ts';
import { FOREIGN_WORKSPACE, mediaFile, recordFile, WORKSPACE } from '../fixtures/library.ts';
import { DockWorld, dockFunctions, gateway, message, OTHER_SN, SN } from './dock-messages.ts';
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

const FLIGHT = '0e1f9b7e-5d2e-4ed6-9a57-8a5b53a2f7a1';

describe('a request for priority', () => {
  const ask = (namedGateway?: string, flightId = FLIGHT, workspaceId = WORKSPACE) => {
    const { catalog, log: wishes, registry, docks } = world;
    const ports: PrioritizeFlightPorts = { catalog, log: wishes, registry, docks };
    return prioritizeFlight(ports, workspaceId, flightId, namedGateway);
  };
  const flown = async (name: string, kind: 'dock' | 'pilot' = 'dock') => {
    await recordFile(world.catalog, mediaFile({ flightId: FLIGHT, reporter: { kind, name } }));
    const flight = { workspaceId: WORKSPACE, flightId: FLIGHT, owner: kind };
    const heardAt = new Date().toISOString();
    if (kind === 'dock') await world.catalog.recordProgress(flight, { gatewaySn: name, heardAt });
  };

  it("is sent to the dock that flew the flight, in DJI's form", async () => {
    await flown(SN);
    const { tid, bid, gatewaySn } = await ask();
    expect(gatewaySn).toBe(SN);
    expect(world.published).toEqual([
      {
        topic: `thing/product/${SN}/services`,
        message: {
          tid,
          bid,
          timestamp: expect.any(Number),
          gateway: SN,
          method: 'upload_flighttask_media_prioritize',
          data: { flight_id: FLIGHT },
        },
      },
    ]);
  });

  it('is stored before it is sent, so an early reply finds it', async () => {
    await flown(SN);
    world.log.begin.mockImplementation(async () => expect(world.published).toEqual([]));
    const wish = await ask();
    expect(world.log.begin).toHaveBeenCalledExactlyOnceWith(WORKSPACE, FLIGHT, wish);
  });

  it('has its own tid and bid each time', async () => {
    const wishes = [await ask(SN), await ask(SN)];
    expect(new Set(wishes.flatMap(({ tid, bid }) => [tid, bid])).size).toBe(4);
  });

  it('is sent to a named dock, also for a flight without files', async () => {
    expect(await ask(SN)).toMatchObject({ gatewaySn: SN });
  });

  it('is refused for an unknown flight', async () => {
    await expect(ask()).rejects.toThrow(FlightUnknownError);
  });

  it("is refused for a flight of Pilot's, unless a dock is named", async () => {
    await flown('pilot', 'pilot');
    await expect(ask()).rejects.toThrow(GatewayUnknownError);
    expect(await ask(SN)).toMatchObject({ gatewaySn: SN });
  });

  it.each([
    ['nobody registered', 'UNKNOWN1'],
    ['is of another workspace', OTHER_SN],
    ['is no serial number', '../events'],
    ['is a pattern', '+'],
  ])('is refused for a dock that %s, and nothing is sent', async (_what, sn) => {
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
    await expect(ask(sn)).rejects.toThrow('No such dock in this workspace');
    expect(world.published).toEqual([]);
    expect(world.log.begin).not.toHaveBeenCalled();
  });

  it('is refused for a dock that was revoked after the flight', async () => {
    await flown(SN);
    await world.registry.revoke(SN);
    await expect(ask()).rejects.toThrow(GatewayUnknownError);
    expect(world.published).toEqual([]);
  });

  it('does not find a flight of another workspace', async () => {
    await flown(SN);
    await expect(ask(undefined, FLIGHT, FOREIGN_WORKSPACE)).rejects.toThrow(FlightUnknownError);
  });
});

describe("a dock's reply to it", () => {
  const METHOD = 'upload_flighttask_media_prioritize';
  const answer = (data: unknown, sn: string = SN) => say(METHOD_FUNCTION, message(METHOD, data), { sn });
  const METHOD_FUNCTION = 'upload-flighttask-media-prioritize';

  it.each([
    [{ result: 0 }, 0],
    [{ result: 314003, output: { status: 'failed' } }, 314003],
    [{ result: '7' }, 7],
    [{ result: -1 }, -1],
  ])('%j is stored by gateway, tid and bid, without a reply', async (data, result) => {
    await answer(data);
    const { tid, bid } = message(METHOD, data);
    expect(world.log.answer).toHaveBeenCalledExactlyOnceWith(SN, tid, bid, result);
    expect(world.published).toEqual([]);
  });

  it.each([true, false])('is logged with whether it was expected, %s, and nothing else', async (awaited) => {
    world.log.answer.mockResolvedValue(awaited);
    await answer({ result: 0 });
    expect(world.published).toEqual([]);
    expect(log.lines()).toEqual([expect.objectContaining({ message: 'handled', awaited, gateway_sn: SN })]);
  });

  it.each([undefined, null, 'ok', [], { result: 'ok' }, { result: 0.5 }, { result: {} }])(
    '%j is refused without a reply, with a line and a metric',
    async (data) => {
      await answer(data);
      expect(world.log.answer).not.toHaveBeenCalled();
      expect(world.published).toEqual([]);
      expect(log.lines()).toContainEqual(expect.objectContaining({ message: 'refused', code: 200001 }));
      expect(log.lines()).toContainEqual(expect.objectContaining({ DockMessageRefused: 1 }));
    },
  );

  it('is refused from an unregistered gateway', async () => {
    await answer({ result: 0 }, OTHER_SN);
    expect(world.log.answer).not.toHaveBeenCalled();
    expect(world.published).toEqual([]);
  });
});

describe('highest_priority_upload_flighttask_media', () => {
  const METHOD = 'highest_priority_upload_flighttask_media';
  const tell = (data: unknown, changes: object = {}) =>
    say('highest-priority-upload-flighttask-media', message(METHOD, data, { need_reply: 1, ...changes }));
  const expectStarted = () =>
    expect(world.log.started).toHaveBeenCalledExactlyOnceWith(WORKSPACE, FLIGHT, SN, expect.any(String));

  it('is stored with its gateway, and acknowledged', async () => {
    await tell({ flight_id: FLIGHT });
    expectStarted();
    expect(world.published).toMatchObject([
      { topic: `thing/product/${SN}/events_reply`, message: { method: METHOD, data: { result: 0 } } },
    ]);
  });

  it("is accepted without a method, as in DJI's example, and then the reply has none", async () => {
    await tell({ flight_id: FLIGHT }, { method: undefined });
    expectStarted();
    expect(world.published[0]?.message).toMatchObject({ data: { result: 0 } });
    expect(world.published[0]?.message).not.toHaveProperty('method');
  });

  it('is stored when no reply is wanted', async () => {
    await tell({ flight_id: FLIGHT }, { need_reply: 0 });
    expectStarted();
    expect(world.published).toEqual([]);
  });

  it.each([
    {},
    { flight_id: '' },
    { flight_id: ' ' },
    { flight_id: [FLIGHT] },
    { flight_id: 'x'.repeat(257) },
    [FLIGHT],
    undefined,
  ])('is refused with %j', async (data) => {
    await tell(data);
    expect(world.log.started).not.toHaveBeenCalled();
    expect(world.published[0]?.message.data).toEqual({ result: 200001 });
  });
});

describe('a message without a method', () => {
  it.each([message(undefined, { flight_id: FLIGHT }), [message(undefined, {})], 7, null])(
    'such as %j gets no reply, but a line and a metric',
    async (sent) => {
      await say('unnamed-message', sent);
      expect(world.published).toEqual([]);
      const lines = log.lines();
      expect(lines).toHaveLength(2);
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 'WARN', message: 'refused', gateway_sn: SN }),
      );
      expect(lines).toContainEqual(
        expect.objectContaining({
          DockMessageRefused: 1,
          _aws: expect.objectContaining({
            CloudWatchMetrics: [expect.objectContaining({ Namespace: 'MediaLibrary' })],
          }),
        }),
      );
    },
  );
});
