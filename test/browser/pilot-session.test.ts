import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { TOKEN_REFRESH } from '../../functions/protocol/sign-in.ts';
import {
  type Answer,
  answerTo,
  OTHER_WORKSPACE,
  type PageServer,
  SESSION,
  TOKEN,
  tokenFrom,
  UNAUTHORIZED,
  userIn,
  WORKSPACE,
  workspaceAnswer,
} from './page-server.ts';
import { type PilotPage, test } from './pilot-fixture.ts';

const RENEWED = tokenFrom(1_790_003_000);

const renewing = (server: PageServer, token = RENEWED, refreshToken = 'refresh-2'): void => {
  server.answers['POST /manage/api/v1/token/refresh'] = answerTo(TOKEN_REFRESH, {
    ...SESSION,
    access_token: token,
    refresh_token: refreshToken,
  });
};

const refreshes = ({ requests }: PageServer): unknown[] =>
  requests.filter(({ url }) => url.pathname.endsWith('/token/refresh')).map(({ body }) => body);

/** What was done after a moment: the calls that change something. */
const since = async (pilot: PilotPage, before: readonly string[]): Promise<string[]> =>
  (await pilot.order()).slice(before.length);

describe('a token', () => {
  test('is renewed before it ends, given to Pilot, and what depends on it is loaded again', async ({
    expect,
    openPilot,
    server,
  }) => {
    renewing(server);
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    const before = await pilot.order();
    await pilot.pass(49 * 60);
    expect(refreshes(server)).toEqual([]);
    await pilot.pass(2 * 60);
    await expect.poll(() => since(pilot, before)).toEqual(['apiSetToken', 'platformLoadComponent:media']);
    expect(refreshes(server)).toEqual([{ refresh_token: 'refresh-1' }]);
    expect((await pilot.calls()).find(([name]) => name === 'apiSetToken')).toEqual(['apiSetToken', RENEWED]);
    await pilot.says(/^Connected/);

    renewing(server, tokenFrom(1_790_006_000), 'refresh-3');
    await pilot.pass(51 * 60);
    await expect.poll(() => refreshes(server).at(-1)).toEqual({ refresh_token: 'refresh-2' });
  });

  test('is given with the api module, where the firmware has no other way', async ({
    expect,
    openPilot,
    server,
  }) => {
    renewing(server);
    const pilot = await openPilot({ flavour: 'first', clock: true });
    await pilot.connect();
    const before = await pilot.order();
    await pilot.pass(51 * 60);
    await expect
      .poll(() => since(pilot, before))
      .toEqual(['platformLoadComponent:api', 'platformLoadComponent:media']);
    expect((await pilot.loads('api')).map(({ token }) => token)).toEqual([TOKEN, RENEWED]);
  });

  test('is renewed once the server answers again', async ({ openPilot, server }) => {
    server.answers['POST /manage/api/v1/token/refresh'] = { status: 503, body: 'busy' };
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    await pilot.pass(51 * 60);
    await expect.poll(() => refreshes(server)).toHaveLength(1);
    renewing(server);
    await expect
      .poll(async () => {
        await pilot.pass(1);
        return pilot.order();
      })
      .toContain('apiSetToken');
    await pilot.says(/^Connected/);
  });

  test('that has ended early is renewed at once', async ({ openPilot, server }) => {
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    renewing(server);
    server.everythingElse = ({ headers }) =>
      headers['x-auth-token'] === RENEWED ? { status: 404, body: {} } : UNAUTHORIZED;
    await expect
      .poll(async () => {
        await pilot.pass(10);
        return pilot.order();
      })
      .toContain('apiSetToken');
    await pilot.says(/^Connected/);
  });
});

describe('a page that is opened again', () => {
  const now = Math.floor(Date.now() / 1000);
  const FRESH = tokenFrom(now - 600);
  const NEARLY_OVER = tokenFrom(now - 3300);
  const remembered = (token: string) => (page: Page) =>
    page.addInitScript(`sessionStorage.setItem('pilot.token', '"${token}"');
      sessionStorage.setItem('pilot.refresh-token', '"refresh-1"');`);

  test('goes on without a sign-in, and leaves what is loaded alone', async ({
    expect,
    openPilot,
    server,
  }) => {
    const kept = { host: server.address, token: FRESH };
    const pilot = await openPilot({ kept, before: remembered(FRESH) });
    await pilot.says(/^Connected/);
    expect(refreshes(server)).toEqual([]);
    expect(await pilot.order()).toEqual([
      'platformVerifyLicense',
      'platformSetWorkspaceId',
      'platformSetInformation',
    ]);
  });

  test('renews a token that is nearly over', async ({ openPilot, server }) => {
    renewing(server);
    const kept = { host: server.address, token: NEARLY_OVER };
    const pilot = await openPilot({ kept, before: remembered(NEARLY_OVER) });
    await expect
      .poll(async () => (await pilot.order()).slice(3))
      .toEqual(['apiSetToken', 'platformLoadComponent:media']);
    expect(refreshes(server)).toEqual([{ refresh_token: 'refresh-1' }]);
    await pilot.says(/^Connected/);
  });

  test('renews a token that has ended meanwhile', async ({ openPilot, server }) => {
    renewing(server);
    const user = server.answers['GET /manage/api/v1/users/current'];
    server.answers['GET /manage/api/v1/users/current'] = ({ headers }) =>
      headers['x-auth-token'] === RENEWED ? (user as Answer) : UNAUTHORIZED;
    const pilot = await openPilot({ before: remembered(FRESH) });
    await pilot.says(/^Connected/);
    expect((await pilot.loads('api')).map(({ token }) => token)).toEqual([RENEWED]);
  });

  test('takes the token that Pilot has kept', async ({ openPilot, server }) => {
    const pilot = await openPilot({ kept: { host: server.address, token: FRESH } });
    await pilot.says(/^Connected/);
    expect(server.requests[0]?.headers['x-auth-token']).toBe(FRESH);
    expect(await pilot.loads('media')).toEqual([]);
  });

  test('renews a token that Pilot has kept by the token itself', async ({ openPilot, server }) => {
    renewing(server, RENEWED, '');
    const pilot = await openPilot({ kept: { host: server.address, token: NEARLY_OVER } });
    await expect.poll(() => pilot.order()).toContain('apiSetToken');
    expect(refreshes(server)).toEqual([undefined]);
    await pilot.says(/^Connected/);
  });

  test('takes no token that Pilot has kept for another library', async ({ openPilot, server }) => {
    const pilot = await openPilot({ kept: { host: 'https://other.example.com', token: 'foreign' } });
    await pilot.page.getByLabel('User name').waitFor();
    expect(server.requests).toEqual([]);
    await pilot.connect();
    expect((await pilot.loads('api')).map(({ host }) => host)).toEqual([server.address]);
  });

  test('asks to sign in when the session has ended meanwhile', async ({ openPilot, server }) => {
    const user = server.answers['GET /manage/api/v1/users/current'];
    server.answers['GET /manage/api/v1/users/current'] = UNAUTHORIZED;
    server.answers['POST /manage/api/v1/token/refresh'] = UNAUTHORIZED;
    const pilot = await openPilot({ kept: { host: server.address, token: FRESH } });
    await pilot.warns('Your session has ended.');
    if (user) server.answers['GET /manage/api/v1/users/current'] = user;
    await pilot.connect();
  });
});

describe('the back key', () => {
  test('closes what stands above the page, and then the page', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.page.getByLabel('User name').waitFor();
    expect(await pilot.back()).toBe(false);
    await pilot.connect();
    for (const name of ['Something wrong?', 'Sign out']) {
      await pilot.press(name);
      expect(await pilot.back()).toBe(true);
      await pilot.says(/^Connected/);
    }
    expect(await pilot.back()).toBe(false);
  });
});

describe('leaving', () => {
  test('by signing out unloads the modules, last first, and forgets the session', async ({
    expect,
    openPilot,
  }) => {
    const pilot = await openPilot();
    await pilot.connect();
    const before = await pilot.order();
    await pilot.press('Sign out');
    await pilot.press('Sign out');
    await pilot.page.getByLabel('User name').waitFor();
    expect(await since(pilot, before)).toEqual([
      'platformUnloadComponent:media',
      'platformUnloadComponent:thing',
      'platformUnloadComponent:api',
    ]);
    expect(await pilot.page.evaluate('sessionStorage.length')).toBe(0);
    await pilot.connect();
  });

  test('by closing the cloud service tells Pilot', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.press('Sign out');
    await pilot.press('Close the cloud service');
    await pilot.says('The cloud service is closed.');
    expect((await pilot.order()).at(-1)).toBe('platformStopSelf');
    expect(await pilot.page.evaluate('sessionStorage.length')).toBe(0);
  });

  test('in Pilot itself forgets the session', async ({ openPilot }) => {
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.page.evaluate('window.djiBridge.onStopPlatform()');
    await pilot.says('The cloud service is closed.');
    expect(await pilot.page.evaluate('sessionStorage.length')).toBe(0);
  });
});

describe('several workspaces', () => {
  test('can be chosen from, and the choice is kept on the controller', async ({
    expect,
    openPilot,
    server,
  }) => {
    const workspaces = [WORKSPACE, OTHER_WORKSPACE];
    const askedFor = (url: URL): string => url.searchParams.get('workspace_id') ?? WORKSPACE.id;
    server.answers['GET /manage/api/v1/users/current'] = ({ url }) => userIn(askedFor(url), workspaces);
    server.answers['GET /manage/api/v1/workspaces/current'] = ({ url }) =>
      workspaceAnswer(workspaces.find(({ id }) => id === askedFor(url)) ?? WORKSPACE);
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.press(/Survey North/);
    await pilot.press('Harbour inspection');
    await pilot.page.getByRole('button', { name: /Harbour inspection/ }).waitFor();
    await pilot.says(/^Connected/);
    const ids = (await pilot.calls())
      .filter(([name]) => name === 'platformSetWorkspaceId')
      .map(([, id]) => id);
    expect(ids).toEqual([WORKSPACE.id, OTHER_WORKSPACE.id]);
    expect(await pilot.loads('media')).toHaveLength(2);

    await pilot.press('Sign out');
    await pilot.press('Sign out');
    await pilot.connect();
    await pilot.page.getByRole('button', { name: /Harbour inspection/ }).waitFor();
  });
});
