/**
 * Uploads the sample flights in a process of its own, so that the uploader and the SDK's S3 client, 50 MB,
 * are gone when it ends.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitForLock } from '../packages/local-aws/lock.ts';
import { readEndpoints } from './endpoints.ts';

/** Who flies: Pilot 2 through the API, or a dock through MQTT. */
export type SampleFlight = 'pilot' | 'dock';

/** The result of a sample flight. */
export interface SampleOutcome {
  readonly uploaded: number;
  /** Stored by an earlier start. */
  readonly alreadyThere: number;
  readonly failed: number;
  /** Bytes that were sent. */
  readonly bytes: number;
  /** Why files failed. */
  readonly reasons: readonly string[];
}

/** What the child process reports. */
type Report = { readonly outcome: SampleOutcome } | { readonly error: string };

/** The files are made once, for all data folders. */
const SAMPLES = fileURLToPath(new URL('../.build/samples', import.meta.url));

/** Uploads a sample flight into the stack of a data folder. Its progress appears on this process's output. */
export function uploadSample(
  flight: SampleFlight,
  dataDirectory: string,
  signal: AbortSignal,
): Promise<SampleOutcome> {
  const child = fork(fileURLToPath(import.meta.url), [flight, dataDirectory], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    signal,
    killSignal: 'SIGTERM',
  });
  return new Promise((resolve, reject) => {
    let report: Report | undefined;
    child.once('message', (message) => {
      report = message as Report;
    });
    child.once('error', reject);
    child.once('close', (exitCode) => {
      if (report && 'outcome' in report) resolve(report.outcome);
      else reject(new Error(report?.error ?? `the uploader stopped with exit code ${exitCode}`));
    });
  });
}

async function upload(flight: SampleFlight, dataDirectory: string): Promise<SampleOutcome> {
  const endpoints = readEndpoints(dataDirectory);
  if (!endpoints) throw new Error('The local stack does not run');
  const interrupt = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interrupt.abort());
  const directory = join(SAMPLES, flight);
  const making = async (make: () => Promise<unknown>): Promise<void> => {
    // Two stacks that start at once must not write the same files.
    const lock = await waitForLock(`samples ${directory}`, () => `process ${process.pid}`);
    await make().finally(() => lock.release());
  };
  const options = { endpoints, directory, output: process.stdout, signal: interrupt.signal };
  if (flight === 'dock') {
    const { ensureSampleDockFiles, uploadSampleDockFlight } = await import('./sample/dock-flight.ts');
    await making(() => ensureSampleDockFiles(directory, interrupt.signal));
    return uploadSampleDockFlight({ ...options, dataDirectory });
  }
  const { ensureSamplePhotos, uploadSampleFlight } = await import('./sample/flight.ts');
  await making(() => ensureSamplePhotos(directory, interrupt.signal));
  return uploadSampleFlight(options);
}

if (import.meta.main) {
  const report = await upload(process.argv[2] as SampleFlight, process.argv[3] ?? '').then(
    (outcome): Report => ({ outcome }),
    (error: Error): Report => ({ error: error.message }),
  );
  process.send?.(report, () => process.disconnect());
}
