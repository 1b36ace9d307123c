import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InMemoryDeviceRegistry } from '../../fakes/in-memory-device-registry.ts';
import { dynamoDbDeviceRegistry } from '../../functions/adapters/dynamodb-device-registry.ts';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import { dynamoDbPrioritizationLog } from '../../functions/adapters/dynamodb-prioritization-log.ts';
import { prioritizationState } from '../../functions/core/flight.ts';
import type { DeviceRegistry, GatewaySn } from '../../functions/core/gateway.ts';
import { EMPTY_TOPOLOGY } from '../../functions/core/topology.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { type DynaliteTable, startDynaliteTable } from './dynalite-table.ts';

let table: DynaliteTable;
let counter = 0;

beforeAll(async () => {
  table = await startDynaliteTable();
});

afterAll(() => table.close());

const NOW = '2026-04-12T09:30:00.000Z';

describe.each<[string, () => DeviceRegistry]>([
  ['DynamoDB', () => dynamoDbDeviceRegistry(table.tableName, table.client())],
  ['memory', () => new InMemoryDeviceRegistry()],
])('device registry in %s', (_where, open) => {
  let registry: DeviceRegistry;
  let workspaceId: WorkspaceId;
  let sn: GatewaySn;

  beforeEach(() => {
    registry = open();
    workspaceId = randomUUID() as string as WorkspaceId;
    sn = `4TADKAQ000${++counter}` as GatewaySn;
  });

  const gateway = () => ({
    sn,
    workspaceId,
    workspaceName: 'Survey',
    passwordHash: 'sha256$a$b',
    revoked: false,
    createdAt: NOW,
  });

  it('finds a registered gateway, with nothing hanging on it yet', async () => {
    expect(await registry.createGateway(gateway())).toBe(true);
    expect(await registry.findGateway(sn)).toEqual({
      ...gateway(),
      topology: EMPTY_TOPOLOGY,
    });
  });

  it('does not find a gateway that only sent its topology', async () => {
    await registry.rememberDevices(sn, { drones: [{ sn: 'DRONE1' }], online: [] });
    await registry.rememberNames(sn, [{ sn: 'DRONE1', callsign: 'Heron' }]);
    expect(await registry.findGateway(sn)).toBeUndefined();
  });

  it('leaves a serial number with the workspace that registered it first', async () => {
    await registry.createGateway(gateway());
    const elsewhere = randomUUID() as string as WorkspaceId;
    expect(await registry.createGateway({ ...gateway(), workspaceId: elsewhere })).toBe(false);
    expect((await registry.findGateway(sn))?.workspaceId).toBe(workspaceId);
    expect(await registry.listGateways(elsewhere)).toEqual([]);
  });

  it('lists the gateways of one workspace', async () => {
    await registry.createGateway(gateway());
    expect((await registry.listGateways(workspaceId)).map((listed) => listed.sn)).toEqual([sn]);
  });

  it('revokes a gateway, and a new password makes it good again', async () => {
    await registry.createGateway(gateway());
    expect(await registry.revoke(sn)).toBe(true);
    expect((await registry.findGateway(sn))?.revoked).toBe(true);
    expect(await registry.replacePassword(sn, 'sha256$c$d')).toBe(true);
    expect(await registry.findGateway(sn)).toMatchObject({ revoked: false, passwordHash: 'sha256$c$d' });
  });

  it('neither revokes nor makes a gateway that nobody registered', async () => {
    expect(await registry.revoke(sn)).toBe(false);
    expect(await registry.replacePassword(sn, 'sha256$c$d')).toBe(false);
    expect(await registry.findGateway(sn)).toBeUndefined();
  });

  it('keeps what hangs on a gateway, in order', async () => {
    await registry.createGateway(gateway());
    const devices = {
      gatewayModelKey: '3-2-0',
      drones: [{ sn: '1581', modelKey: '0-91-0' }, { sn: 'Z' }, { sn: 'A', modelKey: '0-67-0' }],
      online: ['1581'],
      heardAt: NOW,
    };
    await registry.rememberDevices(sn, devices);
    expect((await registry.findGateway(sn))?.topology).toEqual({ ...devices, names: [] });
    await registry.rememberDevices(sn, { drones: [{ sn: 'Z' }], online: [] });
    expect((await registry.findGateway(sn))?.topology).toMatchObject({ drones: [{ sn: 'Z' }], online: [] });
  });

  it('keeps the names that people gave, whatever the topology says later', async () => {
    await registry.createGateway(gateway());
    const names = [
      { sn: 'Z', callsign: 'Heron' },
      { sn: '7', callsign: '' },
    ];
    await registry.rememberNames(sn, names);
    await registry.rememberDevices(sn, { drones: [{ sn: 'DRONE1' }], online: ['DRONE1'], heardAt: NOW });
    expect((await registry.findGateway(sn))?.topology).toEqual({
      drones: [{ sn: 'DRONE1' }],
      online: ['DRONE1'],
      heardAt: NOW,
      names,
    });
  });
});

describe('prioritization log in DynamoDB', () => {
  const workspaceId = randomUUID() as string as WorkspaceId;
  const open = () => ({
    log: dynamoDbPrioritizationLog(table.tableName, table.client()),
    catalog: dynamoDbMediaCatalog(table.tableName, table.client()),
    flightId: randomUUID() as string,
    wish: {
      gatewaySn: '4TADKAQ',
      tid: randomUUID() as string,
      bid: randomUUID() as string,
      requestedAt: NOW,
    },
  });
  const at = (seconds: number) => Date.parse(NOW) + seconds * 1000;

  it('tells a wish that no dock has answered from one that it never will', async () => {
    const { log, catalog, flightId, wish } = open();
    await log.begin(workspaceId, flightId, wish);
    const flight = await catalog.findFlight(workspaceId, flightId);
    expect(flight?.prioritization).toEqual(wish);
    expect(prioritizationState(wish, at(5))).toBe('requested');
    expect(prioritizationState(wish, at(31))).toBe('unanswered');
  });

  it.each([
    [0, 'accepted'],
    [314003, 'refused'],
  ])('takes the answer %i of the dock for %s', async (result, state) => {
    const { log, catalog, flightId, wish } = open();
    await log.begin(workspaceId, flightId, wish);
    expect(await log.answer(wish.gatewaySn, wish.tid, wish.bid, result)).toBe(true);
    const { prioritization = wish } = (await catalog.findFlight(workspaceId, flightId)) ?? {};
    expect(prioritizationState(prioritization, at(60))).toBe(state);
  });

  it("does not take another dock's answer, or one to an earlier wish", async () => {
    const { log, catalog, flightId, wish } = open();
    await log.begin(workspaceId, flightId, wish);
    expect(await log.answer('OTHERDOCK', wish.tid, wish.bid, 0)).toBe(false);
    const later = { ...wish, tid: randomUUID() as string };
    await log.begin(workspaceId, flightId, later);
    expect(await log.answer(wish.gatewaySn, wish.tid, wish.bid, 0)).toBe(false);
    expect((await catalog.findFlight(workspaceId, flightId))?.prioritization).toEqual(later);
  });

  it('knows that a dock uploads a flight first even when nobody asked for it', async () => {
    const { log, catalog, flightId } = open();
    await log.started(workspaceId, flightId, '4TADKAQ', NOW);
    const flight = await catalog.findFlight(workspaceId, flightId);
    expect(flight).toMatchObject({
      gatewaySn: '4TADKAQ',
      prioritization: { startedAt: NOW },
    });
  });

  it('keeps the wish when the dock announces that it fulfils it', async () => {
    const { log, catalog, flightId, wish } = open();
    await log.begin(workspaceId, flightId, wish);
    await log.started(workspaceId, flightId, wish.gatewaySn, NOW);
    expect((await catalog.findFlight(workspaceId, flightId))?.prioritization).toEqual({
      ...wish,
      startedAt: NOW,
    });
  });
});
