/**
 * Every state of the Pilot page on the two screens of controllers: nothing serious for axe, targets that gloves
 * hit, nothing wider than the screen, and what matters without scrolling. The pictures are left in
 * `.build/screenshots/pilot` for a look.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { describe } from 'vitest';
import { UserWithoutWorkspaceError } from '../../functions/core/errors.ts';
import {
  DIAGNOSIS,
  FILES,
  OTHER_WORKSPACE,
  type PageServer,
  refusal,
  userIn,
  WORKSPACE,
} from './page-server.ts';
import { samplePicture } from './pictures.ts';
import { CONTROLLER, type PilotPage, type PilotPageOptions, test } from './pilot-fixture.ts';

const SCREENSHOTS = join(import.meta.dirname, '../../.build/screenshots/pilot');

mkdirSync(SCREENSHOTS, { recursive: true });

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const SIZES = [
  { width: 1024, height: 600 },
  { width: 1920, height: 1200 },
];

interface Story {
  readonly options?: PilotPageOptions;
  /** Before the page is opened. */
  readonly server?: (server: PageServer) => void;
  readonly act?: (pilot: PilotPage) => Promise<void>;
  /** May be longer than the screen. */
  readonly scrolls?: boolean;
}

const chinese: PilotPageOptions = { context: { locale: 'zh-CN' } };
const dark: PilotPageOptions = { context: { colorScheme: 'dark' } };

const formShown = (pilot: PilotPage): Promise<void> => pilot.page.getByLabel(/User name|用户名/).waitFor();

const signedIn = async (pilot: PilotPage): Promise<void> => {
  await pilot.signIn();
  await pilot.page.getByRole('button', { name: /^(Sign out|退出登录)$/ }).waitFor();
};

const connected = (pilot: PilotPage): Promise<void> => pilot.connect();

const secondsAgo = (seconds: number): string => new Date(Date.now() - seconds * 1000).toISOString();

const withUploads =
  (waits: readonly (string | null)[] = []) =>
  (server: PageServer): void => {
    const files = Array.from({ length: 6 }, (_, index) => {
      const name = `DJI_${String(42 - index).padStart(4, '0')}.JPG`;
      server.pictures.set(`/thumbnails/${name}`, samplePicture(index));
      return {
        file_id: String(index),
        name: index === 2 ? 'DJI_0040.MP4' : name,
        recorded_at: secondsAgo(12 + index * 7),
        waits_for: waits[index] ?? null,
        thumbnail_url: index === 2 ? null : `${server.address}/thumbnails/${name}`,
      };
    });
    server.answers[FILES] = { status: 200, body: { files, next_cursor: null } };
  };

const STEPS = [
  { step: 'sign-in', title: 'Sign-in', state: 'ok', at: secondsAgo(300) },
  { step: 'tiny-fingerprints', title: 'Which files are new', state: 'ok', at: secondsAgo(41) },
  { step: 'fast-upload', title: 'Fast upload', state: 'ok', at: secondsAgo(40) },
  { step: 'sts', title: 'Credentials for storage', state: 'ok', at: secondsAgo(40) },
  { step: 'put', title: 'Bytes in storage', state: 'failed', at: null },
  { step: 'upload-callback', title: 'Report of the file', state: 'never', at: null },
];

const withFinding =
  (severity: 'failure' | 'attention') =>
  (server: PageServer): void => {
    withUploads()(server);
    server.answers[DIAGNOSIS] = {
      status: 200,
      body: {
        steps: STEPS,
        findings: [
          {
            code: 'storage-unreachable',
            severity,
            title: 'Photos do not reach the store.',
            meaning: 'Nothing is lost: they are still on the controller, which tries again and again.',
            cure: 'This network blocks s3.eu-central-1.amazonaws.com. Use another one, or ask for it to be allowed.',
          },
        ],
      },
    };
  };

const stoppedConnecting = async (pilot: PilotPage): Promise<void> => {
  await signedIn(pilot);
  await pilot.pass(21);
  await pilot.says(/^(The controller does not get connected|遥控器未能连接)/);
};

const STORIES: Record<string, Story> = {
  starting: { server: (server) => Object.assign(server, { config: 'silence' }) },
  'licence-missing': {
    server: (server) => Object.assign(server, { config: {} }),
    act: (pilot) => pilot.says('The DJI licence is missing.'),
  },
  'licence-refused': {
    options: { faults: { platformVerifyLicense: 'code', platformIsVerified: 'false' } },
    act: (pilot) => pilot.says('Pilot does not accept the DJI licence.'),
  },
  'page-not-set-up': {
    server: (server) => Object.assign(server, { config: 404 }),
    act: (pilot) => pilot.says('This page is not set up.'),
  },
  'sign-in': { act: formShown },
  'sign-in-chinese': { options: chinese, act: formShown },
  'sign-in-dark': { options: dark, act: formShown },
  'sign-in-wrong-password': {
    act: async (pilot) => {
      await pilot.signIn('wrong');
      await pilot.page.getByRole('alert').waitFor();
    },
  },
  'sign-in-without-workspace': {
    server: ({ answers }) =>
      Object.assign(answers, { 'POST /manage/api/v1/login': refusal(new UserWithoutWorkspaceError()) }),
    act: async (pilot) => {
      await pilot.signIn();
      await pilot.page.getByRole('alert').waitFor();
    },
  },
  connecting: { options: { connection: 'never' }, act: signedIn },
  connected: { act: connected },
  'connected-with-uploads': { server: withUploads(), act: connected },
  'connected-with-uploads-dark': { options: dark, server: withUploads(), act: connected },
  'connected-with-uploads-chinese': { options: chinese, server: withUploads(['bytes']), act: connected },
  'connected-uploads-wait': {
    server: withUploads(['bytes', 'report', 'check', 'upload']),
    act: connected,
  },
  'connected-several-workspaces': {
    server: (server) => {
      withUploads()(server);
      server.answers['GET /manage/api/v1/users/current'] = userIn(WORKSPACE.id, [WORKSPACE, OTHER_WORKSPACE]);
    },
    act: connected,
  },
  'nothing-goes-up': {
    server: withUploads(),
    act: async (pilot) => {
      await connected(pilot);
      await pilot.page.getByRole('group', { name: 'Photos' }).getByRole('button', { name: 'Off' }).click();
    },
  },
  'setting-refused': {
    options: { faults: { mediaSetUploadPhotoType: 'code' } },
    server: withUploads(),
    act: async (pilot) => {
      await connected(pilot);
      await pilot.press('Preview');
      await pilot.page.getByRole('alert').waitFor();
    },
  },
  'controller-not-connected': {
    options: { clock: true, connection: 'never' },
    server: withUploads(),
    act: stoppedConnecting,
  },
  'controller-not-connected-chinese': {
    options: { clock: true, connection: 'never', context: { locale: 'zh-CN' } },
    act: stoppedConnecting,
  },
  'media-not-started': {
    options: { faults: { 'platformLoadComponent:media': 'code' } },
    server: withUploads(),
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says('Pilot does not start media upload.');
    },
  },
  'no-network': {
    server: withUploads(),
    act: async (pilot) => {
      await connected(pilot);
      await pilot.page.context().setOffline(true);
      await pilot.says('No connection to the library.');
    },
  },
  'clock-wrong': {
    options: { before: (page) => page.clock.install({ time: Date.now() + 7_500_000 }) },
    server: withUploads(),
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says(/clock is wrong/);
    },
  },
  'library-sees-a-failure': {
    server: withFinding('failure'),
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says('Photos do not reach the store.');
    },
  },
  'library-sees-a-failure-dark': {
    options: dark,
    server: withFinding('failure'),
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says('Photos do not reach the store.');
    },
  },
  'library-has-a-hint': {
    server: withFinding('attention'),
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says('Photos do not reach the store.');
    },
  },
  'trouble-nothing-wrong': {
    act: async (pilot) => {
      await connected(pilot);
      await pilot.press('Something wrong?');
    },
  },
  'trouble-with-cure': {
    server: withFinding('failure'),
    scrolls: true,
    act: async (pilot) => {
      await signedIn(pilot);
      await pilot.says('Photos do not reach the store.');
      await pilot.press('Details');
    },
  },
  'sign-out': {
    act: async (pilot) => {
      await connected(pilot);
      await pilot.press('Sign out');
    },
  },
  workspaces: {
    server: ({ answers }) =>
      Object.assign(answers, {
        'GET /manage/api/v1/users/current': userIn(WORKSPACE.id, [WORKSPACE, OTHER_WORKSPACE]),
      }),
    act: async (pilot) => {
      await connected(pilot);
      await pilot.press(/Survey North/);
    },
  },
  closed: {
    act: async (pilot) => {
      await connected(pilot);
      await pilot.press('Sign out');
      await pilot.press('Close the cloud service');
    },
  },
  'outside-pilot': {
    options: { outside: true, context: { hasTouch: false, isMobile: false } },
    act: (pilot) => pilot.page.getByRole('img', { name: /QR code/ }).waitFor(),
  },
  'simulated-controller': {
    options: { outside: true, path: '/pilot/?simulate=SIM00000000042' },
    server: withUploads(),
    act: connected,
  },
  'engine-too-old': {
    options: {
      context: { javaScriptEnabled: false },
    },
    act: async (pilot) => {
      await pilot.page.evaluate('document.getAnimations().forEach((animation) => animation.finish())');
      await pilot.shows('update its firmware');
    },
  },
};

/** Chromium's own way: Playwright's takes twice the time. */
async function takePicture(page: Page, name: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'png', optimizeForSpeed: true });
  await session.detach();
  await writeFile(join(SCREENSHOTS, name), Buffer.from(data, 'base64'));
}

/** Faults that a person with a screen reader, low vision or gloves would meet. */
async function faultsOf({ page }: PilotPage): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Elements that a finger is to hit and that are smaller than 48 px of a screen of 1024. */
const SMALL_TARGETS = `
  (() => {
    const least = 3 * parseFloat(getComputedStyle(document.documentElement).fontSize) - 0.5;
    return [...document.querySelectorAll('button, input, a')]
      .map((element) => ({ text: element.textContent || element.name, box: element.getBoundingClientRect() }))
      .filter(({ box }) => box.width < least || box.height < least)
      .map(({ text, box }) => text + ' ' + box.width + '×' + box.height);
  })()`;

const OVERFLOW = `({
  wide: document.documentElement.scrollWidth - window.innerWidth,
  high: document.documentElement.scrollHeight - window.innerHeight,
})`;

const PICTURES_LOADED = `Promise.all([...document.images].map((image) => image.decode().catch(() => undefined)))`;

describe.concurrent('the states of the page, on screens of 1024 × 600 and 1920 × 1200', () => {
  test.for(Object.keys(STORIES))('%s', async (name, { expect, openPilot, server }) => {
    const { options = {}, server: prepare, act, scrolls } = STORIES[name] ?? {};
    prepare?.(server);
    const pilot = await openPilot({ ...options, context: { ...CONTROLLER, ...options.context } });
    await act?.(pilot);
    const { page } = pilot;
    const scripted = options.context?.javaScriptEnabled !== false;
    if (scripted) {
      await page.locator('main').first().waitFor();
      await page.evaluate(PICTURES_LOADED);
      expect(await faultsOf(pilot)).toEqual([]);
    }
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await takePicture(page, `${name}-${size.width}.png`);
      if (!scripted) continue;
      expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
      const { wide, high } = (await page.evaluate(OVERFLOW)) as { wide: number; high: number };
      expect(wide).toBeLessThanOrEqual(0);
      if (!scrolls) expect(high).toBeLessThanOrEqual(0);
    }
    expect(pilot.console.filter((line) => /Content Security Policy|Error/.test(line))).toEqual([]);
  });
});
