/**
 * Measures how long each function takes to load, which is most of a cold start. Each time is of a new
 * process, without any cache: for the project's bundle, for the bundle that esbuild makes by default
 * (`--bundle --platform=node`, CommonJS), and for a handler that does nothing. They run alternately. The
 * sizes are those of the files.
 *
 * `npm run bench -- import-time [rounds] [function …]`
 */
import { execFile } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { buildBundles, functionEntries } from '../lib/bundles.ts';
import { scratchFolder } from './scratch.ts';
import { formatMilliseconds, formatRatio, machineLine, median, printTable } from './statistics.ts';

const ROUNDS = 15;

/** The variables that the stack sets. A function makes no calls while it loads. */
const FUNCTION_ENVIRONMENT = {
  AWS_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
  MEDIA_TABLE_NAME: 'media-table',
  MEDIA_BUCKET_NAME: 'media-bucket',
  UPLOAD_ROLE_ARN: 'arn:aws:iam::123456789012:role/upload',
  OBJECT_STORAGE_ENDPOINT: 'https://s3.eu-central-1.amazonaws.com',
  USER_POOL_CLIENT_ID: 'client',
  DOCK_SETTINGS_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:dock-settings',
};

/** Loads the file of its first argument and prints how long that took, in milliseconds. */
const PROBE = `
const startedAt = performance.now();
const bundle = await import(process.argv[2]);
const milliseconds = performance.now() - startedAt;
if (typeof (bundle.handler ?? bundle.default?.handler) !== 'function') throw new Error('no handler');
console.log(milliseconds);
`;

const run = promisify(execFile);
const folder = scratchFolder('import-time');
const probe = join(folder, 'probe.mjs');

/** A bundle to load many times. */
interface Contender {
  readonly file: string;
  readonly milliseconds: number[];
}

async function load(contender: Contender): Promise<void> {
  const { stdout } = await run(process.execPath, [probe, pathToFileURL(contender.file).href], {
    env: FUNCTION_ENVIRONMENT,
  });
  contender.milliseconds.push(Number(stdout));
}

const [roundsText, ...wanted] = process.argv.slice(2);
const rounds = Number(roundsText ?? ROUNDS);
const entries = Object.fromEntries(
  Object.entries(functionEntries()).filter(([name]) => wanted.length === 0 || wanted.includes(name)),
);
await buildBundles({ entries, directory: join(folder, 'ours') });
await build({
  entryPoints: entries,
  bundle: true,
  platform: 'node',
  outdir: join(folder, 'defaults'),
  entryNames: '[name]/index',
  outExtension: { '.js': '.cjs' },
  logLevel: 'warning',
});
mkdirSync(join(folder, 'bare'));
writeFileSync(
  join(folder, 'bare', 'index.mjs'),
  'export const handler = async () => ({ statusCode: 200 });\n',
);
writeFileSync(probe, PROBE);

const contender = (...path: string[]): Contender => ({ file: join(folder, ...path), milliseconds: [] });
const bare = contender('bare', 'index.mjs');
const functions = Object.keys(entries).map((name) => ({
  name,
  ours: contender('ours', name, 'index.mjs'),
  defaults: contender('defaults', name, 'index.cjs'),
}));
const all = [bare, ...functions.flatMap(({ ours, defaults }) => [ours, defaults])];

console.log(machineLine());
for (const each of all) await load(each);
for (const each of all) each.milliseconds.length = 0;
for (let round = 0; round < rounds; round++) for (const each of all) await load(each);

const kilobytes = ({ file }: Contender): string => (statSync(file).size / 1000).toFixed(0);
const time = ({ milliseconds }: Contender): string => formatMilliseconds(median(milliseconds));
console.log(
  `\nMedians of ${rounds} processes each; a handler that does nothing: ${time(bare)}. KB of 1,000 bytes.\n`,
);
printTable(
  ['function', 'import', "esbuild's defaults", 'of it', 'KB', "esbuild's defaults, KB"],
  functions.map(({ name, ours, defaults }) => [
    name,
    time(ours),
    time(defaults),
    formatRatio(median(ours.milliseconds) / median(defaults.milliseconds)),
    kilobytes(ours),
    kilobytes(defaults),
  ]),
);
console.log(`\n${machineLine()}`);
