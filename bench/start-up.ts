/**
 * Measures the time from `npm start` until the stack is ready, npm included: in a clean checkout, where the
 * first start bundles the functions, runs the CDK app and creates the accounts, and then again with nothing
 * changed. It uses a copy of the sources, so the caches of this checkout do not change.
 *
 * `npm run bench -- start-up [first starts] [next starts after each]`
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atTheEnd, scratchFolder } from './scratch.ts';
import { formatMilliseconds, machineLine, median, printTable } from './statistics.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
/** All that a start may read, but for packages. */
const SOURCES = [
  'bin',
  'functions',
  'lib',
  'devices',
  'packages',
  'local',
  'web',
  'cdk.json',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
];

const folder = scratchFolder('start-up');
const checkout = join(folder, 'checkout');
const data = join(folder, 'data');
for (const source of SOURCES) {
  if (existsSync(join(PROJECT, source)))
    cpSync(join(PROJECT, source), join(checkout, source), { recursive: true });
}
symlinkSync(join(PROJECT, 'node_modules'), join(checkout, 'node_modules'));

/** Runs `npm start`, stops the stack when it is ready, and returns the milliseconds until then. */
async function start(): Promise<number> {
  const startedAt = performance.now();
  // Its own process group: npm starts a shell, which starts Node.
  const npm = spawn(
    'npm',
    ['start', '--loglevel=error', '--', '--no-sample', '--port', '0', '--data', data],
    {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    },
  );
  const stopAll = (signal: NodeJS.Signals): void => {
    if (npm.pid !== undefined && npm.exitCode === null && npm.signalCode === null)
      process.kill(-npm.pid, signal);
  };
  atTheEnd(() => stopAll('SIGKILL'));
  let said = '';
  const ready = Promise.withResolvers<number>();
  npm.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (/^Ready in /m.test(said)) ready.resolve(performance.now() - startedAt);
  });
  const closed = once(npm, 'close');
  void closed.then(() => ready.reject(new Error(`npm start ended before it was ready:\n${said}`)));
  const milliseconds = await ready.promise;
  stopAll('SIGINT');
  await closed;
  return milliseconds;
}

const firstStarts: number[] = [];
const nextStarts: number[] = [];
const [firstCount = 5, nextCount = 4] = process.argv.slice(2).map(Number);
console.log(machineLine());
for (let run = 0; run < firstCount; run++) {
  for (const made of [join(checkout, '.build'), join(checkout, 'cdk.out'), data])
    rmSync(made, { recursive: true, force: true });
  firstStarts.push(await start());
  for (let next = 0; next < nextCount; next++) nextStarts.push(await start());
}

const row = (title: string, starts: readonly number[], target: string): string[] => [
  title,
  String(starts.length),
  formatMilliseconds(median(starts)),
  formatMilliseconds(Math.min(...starts)),
  formatMilliseconds(Math.max(...starts)),
  target,
];
console.log('\nFrom `npm start` to "Ready":\n');
printTable(
  ['start', 'runs', 'median', 'fastest', 'slowest', 'target'],
  [
    row('first, nothing cached', firstStarts, 'under 15 s'),
    row('next, nothing changed', nextStarts, 'under 3 s'),
  ],
);
console.log(`\n${machineLine()}`);
