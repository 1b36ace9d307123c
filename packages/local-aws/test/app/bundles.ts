import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const FUNCTIONS = [
  'index-report',
  'list-readings',
  'overreach',
  'record-image',
  'record-reading',
  'station-authorizer',
] as const;

/** A function of the app, named for its file in `functions/`. */
export type FunctionName = (typeof FUNCTIONS)[number];

/** Bundles every function into a folder of its own. */
export async function buildBundles(directory: string): Promise<void> {
  const source = fileURLToPath(new URL('functions/', import.meta.url));
  await build({
    entryPoints: Object.fromEntries(FUNCTIONS.map((name) => [name, join(source, `${name}.ts`)])),
    outdir: directory,
    entryNames: '[name]/index',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    logLevel: 'warning',
  });
}
