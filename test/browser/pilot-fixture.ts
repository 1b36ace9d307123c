import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { test as base, expect, inject, vi } from 'vitest';
import { launchChromium } from './chromium.ts';
import { type FakeBridgeControls, type FakeBridgeOptions, installFakeBridge } from './fake-bridge.ts';
import { PASSWORD, PageServer } from './page-server.ts';

export interface PilotPageOptions extends Partial<FakeBridgeOptions> {
  /** In a browser that is not Pilot's. */
  readonly outside?: boolean;
  readonly context?: BrowserContextOptions;
  /** Runs in the page before its own script. */
  readonly before?: (page: Page) => Promise<unknown>;
  readonly path?: string;
  /** The clock can be put forward, with `pass`. */
  readonly clock?: boolean;
}

/** The opened page, with what a test does on it again and again. */
export class PilotPage {
  readonly page: Page;
  private readonly server: PageServer;

  constructor(page: Page, server: PageServer) {
    this.page = page;
    this.server = server;
  }

  /** Everything that was said on the console, and every refusal by the content security policy. */
  readonly console: string[] = [];

  async signIn(password = PASSWORD): Promise<void> {
    await this.page.getByLabel(/User name|用户名/).fill('anna');
    await this.page.getByLabel(/^(Password|密码)$/).fill(password);
    await this.page.getByRole('button', { name: /^(Sign in|登录)$/ }).click();
  }

  /** Puts the clocks of controller and server forward; not while a request is under way, which would time out. */
  async pass(seconds: number): Promise<void> {
    await vi.waitUntil(() => this.server.open === 0, { timeout: 10_000 });
    this.server.clockAheadInMilliseconds += seconds * 1000;
    await this.page.clock.fastForward(seconds * 1000);
  }

  /** Signs in, and waits until everything is connected. */
  async connect(): Promise<void> {
    await this.signIn();
    await this.says(/^(Connected|已连接)/);
  }

  /** Waits for the one line. */
  async says(text: string | RegExp): Promise<void> {
    await this.seen(this.page.getByRole('status').getByText(text));
  }

  /** Waits for a warning beside what somebody did. */
  async warns(text: string | RegExp): Promise<void> {
    await this.seen(this.page.getByRole('alert').getByText(text));
  }

  /** Waits for a text anywhere. */
  async shows(text: string | RegExp): Promise<void> {
    await this.seen(this.page.getByText(text));
  }

  private async seen(found: Locator): Promise<void> {
    await found.first().waitFor();
    expect(await found.count()).toBeGreaterThan(0);
  }

  async press(name: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name, exact: typeof name === 'string' }).click();
  }

  /** What the page called on the bridge so far. */
  async calls(): Promise<readonly (readonly unknown[])[]> {
    return this.bridge((bridge) => bridge.calls);
  }

  /** The calls that change something, without their parameters: `platformLoadComponent:api`. */
  async order(): Promise<string[]> {
    return (await this.calls())
      .filter(([name]) => !/Get|Is/.test(String(name)))
      .map(([name, first]) => (/Component$/.test(String(name)) ? `${name}:${first}` : String(name)));
  }

  /** The parameters with which a module was loaded, each time. */
  async loads(module: string): Promise<Record<string, unknown>[]> {
    return (await this.calls())
      .filter(([name, first]) => name === 'platformLoadComponent' && first === module)
      .map(([, , parameters]) => JSON.parse(String(parameters)));
  }

  bridge<Result>(act: (bridge: FakeBridgeControls) => Result): Promise<Awaited<Result>> {
    return this.page.evaluate(`(${act.toString()})(window.fakeBridge)`) as Promise<Awaited<Result>>;
  }

  /** The back key in the upper left of Pilot's web view. */
  back(): Promise<boolean> {
    return this.page.evaluate('window.djiBridge.onBackClick()');
  }
}

/** The size and the touch of a controller. */
export const CONTROLLER: BrowserContextOptions = {
  viewport: { width: 1024, height: 600 },
  hasTouch: true,
  isMobile: true,
  locale: 'en-GB',
  timezoneId: 'Europe/Berlin',
  reducedMotion: 'reduce',
};

interface Fixtures {
  readonly browser: Browser;
  readonly server: PageServer;
  readonly openPilot: (options?: PilotPageOptions) => Promise<PilotPage>;
}

export const test = base.extend<Fixtures>({
  browser: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures from it.
    async ({}, use) => {
      const browser = await launchChromium(inject('chromiumPath'));
      await use(browser);
      await browser.close();
    },
    { scope: 'file' },
  ],
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the names of the fixtures from it.
  server: async ({}, use) => {
    const server = new PageServer(inject('pagesDirectory'));
    await server.listen();
    await use(server);
    server.close();
  },
  openPilot: async ({ browser, server }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ outside, context, before, clock, path = '/pilot/', ...bridge } = {}) => {
      const opened = await browser.newContext({ ...CONTROLLER, ...context });
      contexts.push(opened);
      opened.setDefaultTimeout(10_000);
      const page = await opened.newPage();
      const pilot = new PilotPage(page, server);
      page.on('console', (message) => pilot.console.push(message.text()));
      page.on('pageerror', (error) => pilot.console.push(String(error)));
      const options: FakeBridgeOptions = { flavour: 'documented', ...bridge };
      if (!outside) await page.addInitScript(installFakeBridge, options);
      if (clock) await page.clock.install();
      await before?.(page);
      await page.goto(server.address + path);
      return pilot;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});
