import { describe, expect } from 'vitest';
import { DIAGNOSIS, FILES, type PageServer, TOKEN } from './page-server.ts';
import { samplePicture } from './pictures.ts';
import { type PilotPage, test } from './pilot-fixture.ts';

const upload = (server: PageServer, number: number, more: object = {}): object => {
  const path = `/thumbnails/${number}.jpg`;
  server.pictures.set(path, samplePicture(number));
  return {
    file_id: String(number),
    name: `DJI_000${number}.JPG`,
    recorded_at: new Date(Date.now() - 90_000).toISOString(),
    waits_for: null,
    thumbnail_url: server.address + path,
    ...more,
  };
};

const list = (server: PageServer, files: readonly object[]): void => {
  server.answers[FILES] = { status: 200, body: { files } };
};

/** The pictures, and whether they have loaded. */
const shown = (pilot: PilotPage): Promise<unknown> =>
  pilot.page.evaluate(
    "[...document.querySelectorAll('.upload img')].map((image) => image.alt + ' ' + (image.naturalWidth > 0))",
  );

describe('the last uploads', () => {
  test('are those of this user and controller, asked for with the token in the header', async ({
    expect,
    openPilot,
    server,
  }) => {
    list(server, [upload(server, 1)]);
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.shows(/^Last: DJI_0001 · 1\smin ago$/);
    const asked = server.requests.find(({ url }) => url.pathname.endsWith('/files'));
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual({
      reporter: 'pilot:anna',
      device_sn: '5YSZK1400B00AB',
      limit: '6',
    });
    expect(asked?.headers['x-auth-token']).toBe(TOKEN);
  });

  test('come while somebody looks, and say what they wait for', async ({ openPilot, server }) => {
    list(server, [upload(server, 1)]);
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    await expect.poll(() => shown(pilot)).toEqual(['DJI_0001.JPG true']);
    list(server, [upload(server, 2, { waits_for: 'report' }), upload(server, 1)]);
    await pilot.pass(11);
    await expect.poll(() => shown(pilot)).toEqual(['DJI_0002.JPG true', 'DJI_0001.JPG true']);
    await pilot.shows(/^Last: DJI_0002 · 1\smin ago · waiting for its report$/);
    list(server, [upload(server, 2), upload(server, 1)]);
    await pilot.pass(11);
    await expect.poll(() => pilot.page.locator('.upload-wait').count()).toBe(0);
  });

  test('without a picture, or with one that does not load, show their kind', async ({
    expect,
    openPilot,
    server,
  }) => {
    list(server, [
      upload(server, 1, { name: 'DJI_0001.MP4', thumbnail_url: null }),
      upload(server, 2, { thumbnail_url: `${server.address}/thumbnails/gone.jpg` }),
      upload(server, 3, { name: 'no extension', thumbnail_url: 'javascript:alert(1)' }),
    ]);
    const pilot = await openPilot();
    await pilot.connect();
    await expect
      .poll(() => pilot.page.locator('.upload-kind').allTextContents())
      .toEqual(['DJI_0001.MP4MP4', 'DJI_0002.JPGJPG', 'no extension?']);
  });

  test('with any name show as text', async ({ openPilot, server }) => {
    const name = '"><img src=x onerror=alert(1)>.JPG';
    list(server, [upload(server, 1, { name })]);
    const pilot = await openPilot();
    await pilot.connect();
    await pilot.shows('Last: "><img src=x onerror=alert(1)> · 1');
    expect(await pilot.page.locator('img').count()).toBe(1);
  });

  test('say plainly when there are none, and when this library has no list', async ({
    openPilot,
    server,
  }) => {
    list(server, []);
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    await pilot.shows('Nothing has gone up from this controller yet.');
    delete server.answers[FILES];
    await pilot.pass(31);
    await pilot.shows('This library keeps no list of last uploads.');
    await pilot.says(/^Connected/);
  });

  test('stay when the server fails or answers another shape', async ({ openPilot, server }) => {
    list(server, [upload(server, 1)]);
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    for (const answer of [
      { status: 500, body: {} },
      { status: 200, body: { files: 'none' } },
    ]) {
      server.answers[FILES] = answer;
      await pilot.pass(11);
      await pilot.shows(/^Last: DJI_0001/);
      await pilot.says(/^Connected/);
    }
  });
});

describe('the diagnosis', () => {
  const finding = (severity: string): object => ({
    code: 'sts-never-asked',
    severity,
    title: 'Pilot asks for no credentials.',
    meaning: 'Photos stay on the card.',
    cure: 'Restart the controller.',
  });
  const diagnose = (server: PageServer, findings: readonly object[], steps: readonly object[] = []): void => {
    server.answers[DIAGNOSIS] = { status: 200, body: { findings, steps } };
  };

  test('names the failing step and the cure within half a minute', async ({ openPilot, server }) => {
    diagnose(server, []);
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    diagnose(server, [finding('attention'), finding('failure')]);
    await pilot.pass(11);
    await pilot.says('Pilot asks for no credentials.');
    await pilot.shows('Restart the controller.');
    diagnose(server, []);
    await pilot.pass(11);
    await pilot.says(/^Connected/);
  });

  test('is asked for this controller, in its language', async ({ openPilot, server }) => {
    diagnose(server, []);
    const pilot = await openPilot({ context: { locale: 'zh-CN' } });
    await pilot.connect();
    const asked = server.requests.find(({ url }) => url.pathname.endsWith('/diagnosis'));
    expect(asked?.url.search).toBe('?device_sn=5YSZK1400B00AB&language=zh');
  });

  test('comes after what the page itself sees', async ({ openPilot, server }) => {
    diagnose(server, [finding('failure')]);
    const pilot = await openPilot({ faults: { 'platformLoadComponent:media': 'code' } });
    await pilot.signIn();
    await pilot.says('Pilot does not start media upload.');
  });

  test('shows each step, and is plain where this library has none', async ({ openPilot, server }) => {
    const at = new Date(Date.now() - 5 * 60_000).toISOString();
    diagnose(
      server,
      [],
      [
        { step: 'sts', title: 'Credentials', state: 'ok', at },
        { step: 'put', title: 'Bytes', state: 'failed', at: null },
        { step: 'later', title: 'A step of a newer server', state: 'odd', at: null },
      ],
    );
    const pilot = await openPilot({ clock: true });
    await pilot.connect();
    await pilot.press('Something wrong?');
    const steps = pilot.page.locator('.column').nth(1).locator('.step');
    expect(await steps.allTextContents()).toEqual([
      expect.stringMatching(/^Credentials5\smin ago$/),
      'Bytesfailed',
      'A step of a newer servernot yet',
    ]);
    delete server.answers[DIAGNOSIS];
    await pilot.pass(31);
    await pilot.shows('This library has no diagnosis yet.');
  });
});
