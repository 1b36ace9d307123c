/**
 * The web views of older controllers: what the build may contain, what it weighs, and that the page works in an
 * engine that lacks what is newer than ES2017.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'acorn';
import { describe, expect, inject } from 'vitest';
import { FLAVOURS } from './fake-bridge.ts';
import { test } from './pilot-fixture.ts';

const FIRST_LOAD_IN_BYTES = 40 * 1024;

const builtFiles = (extension: string): Map<string, string> => {
  const directory = join(inject('pagesDirectory'), 'pilot');
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return new Map(
    names
      .filter((name) => name.endsWith(extension))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
};

/**
 * Deletes what came after ES2017 and Chromium 58. `globalThis` and what Playwright itself needs in a page stay;
 * the source of the build is searched for those.
 */
function becomeOld(): void {
  const gone: Readonly<Record<string, readonly string[]>> = {
    window: [
      'AbortController',
      'AbortSignal',
      'ResizeObserver',
      'queueMicrotask',
      'structuredClone',
      'BigInt',
    ],
    'window.window': ['WeakRef', 'FinalizationRegistry', 'customElements', 'trustedTypes', 'scheduler'],
    Promise: ['allSettled', 'any', 'try', 'withResolvers'],
    'Promise.prototype': ['finally'],
    Object: ['fromEntries', 'hasOwn', 'groupBy'],
    'Array.prototype': [
      'flat',
      'flatMap',
      'at',
      'findLast',
      'findLastIndex',
      'toSorted',
      'toReversed',
      'with',
    ],
    'String.prototype': ['matchAll', 'replaceAll', 'at', 'trimStart', 'trimEnd', 'isWellFormed'],
    'Element.prototype': ['replaceChildren', 'toggleAttribute', 'getAnimations', 'checkVisibility'],
    Intl: ['RelativeTimeFormat', 'ListFormat', 'Segmenter', 'DisplayNames', 'PluralRules'],
    URL: ['canParse', 'parse'],
    'Crypto.prototype': ['randomUUID'],
    Symbol: ['asyncIterator', 'matchAll'],
  };
  for (const [path, names] of Object.entries(gone)) {
    const owner = path
      .split('.')
      .reduce<Record<string, unknown>>(
        (parent, name) => parent[name] as Record<string, unknown>,
        globalThis as unknown as Record<string, unknown>,
      );
    for (const name of names) delete owner[name];
  }
}

describe('the build of the Pilot page', () => {
  test('is the one for production, and tells nothing of the machine that made it', () => {
    for (const [name, script] of builtFiles('.js'))
      expect(/fileName:|lineNumber|\/web\/pilot\/|node_modules/.exec(script)?.[0], name).toBeUndefined();
  });

  test('is classic scripts in ES2017', () => {
    const scripts = builtFiles('.js');
    expect([...scripts.keys()].map((name) => name.replace(/-[\w-]{8}\.js$/, '')).sort()).toEqual([
      'assets/index',
      'assets/qr-code',
      'assets/simulator',
    ]);
    for (const script of scripts.values())
      expect(() => parse(script, { ecmaVersion: 2017, sourceType: 'script' })).not.toThrow();
  });

  test('names no global that older engines lack', () => {
    for (const [name, script] of builtFiles('.js'))
      expect(/\bglobalThis\b/.exec(script)?.[0], name).toBeUndefined();
  });

  test('has no style that older engines lack', () => {
    const styles = [...builtFiles('.css').values()].join('');
    expect(styles.length).toBeGreaterThan(1000);
    expect(styles).not.toMatch(/[{;](?:gap|row-gap|column-gap|aspect-ratio|inset|translate|rotate|scale):/);
    expect(styles).not.toMatch(
      /:(?:is|where|has|not\([^)]*,)\(|:focus-visible|\b(?:min|max|clamp)\(|\d(?:dvh|svh|lvh)/,
    );
    expect(styles).not.toMatch(/@(?:layer|container|property)\b|color-mix|oklch/);
  });

  test('has nothing inline, and no blob: or data: address', () => {
    const refused = /["'`(=](?:blob|data):|createObjectURL/;
    for (const [name, text] of [...builtFiles('.html'), ...builtFiles('.css'), ...builtFiles('.js')])
      expect(refused.exec(text)?.[0], name).toBeUndefined();
    for (const [name, html] of builtFiles('.html'))
      expect(html, name).not.toMatch(/<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|type="module"/);
  });

  test('is below 40 KB in gzip at the first load, everything, up to "connected"', async ({
    expect,
    openPilot,
    server,
  }) => {
    const pilot = await openPilot();
    await pilot.connect();
    expect(server.sent.map(({ path }) => path.replace(/-[\w-]{8}\./, '.')).sort()).toEqual([
      '/pilot/assets/index.js',
      '/pilot/assets/style.css',
      '/pilot/config.json',
      '/pilot/index.html',
    ]);
    const bytes = server.sent.reduce((sum, { sizeInGzip }) => sum + sizeInGzip, 0);
    console.log(`first load of the Pilot page: ${(bytes / 1024).toFixed(1)} KB in gzip`);
    expect(bytes).toBeLessThan(FIRST_LOAD_IN_BYTES);
  });
});

describe('in an engine of 2017', () => {
  test.for(FLAVOURS)(
    'the page connects, changes settings and signs out: firmware "%s"',
    async (flavour, { openPilot }) => {
      const pilot = await openPilot({ flavour, before: (page) => page.addInitScript(becomeOld) });
      await pilot.press('Show');
      await pilot.shows('Hide');
      await pilot.connect();
      expect(await pilot.page.evaluate('typeof Promise.prototype.finally')).toBe('undefined');
      await pilot.press('Preview');
      await pilot.press('Something wrong?');
      await pilot.shows('This library has no diagnosis yet.');
      await pilot.press('Back');
      await pilot.press('Sign out');
      await pilot.press('Sign out');
      await pilot.page.getByLabel('User name').waitFor();
      expect(pilot.console.filter((line) => /Error(?!.*404)|failed/.test(line))).toEqual([]);
    },
  );

  test('a page that cannot start at all says so by itself', async ({ openPilot }) => {
    const pilot = await openPilot({
      before: (page) => page.route('**/*.js', (route) => route.fulfill({ body: 'async () => { await }' })),
    });
    await pilot.page.evaluate('document.getAnimations().forEach((animation) => animation.finish())');
    await pilot.shows('update its firmware');
  });
});
