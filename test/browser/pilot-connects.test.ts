import { describe, expect } from 'vitest';
import { FLAVOURS } from './fake-bridge.ts';
import { CONFIG, MQTT, SESSION, TOKEN, WORKSPACE } from './page-server.ts';
import { test } from './pilot-fixture.ts';

describe('signing in on the controller', () => {
  test.for(FLAVOURS)(
    'loads the modules in the order that works: firmware "%s"',
    async (flavour, { openPilot }) => {
      const pilot = await openPilot({ flavour });
      await pilot.connect();
      await pilot.says('Connected. Photos go up by themselves.');
      expect(await pilot.order()).toEqual([
        'platformVerifyLicense',
        'platformSetWorkspaceId',
        'platformSetInformation',
        'platformLoadComponent:api',
        'platformLoadComponent:thing',
        ...(flavour === 'latest' ? ['thingConnect'] : []),
        'platformLoadComponent:media',
        'mediaSetDownloadOwner',
      ]);
    },
  );

  test('gives Pilot what the configuration and the server say', async ({ openPilot, server }) => {
    const pilot = await openPilot({ flavour: 'latest' });
    await pilot.connect();
    const calls = new Map((await pilot.calls()).map(([name, ...parameters]) => [name, parameters]));
    const modules = (await pilot.calls())
      .filter(([name]) => name === 'platformLoadComponent')
      .map(([, name, parameters]) => [name, JSON.parse(String(parameters))]);
    const { app_id, app_key, app_license } = CONFIG.licence ?? {};
    expect(calls.get('platformVerifyLicense')).toEqual([app_id, app_key, app_license]);
    expect(calls.get('platformSetWorkspaceId')).toEqual([WORKSPACE.id]);
    expect(calls.get('platformSetInformation')).toEqual(['Media library', WORKSPACE.name, '']);
    const { mqtt_addr: host, mqtt_username: username, mqtt_password: password } = MQTT;
    const connectCallback = calls.get('thingConnect')?.[2];
    expect(calls.get('thingConnect')).toEqual([username, password, connectCallback]);
    expect(modules).toEqual([
      ['api', { host: server.address, token: TOKEN }],
      ['thing', { host, username, password, connectCallback }],
      ['media', { autoUploadPhoto: true, autoUploadPhotoType: 0, autoUploadVideo: false }],
    ]);
    expect(calls.get('mediaSetDownloadOwner')).toEqual([0]);
  });

  test('tells the server the user, the controller and its firmware', async ({
    expect,
    openPilot,
    server,
  }) => {
    const pilot = await openPilot({ flavour: 'latest' });
    await pilot.connect();
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      body: { username: 'anna', password: 'correct horse', flag: 2 },
      headers: { 'x-device-id': '5YSZK1400B00AB', 'x-firmware-version': '12.0.1.5' },
    });
    for (const { headers } of server.requests.slice(1)) expect(headers['x-auth-token']).toBe(TOKEN);
  });

  test('calls the API elsewhere when the configuration says so', async ({ openPilot, server }) => {
    const api = server.address.replace('127.0.0.1', 'localhost');
    server.apiOrigins = [api];
    server.config = { ...CONFIG, api_address: api };
    const pilot = await openPilot();
    await pilot.connect();
    expect((await pilot.loads('api')).map(({ host }) => host)).toEqual([api]);
    expect(new Set(server.requests.map(({ headers }) => headers.host))).toEqual(new Set([new URL(api).host]));
  });

  test('keeps nothing but tokens, and those only until the web view closes', async ({
    expect,
    openPilot,
    server,
  }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.press('Preview');
    const stored = (await pilot.page.evaluate(
      '({ session: { ...sessionStorage }, local: { ...localStorage }, cookie: document.cookie })',
    )) as { session: object; local: object; cookie: string };
    expect(stored).toEqual({
      session: {
        'pilot.token': JSON.stringify(SESSION.access_token),
        'pilot.refresh-token': JSON.stringify(SESSION.refresh_token),
      },
      local: { 'pilot.settings': '{"photos":"preview","videos":false,"downloadsHere":true}' },
      cookie: '',
    });
    for (const { url } of server.requests) expect(url.href).not.toContain(TOKEN);
    expect(pilot.page.url()).toBe(`${server.address}/pilot/`);
  });

  test('says what web view it is, in one line of the log', async ({ openPilot }) => {
    const pilot = await openPilot({ flavour: 'latest' });
    await pilot.connect();
    const [line, ...more] = pilot.console.filter((said) => said.startsWith('Pilot page'));
    expect(more).toEqual([]);
    expect(line).toMatch(/^Pilot page \{"page":"\d.*"userAgent":"Mozilla\/5\.0 .*"pilot":"12\.0\.1\.5"/);
    expect(line).not.toContain(MQTT.mqtt_password);
  });

  test('takes a bridge that the web view injects late', async ({ openPilot }) => {
    const pilot = await openPilot({
      before: (page) =>
        page.addInitScript(`
          const late = window.djiBridge;
          delete window.djiBridge;
          window.injectBridge = () => { window.djiBridge = late; };
        `),
    });
    await pilot.shows('Open this page on the controller');
    await pilot.page.evaluate('window.injectBridge()');
    await pilot.connect();
  });
});
