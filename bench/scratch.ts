/** A folder for what a benchmark writes, gone when the benchmark is, by whatever end but `kill -9`. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What is to be done when the benchmark ends, the last thing first. */
const cleanUps: (() => void)[] = [];

function prepare(): void {
  process.once('exit', () => {
    for (const cleanUp of cleanUps.toReversed()) cleanUp();
  });
  // By itself a signal would end the process without that.
  for (const [signal, exitCode] of Object.entries(SIGNAL_EXIT_CODES))
    process.once(signal, () => process.exit(exitCode));
}

/** Runs when the benchmark ends. */
export function atTheEnd(cleanUp: () => void): void {
  if (cleanUps.length === 0) prepare();
  cleanUps.push(cleanUp);
}

const kept = new Set<string>();

/** Makes the folder. */
export function scratchFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `media-library-bench-${name}-`));
  atTheEnd(() => {
    if (!kept.has(folder)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

/** Leaves a folder where it is, for whoever looks into it. */
export function keepFolder(folder: string): string {
  kept.add(folder);
  return folder;
}
