/**
 * `npm run bench -- NAME [arguments of the benchmark]`
 *
 * Runs one benchmark in its own process. Without a name it lists them.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The description of each benchmark, by the name of its file. */
const BENCHMARKS: Readonly<Record<string, string>> = {
  'tiny-fingerprints':
    'a request with 100 tiny fingerprints, for catalogs of a thousand and of a million files',
  'round-trips': 'calls of each request to services, and how many are made in sequence',
  digest: 'the MD5 of 1 GB that came in parts, its time and memory: [runs]',
  'request-times': "the time of a report, a hit and a miss alone, and the stack's processor time: [requests]",
  'import-time': 'loading each function, and its size: [rounds] [function ...]',
  'start-up': '`npm start` to ready, first and again: [first starts] [next starts after each]',
  'upload-memory': "the local stack's memory while 1 GB uploads: [runs] [--compare]",
  'two-hundred-photos': 'a folder of 200 photos: the uploader, a loop over the SDK, the AWS CLI: [rounds]',
  uplink: 'the same over a line of 100 Mbit/s and 20 ms: the uploader, the AWS CLI: [rounds]',
  'dock-events': '1,000 events from 50 docks at once, none lost, none twice: [rounds]',
  kill: 'everything killed at random while services fail, and nothing lost: [kills] [seed]',
  costs: 'the units that AWS charges for, and what they cost',
  'dock-memory': "the local stack's memory over 100,000 events of docks: [events]",
};

const width = Math.max(...Object.keys(BENCHMARKS).map((name) => name.length));
const LIST = Object.entries(BENCHMARKS)
  .map(([name, line]) => `  ${name.padEnd(width)}  ${line}\n`)
  .join('');
const HELP = `npm run bench -- NAME [arguments of the benchmark]\n\n${LIST}`;

const [name, ...args] = process.argv.slice(2);

if (name === undefined || name === '--help') {
  process.stdout.write(HELP);
} else if (Object.hasOwn(BENCHMARKS, name)) {
  const { status, error } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...args], {
    stdio: 'inherit',
  });
  if (error) throw error;
  process.exitCode = status ?? 1;
} else {
  process.stderr.write(`There is no benchmark "${name}". The benchmarks are:\n\n${LIST}`);
  process.exitCode = 2;
}
