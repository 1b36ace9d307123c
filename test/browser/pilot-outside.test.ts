import { generate } from 'lean-qr';
import { describe, expect } from 'vitest';
import { FILES } from './page-server.ts';
import { test } from './pilot-fixture.ts';

const loaded = (server: { sent: readonly { path: string }[] }): string[] =>
  server.sent.map(({ path }) => /assets\/([a-z-]+)-[\w-]{8}\.js$/.exec(path)?.[1] ?? '').filter(Boolean);

describe('outside Pilot', () => {
  test('the page says what it is for, with its address as text and as a QR code', async ({
    expect,
    openPilot,
    server,
  }) => {
    const pilot = await openPilot({ outside: true, path: '/pilot/?from=mail#top' });
    const address = `${server.address}/pilot/`;
    await pilot.shows('Open this page on the controller');
    await pilot.shows(address);
    const code = pilot.page.getByRole('img', { name: 'QR code of this page’s address' });
    await code.waitFor();
    const expected = generate(address);
    const drawn = (await code.locator('path').getAttribute('d'))?.match(/M\d+ \d+/g) ?? [];
    let dark = 0;
    for (let y = 0; y < expected.size; y += 1)
      for (let x = 0; x < expected.size; x += 1) if (expected.get(x, y)) dark += 1;
    expect(drawn).toHaveLength(dark);
    expect(loaded(server)).toEqual(['index', 'qr-code']);
    expect(server.requests).toEqual([]);
  });

  test('a code that does not load is said, and the address stays', async ({ openPilot, server }) => {
    server.missing.add('qr-code');
    const pilot = await openPilot({ outside: true });
    await pilot.shows('The QR code could not be loaded.');
    await pilot.shows(`${server.address}/pilot/`);
  });

  test('the page can be tried with a simulated controller, marked on every view', async ({
    openPilot,
    server,
  }) => {
    server.answers[FILES] = { status: 200, body: { files: [] } };
    const pilot = await openPilot({ outside: true });
    await pilot.press('Try with a simulated controller');
    const marked = (): Promise<void> => pilot.shows(/^Simulated controller SIM[0-9A-Z]{11}$/);
    await pilot.page.getByLabel('User name').waitFor();
    await marked();
    await pilot.connect();
    await marked();
    await pilot.shows('Nothing has gone up from this controller yet.');
    for (const view of ['Something wrong?', 'Sign out']) {
      await pilot.press(view);
      await marked();
      await pilot.press('Back key');
      await pilot.says(/^Connected/);
    }
    await pilot.press('Break connection');
    await pilot.says('Connecting the controller …');
    await pilot.press('Restore connection');
    await pilot.says(/^Connected/);
    await pilot.press('Sign out');
    await pilot.press('Close the cloud service');
    await pilot.says('The cloud service is closed.');
    await marked();
  });

  test('a simulated controller that does not load can be tried again', async ({ openPilot, server }) => {
    server.missing.add('simulator');
    const pilot = await openPilot({ outside: true });
    await pilot.press('Try with a simulated controller');
    await pilot.warns('The simulated controller could not be loaded.');
    server.missing.clear();
    await pilot.press('Try with a simulated controller');
    await pilot.connect();
  });

  test('an address can name the simulated controller', async ({ openPilot, server }) => {
    const pilot = await openPilot({ outside: true, path: '/pilot/?simulate=SIM00000000042' });
    await pilot.connect();
    await pilot.shows('Simulated controller SIM00000000042');
    expect(server.requests.at(-1)?.headers['x-device-id']).toBe('SIM00000000042');
  });

  test('a controller is never simulated in Pilot', async ({ openPilot, server }) => {
    const pilot = await openPilot({ path: '/pilot/?simulate=SIM00000000042' });
    await pilot.connect();
    expect(await pilot.page.getByText('Simulated controller').count()).toBe(0);
    expect(loaded(server)).toEqual(['index']);
  });
});

describe('in Chinese', () => {
  test('the page speaks the language of the controller', async ({ openPilot }) => {
    const pilot = await openPilot({ context: { locale: 'zh-CN' } });
    await pilot.signIn('wrong');
    await pilot.warns('用户名或密码错误。');
    await pilot.signIn();
    await pilot.says('已连接，照片将自动上传。');
    expect(await pilot.page.evaluate('document.documentElement.lang')).toBe('zh-CN');
    const text = await pilot.page.locator('body').innerText();
    const foreign = ['Media library', 'Survey North', 'anna'].reduce(
      (rest, name) => rest.replace(name, ''),
      text,
    );
    expect(foreign).not.toMatch(/[A-Za-z]{2,}/);
  });
});
