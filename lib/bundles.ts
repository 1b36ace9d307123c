/**
 * The functions' code as Lambda gets it: one self-contained ES module for each function, all made by one
 * esbuild call.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { entryFileOf, MANIFEST } from '../functions/manifest.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const shim = (name: string): string => join(PROJECT, 'lib', 'shims', `${name}.cjs`);

/** Where the bundles go by default: `<function>/index.mjs` below it. */
export const BUNDLES_DIRECTORY = join(PROJECT, '.build', 'functions');

/** The entry file of every function, by the function's name. */
export function functionEntries(): Record<string, string> {
  return Object.fromEntries(MANIFEST.map((row) => [row.name, join(PROJECT, entryFileOf(row))]));
}

/**
 * An ESM import of `node:http` reads all of its exports, also those that load undici on first use. The shims
 * return the module object untouched.
 */
const HTTP_SHIMS = Object.fromEntries(
  ['http', 'https', 'http2'].flatMap((name) => [
    [`node:${name}`, shim(name)],
    [name, shim(name)],
  ]),
);

/**
 * Sources of credentials that Lambda does not use: a function gets its role's credentials in the environment.
 */
const CREDENTIAL_SHIMS = Object.fromEntries(
  [
    '@aws-sdk/credential-provider-http',
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-login',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-web-identity',
    '@smithy/credential-provider-imds',
  ].map((provider) => [provider, shim('credential-provider')]),
);

/**
 * Writes `{ [_hH]: … }` as `{ "httpHeader": … }` in the SDK's tables of operations. For esbuild, a
 * computed key is a side effect, so it keeps the whole table of a REST service: 58 KB of the S3 client.
 */
const literalSchemaKeys: Plugin = {
  name: 'literal-schema-keys',
  setup: ({ onLoad }) => {
    onLoad({ filter: /client-[a-z0-9-]+[\\/]dist-es[\\/]schemas[\\/]schemas_\d+\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const names = new Map<string, string>();
      for (const [, name, literal] of source.matchAll(/^const (_\w+) = (".*");$/gm))
        if (name && literal) names.set(name, literal);
      const contents = source.replaceAll(/\[(_\w+)\]:/g, (key, name: string) =>
        names.has(name) ? `${names.get(name)}:` : key,
      );
      return { contents, loader: 'js' };
    });
  },
};

const FUNCTIONS = join(PROJECT, 'functions');

/**
 * Tells esbuild that our files have no side effects when imported, so a bundle leaves out what its function
 * does not use, such as the other adapters of `functions/ports.ts`. Otherwise esbuild keeps every file with a
 * schema at its top level.
 */
const unusedFilesLeftOut: Plugin = {
  name: 'unused-files-left-out',
  setup: ({ onResolve }) => {
    onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir }) =>
      resolveDir.startsWith(FUNCTIONS) ? { path: join(resolveDir, path), sideEffects: false } : undefined,
    );
  },
};

/** The settings of all bundles, without entries and output folder. */
export const BUNDLE_SETTINGS = {
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  treeShaking: true,
  legalComments: 'none',
  entryNames: '[name]/index',
  outExtension: { '.js': '.mjs' },
  alias: { ...HTTP_SHIMS, ...CREDENTIAL_SHIMS, '@smithy/core/event-streams': shim('event-streams') },
  plugins: [literalSchemaKeys, unusedFilesLeftOut],
  logLevel: 'warning',
} satisfies BuildOptions;

/** What `buildBundles` builds, and where. */
export interface BuildBundlesOptions {
  /** @default - every function of the project */
  readonly entries?: Record<string, string>;
  /** @default BUNDLES_DIRECTORY */
  readonly directory?: string;
}

/** Builds the bundles. The file of an unchanged bundle is not written again. */
export async function buildBundles({
  entries = functionEntries(),
  directory = BUNDLES_DIRECTORY,
}: BuildBundlesOptions = {}): Promise<void> {
  const { outputFiles } = await build({
    ...BUNDLE_SETTINGS,
    entryPoints: entries,
    outdir: directory,
    write: false,
  });
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && readFileSync(path).equals(contents)) continue;
    mkdirSync(dirname(path), { recursive: true });
    // Renamed into place, so that a reader, such as a running local stack, always finds a whole file.
    const unfinished = `${path}.${process.pid}`;
    writeFileSync(unfinished, contents);
    renameSync(unfinished, path);
  }
}

/** Size of each bundle below a folder, in bytes, by the function's name. */
export function bundleSizes(directory = BUNDLES_DIRECTORY): Record<string, number> {
  return Object.fromEntries(
    readdirSync(directory).map((name) => [name, statSync(join(directory, name, 'index.mjs')).size]),
  );
}
