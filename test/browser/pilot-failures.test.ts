import { describe, expect } from 'vitest';
import { TokenInvalidError, UserWithoutWorkspaceError } from '../../functions/core/errors.ts';
import { failure } from '../../functions/protocol/envelope.ts';
import { LOGIN } from '../../functions/protocol/sign-in.ts';
import { type Fault, FLAVOURS, type Flavour } from './fake-bridge.ts';
import { type Answer, answerTo, CONFIG, refusal, SESSION, UNAUTHORIZED } from './page-server.ts';
import { test } from './pilot-fixture.ts';

const combinations: readonly { flavour: Flavour; fault: Fault }[] = [
  { flavour: 'first', fault: 'false' },
  { flavour: 'first', fault: 'throws' },
  { flavour: 'documented', fault: 'code' },
  { flavour: 'documented', fault: 'false' },
  { flavour: 'latest', fault: 'code' },
  { flavour: 'latest', fault: 'missing' },
];

describe('a bridge that fails', () => {
  test.for(combinations)(
    'at the licence: firmware "$flavour", $fault',
    async ({ flavour, fault }, { openPilot }) => {
      const pilot = await openPilot({
        flavour,
        faults: { platformVerifyLicense: fault, platformIsVerified: 'missing' },
      });
      await pilot.says('Pilot does not accept the DJI licence.');
      expect(await pilot.order()).toEqual(fault === 'missing' ? [] : ['platformVerifyLicense']);
    },
  );

  const STEPS: readonly { call: string; fault: Fault; line: string }[] = [
    { call: 'platformSetWorkspaceId', fault: 'throws', line: 'Pilot does not accept the workspace.' },
    { call: 'platformLoadComponent:api', fault: 'code', line: 'Pilot does not start its cloud module.' },
    {
      call: 'platformLoadComponent:thing',
      fault: 'throws',
      line: 'Pilot does not start the controller’s connection.',
    },
    { call: 'platformLoadComponent:media', fault: 'code', line: 'Pilot does not start media upload.' },
  ];

  test.for(STEPS)(
    'at $call, $fault: says so, and goes on when it works',
    async ({ call, line, fault }, { openPilot }) => {
      const pilot = await openPilot({ flavour: 'latest', faults: { [call]: fault } });
      await pilot.signIn();
      await pilot.says(line);
      const order = await pilot.order();
      expect(order.at(-1)).toBe(call);
      await pilot.bridge((bridge) => bridge.mend());
      await pilot.press('Try again');
      await pilot.says('Connected. Photos go up by themselves.');
    },
  );

  test('goes on by itself when the module can be loaded later', async ({ openPilot }) => {
    const pilot = await openPilot({ clock: true, faults: { 'platformLoadComponent:media': 'code' } });
    await pilot.signIn();
    await pilot.says('Pilot does not start media upload.');
    await pilot.bridge((bridge) => bridge.mend());
    await pilot.pass(6);
    await pilot.says('Connected. Photos go up by themselves.');
  });

  test('loads a module again after unloading it, where the firmware wants that', async ({
    expect,
    openPilot,
  }) => {
    const pilot = await openPilot({
      reloads: false,
      kept: { host: 'https://other.example.com', token: 'old' },
    });
    await pilot.connect();
    expect((await pilot.order()).filter((call) => /loadComponent/i.test(call))).toEqual([
      'platformLoadComponent:api',
      'platformUnloadComponent:api',
      'platformLoadComponent:api',
      'platformUnloadComponent:thing',
      'platformLoadComponent:thing',
      'platformLoadComponent:media',
      'platformUnloadComponent:media',
      'platformLoadComponent:media',
    ]);
  });
});

describe('the connection of the controller', () => {
  test.for(FLAVOURS)('that is never made, with firmware "%s"', async (flavour, { openPilot }) => {
    const pilot = await openPilot({ flavour, clock: true, connection: 'never' });
    await pilot.signIn();
    await pilot.says('Connecting the controller …');
    await pilot.pass(21);
    await pilot.says('The controller does not get connected.');
    expect(await pilot.loads('media')).toEqual([]);
    // It is asked for again, and the answer counts whenever it comes.
    await pilot.pass(31);
    const asked = flavour === 'latest' ? 'thingConnect' : 'platformLoadComponent:thing';
    expect((await pilot.order()).filter((call) => call === asked)).toHaveLength(2);
    await pilot.bridge((bridge) => bridge.connect(true));
    await pilot.says('Connected. Photos go up by themselves.');
  });

  test('that the broker refuses is told with its code', async ({ openPilot }) => {
    const pilot = await openPilot({ flavour: 'latest', connection: 'refused' });
    await pilot.signIn();
    await pilot.says('The controller does not get connected.');
    await pilot.press('Details');
    await pilot.shows('Code for the office: thing-not-connected');
    await pilot.shows('5 not authorized');
  });

  test('that Pilot does not ask for is told', async ({ openPilot }) => {
    const pilot = await openPilot({ flavour: 'latest', faults: { thingConnect: 'code' } });
    await pilot.signIn();
    await pilot.says('The controller does not get connected.');
  });

  test.for(FLAVOURS)(
    'that breaks is shown, and comes back: firmware "%s"',
    async (flavour, { openPilot }) => {
      const pilot = await openPilot({ flavour, clock: true });
      await pilot.connect();
      await pilot.bridge((bridge) => bridge.connect(false));
      await pilot.says('Connecting the controller …');
      await pilot.pass(21);
      await pilot.says('The controller does not get connected.');
      await pilot.bridge((bridge) => bridge.connect(true));
      await pilot.says(/^Connected/);
      // Pilot has kept the module.
      expect(await pilot.loads('media')).toHaveLength(1);
    },
  );

  test('needs an address', async ({ openPilot, server }) => {
    const bare = { mqtt_addr: '', mqtt_username: '', mqtt_password: '' };
    server.answers['POST /manage/api/v1/login'] = answerTo(LOGIN, { ...SESSION, ...bare });
    server.changeUser(bare);
    const pilot = await openPilot();
    await pilot.signIn();
    await pilot.says('The library has no address for controllers.');
    expect(await pilot.loads('thing')).toEqual([]);
  });

  test('loads a module again that Pilot has dropped', async ({ openPilot }) => {
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    await pilot.bridge((bridge) => bridge.drop('media'));
    await pilot.pass(2);
    expect(await pilot.loads('media')).toHaveLength(2);
    await pilot.says(/^Connected/);
  });
});

describe('a page that cannot start', () => {
  test('without a licence says who has to enter it', async ({ openPilot, server }) => {
    server.config = { title: 'Survey' };
    const pilot = await openPilot();
    await pilot.says('The DJI licence is missing.');
    await pilot.page.getByRole('heading', { name: 'Survey' }).waitFor();
    expect(await pilot.order()).toEqual([]);
  });

  test.for([404, { ...CONFIG, title: 7 }, 'not an object'])(
    'for lack of a valid configuration says so: %j',
    async (config, { openPilot, server }) => {
      server.config = config;
      const pilot = await openPilot();
      await pilot.says('This page is not set up.');
    },
  );

  test.for([503, 'drop'])('goes on when its server is back: %j', async (config, { openPilot, server }) => {
    server.config = config;
    const pilot = await openPilot({ clock: true });
    await pilot.says(
      config === 503 ? 'The library does not answer as it should.' : 'No connection to the library.',
    );
    server.config = CONFIG;
    await pilot.pass(6);
    await pilot.connect();
  });
});

describe('a sign-in that fails', () => {
  const answers: readonly [Answer, string][] = [
    [refusal(new UserWithoutWorkspaceError()), 'You are in no workspace.'],
    [{ status: 429, body: { message: 'Too Many Requests' } }, 'The library is busy.'],
    [{ status: 503, body: failure(503, 'Try again') }, 'The library is busy.'],
    [{ status: 404, body: failure(404, 'There is no route') }, 'no sign-in of its own'],
    [{ status: 500, body: failure(500, 'request-1') }, 'does not answer as it should'],
    [{ status: 200, body: '<html>Welcome to our hotel</html>' }, 'does not answer as it should'],
    [{ status: 200, body: { code: 0, data: {} } }, 'does not answer as it should'],
    [{ status: 200, body: failure(423, 'locked until 14:00') }, 'The library refused: locked until 14:00'],
  ];

  test('says why, and can be tried again', async ({ openPilot, server }) => {
    const pilot = await openPilot();
    for (const [answer, line] of answers) {
      server.answers['POST /manage/api/v1/login'] = answer;
      await pilot.signIn();
      await pilot.warns(line);
    }
    expect(await pilot.loads('api')).toEqual([]);
  });

  test('with a wrong password says so, and works with the right one', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.signIn('wrong');
    await pilot.warns('User name or password is wrong.');
    await pilot.connect();
  });

  test('without a network says so', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.page.getByLabel('User name').waitFor();
    await pilot.page.context().setOffline(true);
    await pilot.signIn();
    await pilot.warns('No connection to the library.');
    await pilot.page.context().setOffline(false);
    await pilot.connect();
  });

  test('because nothing answers says so after a while', async ({ openPilot, server }) => {
    server.answers['POST /manage/api/v1/login'] = 'silence';
    const pilot = await openPilot({ clock: true });
    await pilot.signIn();
    await pilot.shows('Signing in …');
    await pilot.page.clock.fastForward(16_000);
    await pilot.warns('No connection to the library.');
  });
});

describe('a session', () => {
  test('without a network shows it, and goes on when it is back', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.page.context().setOffline(true);
    await pilot.says('No connection to the library.');
    await pilot.shows('Cloud failed');
    await pilot.page.context().setOffline(false);
    await pilot.says(/^Connected/);
  });

  test('whose server is gone shows it within half a minute', async ({ openPilot, server }) => {
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    server.close();
    await pilot.pass(30);
    await pilot.says('No connection to the library.');
  });

  test('that the server ends asks to sign in again', async ({ openPilot, server }) => {
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    for (const route of Object.keys(server.answers))
      if (route.startsWith('GET ')) server.answers[route] = UNAUTHORIZED;
    server.everythingElse = UNAUTHORIZED;
    server.answers['POST /manage/api/v1/token/refresh'] = refusal(new TokenInvalidError());
    await pilot.pass(31);
    await pilot.warns('Your session has ended.');
    expect(await pilot.page.evaluate('sessionStorage.length')).toBe(0);
  });

  test('of somebody who was taken out of the workspace says so', async ({ openPilot, server }) => {
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    server.everythingElse = { status: 403, body: failure(403, 'The token does not allow this workspace') };
    await pilot.pass(31);
    await pilot.says('You are in no workspace.');
  });

  test('on a controller whose clock is wrong says by how much', async ({ openPilot, server }) => {
    server.clockAheadInMilliseconds = -3 * 3600 * 1000;
    const pilot = await openPilot();
    await pilot.signIn();
    await pilot.says(/The controller’s clock is wrong by 3\sh\s0\smin\./);
  });
});
