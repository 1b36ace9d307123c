import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secretsManagerDockSettings } from '../../functions/adapters/secrets-manager-dock-settings.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';
import { cannedAws } from './canned-aws.ts';
import { DockWorld, dockFunctions, gateway, message, OTHER_SN, SN } from './dock-messages.ts';
import { recordLog } from './http-requests.ts';

const DRONE = '1581F5BMD22CK00A1234';

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

/** `data` of the one reply. */
const replied = () => {
  expect(world.published).toHaveLength(1);
  return world.published[0]?.message.data;
};
const topology = async () => (await world.registry.findGateway(SN))?.topology;

describe('config', () => {
  const ask = () => say('config', message('config', { config_type: 'json', config_scope: 'product' }));

  it('has the settings as its reply, and no secret in the log', async () => {
    await ask();
    expect(replied()).toEqual({
      ntp_server_host: 'time.aws.com',
      ntp_server_port: 124,
      app_id: '101',
      app_key: 'very-secret-key',
      app_license: 'very-secret-licence',
    });
    expect(log.text()).not.toContain('very-secret');
  });

  it.each([undefined, '', 0, '0', 'none'])(
    'has the default NTP port when the secret has %j',
    async (port) => {
      world.settings = { ...world.settings, ntp_server_port: port };
      await ask();
      expect(replied()).toMatchObject({ ntp_server_port: 123 });
    },
  );

  it('is refused with the names of missing settings in the log, and no values', async () => {
    world.settings = { ...world.settings, app_license: '', ntp_server_host: undefined };
    await ask();
    expect(replied()).toEqual({ result: 503 });
    expect(log.lines()).toContainEqual(
      expect.objectContaining({
        level: 'ERROR',
        error: expect.objectContaining({
          message: 'The secret of dock settings lacks ntp_server_host, app_license',
        }),
      }),
    );
    expect(log.text()).not.toContain('very-secret');
  });

  const secret = (content: object) => ({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: JSON.stringify({ SecretString: JSON.stringify(content) }),
  });

  it('reads complete settings once in five minutes', async () => {
    const filled = { ntp_server_host: 'h', app_id: '1', app_key: 'k', app_license: 'l' };
    const { settings, sent } = cannedAws(secret(filled), secret({ ...filled, app_id: '2' }));
    const source = secretsManagerDockSettings('arn', new SecretsManagerClient(settings));
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    expect((await source.read()).appId).toBe('1');
    now.mockReturnValue(1_000_000 + 299_999);
    expect((await source.read()).appId).toBe('1');
    expect(sent).toHaveLength(1);
    now.mockReturnValue(1_000_000 + 300_000);
    expect((await source.read()).appId).toBe('2');
    expect(sent).toHaveLength(2);
  });

  it('reads settings again that were incomplete', async () => {
    const filled = { ntp_server_host: 'h', app_id: '1', app_key: 'k', app_license: 'l' };
    const { settings } = cannedAws(secret({ ...filled, app_id: '' }), secret(filled));
    const source = secretsManagerDockSettings('arn', new SecretsManagerClient(settings));
    await expect(source.read()).rejects.toThrow('lacks app_id');
    expect((await source.read()).appId).toBe('1');
  });

  it('does not quote a secret that is not JSON', async () => {
    const { settings } = cannedAws({
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ SecretString: 'app_key=hush' }),
    });
    const source = secretsManagerDockSettings('arn', new SecretsManagerClient(settings));
    const error: Error = await source.read().then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error.message).toContain('not JSON');
    expect(`${error.stack} ${error.cause}`).not.toContain('hush');
  });
});

describe('airport_bind_status', () => {
  const ask = (devices: unknown) => say('airport-bind-status', message('airport_bind_status', { devices }));
  const UNBOUND = {
    is_device_bind_organization: false,
    organization_id: '',
    organization_name: '',
    device_callsign: '',
  };

  it('returns the workspace of the dock and its drone, and none for others', async () => {
    await world.registry.rememberNames(SN, [{ sn: DRONE, callsign: 'Heron' }]);
    await ask([{ sn: SN }, { sn: DRONE }, { sn: 'SOMEBODY' }]);
    const bound = {
      is_device_bind_organization: true,
      organization_id: WORKSPACE,
      organization_name: 'Survey',
    };
    expect(replied()).toEqual({
      result: 0,
      output: {
        bind_status: [
          { sn: SN, ...bound, device_callsign: '' },
          { sn: DRONE, ...bound, device_callsign: 'Heron' },
          { sn: 'SOMEBODY', ...UNBOUND },
        ],
      },
    });
  });

  it('returns nothing about a dock of another workspace', async () => {
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
    await ask([{ sn: OTHER_SN }]);
    expect(replied()).toEqual({ result: 0, output: { bind_status: [{ sn: OTHER_SN, ...UNBOUND }] } });
  });

  it.each(['constructor', 'toString', '__proto__'])('does not treat %s as a device', async (sn) => {
    await ask([{ sn }]);
    expect(replied().output.bind_status).toEqual([{ sn, ...UNBOUND }]);
  });

  it('accepts an empty list', async () => {
    await ask([]);
    expect(replied()).toEqual({ result: 0, output: { bind_status: [] } });
  });

  it.each([undefined, null, 'SN', [SN], [{}], [{ sn: '' }], [{ sn: [] }], Array(33).fill({ sn: SN })])(
    'refuses %j',
    async (devices) => {
      await ask(devices);
      expect(replied()).toEqual({ result: 200001 });
    },
  );
});

describe('airport_organization_get', () => {
  const ask = (data: unknown) => say('airport-organization-get', message('airport_organization_get', data));

  it.each(['', '1234', undefined, null])(
    'returns the name of the workspace, with any binding code: %j',
    async (code) => {
      await ask({ device_binding_code: code, organization_id: WORKSPACE });
      expect(replied()).toEqual({ result: 0, output: { organization_name: 'Survey' } });
    },
  );

  it.each([FOREIGN_WORKSPACE, WORKSPACE.toUpperCase(), 'Survey', `${WORKSPACE} `])(
    'has no organization %j',
    async (organization_id) => {
      world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
      await ask({ device_binding_code: '1234', organization_id });
      expect(replied()).toEqual({ result: 210234 });
    },
  );

  it.each([{}, { organization_id: '' }, { organization_id: 7 }])('refuses %j', async (data) => {
    await ask(data);
    expect(replied()).toEqual({ result: 200001 });
  });
});

describe('airport_organization_bind', () => {
  const bind = (...devices: unknown[]) =>
    say('airport-organization-bind', message('airport_organization_bind', { bind_devices: devices }));
  const device = (sn: string, changes: object = {}) => ({
    sn,
    device_model_key: '3-2-0',
    device_callsign: `Name of ${sn}`,
    organization_id: WORKSPACE,
    device_binding_code: '1234',
    ...changes,
  });

  it('binds the dock and its drone, with the names that users gave', async () => {
    await bind(device(SN), device(DRONE, { device_model_key: '0-91-0' }));
    expect(replied()).toEqual({
      result: 0,
      output: {
        err_infos: [
          { sn: SN, err_code: 0 },
          { sn: DRONE, err_code: 0 },
        ],
      },
    });
    expect((await topology())?.names).toEqual([
      { sn: SN, callsign: `Name of ${SN}` },
      { sn: DRONE, callsign: `Name of ${DRONE}` },
    ]);
  });

  it('checks each device separately, and writes only those that it binds', async () => {
    await bind(
      device(SN, { organization_id: FOREIGN_WORKSPACE }),
      device('not a serial number'),
      device('LONG', { device_callsign: 'x'.repeat(65) }),
      device(DRONE, { device_callsign: undefined }),
      device('EXACT', { device_callsign: '\u{1F6F8}'.repeat(64) }),
    );
    expect(replied().output.err_infos).toEqual([
      { sn: SN, err_code: 210232 },
      { sn: 'not a serial number', err_code: 210231 },
      { sn: 'LONG', err_code: 210231 },
      { sn: DRONE, err_code: 0 },
      { sn: 'EXACT', err_code: 0 },
    ]);
    expect((await topology())?.names).toEqual([
      { sn: DRONE, callsign: '' },
      { sn: 'EXACT', callsign: '\u{1F6F8}'.repeat(64) },
    ]);
  });

  it('has the same result for a device of another workspace and an unregistered one', async () => {
    const find = vi.spyOn(world.registry, 'findGateway');
    world.registry.gateways.set(OTHER_SN, gateway({ sn: OTHER_SN, workspaceId: FOREIGN_WORKSPACE }));
    await bind(device(OTHER_SN), device('UNKNOWN1'));
    expect(replied().output.err_infos).toEqual([
      { sn: OTHER_SN, err_code: 0 },
      { sn: 'UNKNOWN1', err_code: 0 },
    ]);
    // Not even by the time that it takes.
    expect(find.mock.calls).toEqual([[SN]]);
    expect(world.registry.topologies.get(OTHER_SN)).toBeUndefined();
    expect(world.registry.gateways.get(OTHER_SN)?.workspaceId).toBe(FOREIGN_WORKSPACE);
  });

  it('uses the last name of a repeated device, and writes once', async () => {
    const remember = vi.spyOn(world.registry, 'rememberNames');
    await bind(device(DRONE), device(DRONE, { device_callsign: 'Heron' }));
    expect(remember.mock.calls).toEqual([[SN, [{ sn: DRONE, callsign: 'Heron' }]]]);
  });

  it('writes nothing when it is repeated', async () => {
    await bind(device(SN), device(DRONE));
    const remember = vi.spyOn(world.registry, 'rememberNames');
    await bind(device(SN), device(DRONE));
    await bind(device(DRONE));
    expect(remember).not.toHaveBeenCalled();
    expect(world.published).toHaveLength(3);
  });

  it('keeps the eight devices that were bound last', async () => {
    await bind(...Array.from({ length: 8 }, (_, index) => device(`A${index}`)));
    await bind(device('B'), device('A7'));
    expect((await topology())?.names.map(({ sn }) => sn)).toEqual([
      'B',
      'A0',
      'A1',
      'A2',
      'A3',
      'A4',
      'A5',
      'A6',
    ]);
  });

  it('does not move the dock to another workspace', async () => {
    await bind(device(SN, { organization_id: FOREIGN_WORKSPACE }));
    expect((await world.registry.findGateway(SN))?.workspaceId).toBe(WORKSPACE);
  });

  it('stores no names that are not text', async () => {
    await bind(device(SN, { device_callsign: ['Dock'], device_binding_code: {}, device_model_key: false }));
    expect(replied()).toEqual({ result: 0, output: { err_infos: [{ sn: SN, err_code: 0 }] } });
    expect((await topology())?.names).toEqual([{ sn: SN, callsign: '' }]);
  });

  it.each([
    [[7]],
    [[{ sn: SN }]],
    [[{ organization_id: WORKSPACE }]],
    [Array.from({ length: 9 }, (_, index) => device(`A${index}`))],
  ])('refuses %j', async (devices) => {
    await bind(...devices);
    expect(replied()).toEqual({ result: 200001 });
  });
});

describe('update_topo', () => {
  const tell = (data: unknown, sn: string = SN) => say('update-topo', message('update_topo', data), { sn });
  const dock = { domain: 3, type: 2, sub_type: 0 };
  const drone = { sn: DRONE, domain: 0, type: 91, sub_type: 0 };

  it('stores dock, drone and models', async () => {
    await tell({ ...dock, device_secret: 'x', nonce: 'y', sub_devices: [{ ...drone, index: 'A' }] });
    expect(world.published).toMatchObject([
      { topic: `sys/product/${SN}/status_reply`, message: { data: { result: 0 } } },
    ]);
    expect(await topology()).toEqual({
      gatewayModelKey: '3-2-0',
      drones: [{ sn: DRONE, modelKey: '0-91-0' }],
      online: [DRONE],
      heardAt: expect.stringMatching(/Z$/),
      names: [],
    });
  });

  it("stores those of Pilot's remote controller too", async () => {
    const sn = 'RC0PLUS00001';
    world.registry.gateways.set(sn as typeof SN, gateway({ sn: sn as typeof SN }));
    await tell({ domain: '2', type: '144', sub_type: '0', sub_devices: [drone] }, sn);
    expect(world.published[0]?.topic).toBe(`sys/product/${sn}/status_reply`);
    expect((await world.registry.findGateway(sn as typeof SN))?.topology).toMatchObject({
      gatewayModelKey: '2-144-0',
      online: [DRONE],
    });
  });

  it.each([{ ...dock, sub_devices: [] }, { ...dock, sub_devices: null }, dock])(
    'treats %j as a drone that is offline',
    async (data) => {
      await tell({ ...dock, sub_devices: [drone] });
      await tell(data);
      expect(await topology()).toMatchObject({ drones: [{ sn: DRONE }], online: [] });
    },
  );

  it('accepts devices without models', async () => {
    await tell({ sub_devices: [{ sn: DRONE, domain: 0 }] });
    expect(await topology()).toMatchObject({ drones: [{ sn: DRONE }], online: [DRONE] });
    expect(await topology()).not.toHaveProperty('gatewayModelKey');
  });

  it('stores a repeated drone once', async () => {
    const remember = vi.spyOn(world.registry, 'rememberDevices');
    await tell({ ...dock, sub_devices: [{ sn: DRONE }, drone] });
    expect(replied()).toEqual({ result: 0 });
    expect(remember.mock.calls[0]?.[1].drones).toEqual([{ sn: DRONE, modelKey: '0-91-0' }]);
  });

  it.each([
    { ...dock, sub_devices: DRONE },
    { ...dock, sub_devices: [DRONE] },
    { ...dock, sub_devices: [{ domain: 0 }] },
    { ...dock, sub_devices: [{ sn: {} }] },
    { ...dock, sub_devices: Array(9).fill(drone) },
    { ...dock, sub_devices: [{ sn: 'A'.repeat(65) }] },
    [],
    undefined,
  ])('refuses %j, and deletes nothing', async (data) => {
    await world.registry.rememberDevices(SN, { drones: [{ sn: DRONE }], online: [DRONE] });
    await tell(data);
    expect(replied()).toEqual({ result: 200001 });
    expect(await topology()).toMatchObject({ online: [DRONE] });
  });

  it('treats unknown models as missing, and accepts numbers as serial numbers', async () => {
    await tell({
      ...dock,
      domain: {},
      sub_devices: [{ sn: 1581, domain: 'drone', type: [], sub_type: null }],
    });
    expect(replied()).toEqual({ result: 0 });
    expect(await topology()).toMatchObject({ drones: [{ sn: '1581' }], online: ['1581'] });
    expect(await topology()).not.toHaveProperty('gatewayModelKey');
  });

  it('writes nothing when it is repeated', async () => {
    await tell({ ...dock, sub_devices: [drone] });
    const remember = vi.spyOn(world.registry, 'rememberDevices');
    await tell({ ...dock, sub_devices: [drone] });
    await tell({ sub_devices: [{ sn: DRONE }] });
    expect(remember).not.toHaveBeenCalled();
    expect(world.published.map((published) => published.message.data)).toEqual(Array(3).fill({ result: 0 }));
    await tell(dock);
    expect(remember).toHaveBeenCalledOnce();
  });

  it('is written again after an hour, with the time of the message', async () => {
    await tell({ ...dock, sub_devices: [drone] });
    const known = await topology();
    const hourAgo = new Date(Date.now() - 3_600_001).toISOString();
    await world.registry.rememberDevices(SN, {
      ...known,
      drones: known?.drones ?? [],
      online: [DRONE],
      heardAt: hourAgo,
    });
    await tell({ ...dock, sub_devices: [drone] });
    expect(Date.parse((await topology())?.heardAt ?? '')).toBeGreaterThan(Date.parse(hourAgo));
  });

  it('keeps the eight drones that were online last', async () => {
    await tell({ sub_devices: Array.from({ length: 8 }, (_, index) => ({ sn: `A${index}` })) });
    await tell({ sub_devices: [{ sn: 'B' }] });
    expect((await topology())?.drones.map(({ sn }) => sn)).toEqual([
      'B',
      'A0',
      'A1',
      'A2',
      'A3',
      'A4',
      'A5',
      'A6',
    ]);
    expect(await topology()).toMatchObject({ online: ['B'] });
  });

  it('is accepted as a last will, without tid, and has no reply', async () => {
    await tell({ ...dock, sub_devices: [drone] });
    await say(
      'update-topo',
      message('update_topo', { ...dock, sub_devices: [] }, { tid: undefined, bid: undefined }),
    );
    expect(world.published).toHaveLength(1);
    expect(await topology()).toMatchObject({ drones: [{ sn: DRONE }], online: [] });
  });
});
