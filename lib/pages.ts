/**
 * The pages in `web/` as browsers get them: static files, the same for every host.
 *
 * The Pilot page runs in the web views of controllers, which are old and of unknown versions. So its scripts
 * are classic ones in ES2017: no modules, no dynamic import. What it needs only sometimes is a script of its
 * own that sets one global.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type InlineConfig, mergeConfig, type Plugin, type Rolldown } from 'vite';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const PILOT = join(PROJECT, 'web', 'pilot');

/** Where the Pilot page stands on every host. */
const PILOT_BASE = '/pilot/';

/** Where the pages go by default: `pilot/` below it. */
export const PAGES_DIRECTORY = join(PROJECT, 'web', 'dist');

/** Scripts that the Pilot page loads when it needs them, and the global that each sets. */
const PILOT_CHUNKS = { 'qr-code': 'PilotQrCode', simulator: 'PilotSimulator' } as const;

/** Vite writes module scripts. */
const classicScripts: Plugin = {
  name: 'classic-scripts',
  transformIndexHtml: {
    order: 'post',
    handler: (html) =>
      html
        .replaceAll('<script type="module" crossorigin', '<script defer')
        .replaceAll('<link rel="stylesheet" crossorigin', '<link rel="stylesheet"'),
  },
};

const pilotConfig = (outDir: string): InlineConfig => ({
  root: PILOT,
  base: PILOT_BASE,
  configFile: false,
  publicDir: false,
  logLevel: 'warn',
  // Whatever NODE_ENV says: a test is to see what is delivered.
  mode: 'production',
  define: { 'process.env.NODE_ENV': '"production"' },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
  build: {
    outDir,
    emptyOutDir: false,
    target: 'es2017',
    cssTarget: 'chrome58',
    cssCodeSplit: false,
    // A small file would become a `data:` address, which the web view refuses.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
});

/** Builds one lazy script. Returns its path below the page. */
async function buildChunk(outDir: string, name: string, global: string): Promise<string> {
  const config = mergeConfig(pilotConfig(outDir), {
    build: {
      lib: { entry: join(PILOT, 'src', `${name}.ts`), formats: ['iife'], name: global },
      rolldownOptions: { output: { entryFileNames: `assets/${name}-[hash].js` } },
    },
  } satisfies InlineConfig);
  const [result] = (await build(config)) as Rolldown.RolldownOutput[];
  const chunk = result?.output.find(({ type }) => type === 'chunk');
  if (!chunk) throw new Error(`Vite built no ${name}`);
  return chunk.fileName;
}

/** Builds the Pilot page into `pilot/` below the directory. */
async function buildPilotPage(directory: string): Promise<void> {
  const outDir = join(directory, 'pilot');
  rmSync(outDir, { recursive: true, force: true });
  const chunks: Record<string, { file: string; global: string }> = {};
  for (const [name, global] of Object.entries(PILOT_CHUNKS))
    chunks[name] = { file: await buildChunk(outDir, name, global), global };
  const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
  await build(
    mergeConfig(pilotConfig(outDir), {
      define: {
        BASE: JSON.stringify(PILOT_BASE),
        CHUNKS: JSON.stringify(chunks),
        VERSION: JSON.stringify(version),
      },
      plugins: [classicScripts],
      build: { rolldownOptions: { output: { format: 'iife' } } },
    } satisfies InlineConfig),
  );
}

/** Builds all pages. */
export async function buildPages(directory = PAGES_DIRECTORY): Promise<void> {
  await buildPilotPage(directory);
}
