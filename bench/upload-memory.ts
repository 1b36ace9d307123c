/**
 * Measures the memory of the process of the local stack while the Pilot uploader, another process, uploads a
 * file of 1 GB: when the stack is ready, and the peak until the upload is done (`VmHWM`, which needs no
 * samples). Every run has an empty library.
 *
 * `npm run bench -- upload-memory [runs]` measures `npm start`. With `--compare` it also measures other flags
 * of Node, alternately. They apply to the main thread and to workers, but the local Lambda limits the heap of
 * a worker.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { writeRandomFile } from './generated-files.ts';
import { MemorySampler, readMemory } from './process-memory.ts';
import { scratchFolder } from './scratch.ts';
import { type Runtime, startStackProcess } from './stack-process.ts';
import { formatMegabytes, formatMilliseconds, machineLine, median, printTable } from './statistics.ts';

const FILE_SIZE_IN_BYTES = 1_000_000_000;
const TARGET_IN_BYTES = 200_000_000;
const PILOT = fileURLToPath(new URL('../bin/pilot.ts', import.meta.url));

const SMALL_NURSERY = '--max-semi-space-size=2';
const SMALL_CODE = '--optimize-for-size';
/** Settings of the C library: fewer heaps for threads, and memory at the end of a heap is returned sooner. */
const TWO_ARENAS = { MALLOC_ARENA_MAX: '2' };
const TRIMMED = { ...TWO_ARENAS, MALLOC_TRIM_THRESHOLD_: '131072' };

/** By their names in the table. */
const OTHER_RUNTIMES: Readonly<Record<string, Runtime>> = {
  'no flags': { flags: [], environment: {} },
  [SMALL_NURSERY]: { flags: [SMALL_NURSERY], environment: {} },
  [SMALL_CODE]: { flags: [SMALL_CODE], environment: {} },
  'both flags': { flags: [SMALL_NURSERY, SMALL_CODE], environment: {} },
  'both, 2 arenas': { flags: [SMALL_NURSERY, SMALL_CODE], environment: TWO_ARENAS },
  'both, 2 arenas, trim at 128 KiB': { flags: [SMALL_NURSERY, SMALL_CODE], environment: TRIMMED },
  '2 arenas, trim at 128 KiB': { flags: [], environment: TRIMMED },
};

const run = promisify(execFile);
const { values, positionals } = parseArgs({
  options: { compare: { type: 'boolean' } },
  allowPositionals: true,
});
const runs = Number(positionals[0] ?? 3);

const folder = scratchFolder('upload-memory');
const card = join(folder, 'card');
mkdirSync(card);
writeRandomFile(join(card, 'DJI_20240516114207_0001_V.MP4'), FILE_SIZE_IN_BYTES);

/** The result of one run. */
interface Outcome {
  readonly readyInBytes: number;
  readonly medianInBytes: number;
  readonly peakInBytes: number;
  readonly milliseconds: number;
}

async function upload(runtime: Runtime | undefined): Promise<Outcome> {
  const dataDirectory = join(folder, 'data');
  const stack = await startStackProcess({ dataDirectory, ...(runtime && { runtime }) });
  const readyInBytes = readMemory(stack.processId).residentInBytes;
  const sampler = new MemorySampler(stack.processId);
  const startedAt = performance.now();
  const { stdout } = await run(process.execPath, [PILOT, '--from', card, '--data', dataDirectory, '--json']);
  const milliseconds = performance.now() - startedAt;
  sampler.stop();
  const { peakInBytes } = readMemory(stack.processId);
  const { totals } = JSON.parse(stdout) as { totals: { uploaded: number; bytes_uploaded: number } };
  if (totals.uploaded !== 1 || totals.bytes_uploaded !== FILE_SIZE_IN_BYTES)
    throw new Error(`The file was not uploaded: ${stdout}`);
  await stack.stop();
  rmSync(dataDirectory, { recursive: true });
  return { readyInBytes, medianInBytes: median(sampler.samples), peakInBytes, milliseconds };
}

const contenders: { name: string; runtime: Runtime | undefined; outcomes: Outcome[] }[] = [
  { name: 'npm start', runtime: undefined, outcomes: [] },
];
if (values.compare) {
  for (const [name, runtime] of Object.entries(OTHER_RUNTIMES))
    contenders.push({ name, runtime, outcomes: [] });
}
console.log(machineLine());
for (let number = 0; number < runs; number++) {
  for (const { runtime, outcomes } of contenders) outcomes.push(await upload(runtime));
}

console.log(
  `\nThe stack during an upload of 1 GB; medians of ${runs} alternate runs. MB of 1,000,000 bytes.\n`,
);
printTable(
  ['started with', 'when ready', 'median during the upload', 'peak', 'highest peak', 'upload took', 'MB/s'],
  contenders.map(({ name, outcomes }) => {
    const middle = (of: (outcome: Outcome) => number): number => median(outcomes.map(of));
    const took = middle(({ milliseconds }) => milliseconds);
    return [
      name,
      formatMegabytes(middle(({ readyInBytes }) => readyInBytes)),
      formatMegabytes(middle(({ medianInBytes }) => medianInBytes)),
      formatMegabytes(middle(({ peakInBytes }) => peakInBytes)),
      formatMegabytes(Math.max(...outcomes.map(({ peakInBytes }) => peakInBytes))),
      formatMilliseconds(took),
      (FILE_SIZE_IN_BYTES / 1e3 / took).toFixed(0),
    ];
  }),
);
console.log(`\n${machineLine()}`);
const [own] = contenders;
const highest = Math.max(...(own?.outcomes.map(({ peakInBytes }) => peakInBytes) ?? []));
if (highest > TARGET_IN_BYTES) {
  console.log(`npm start took more than ${formatMegabytes(TARGET_IN_BYTES)}.`);
  process.exitCode = 1;
}
