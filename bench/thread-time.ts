/** Processor time of the threads of a process, from Linux: in nanoseconds, by the name of the thread. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time by kind of thread. */
export interface ThreadTimes {
  /** The main thread: services and all else. */
  readonly main: number;
  /** All threads that run functions. */
  readonly functions: number;
  /** V8's threads: compilation and garbage collection. */
  readonly v8: number;
  /** libuv's threads: files and digests. */
  readonly pool: number;
}

/** The names of threads of Node and libuv. Workers have the name of their function. */
const KINDS: Readonly<Record<string, keyof ThreadTimes>> = {
  MainThread: 'main',
  node: 'main',
  V8Worker: 'v8',
  DelayedTaskSche: 'v8',
  'libuv-worker': 'pool',
  SignalInspector: 'main',
};

/** Sums up all threads of a process, with those that were seen and have ended. */
export class ThreadClock {
  readonly #processId: number;
  readonly #seen = new Map<string, { readonly kind: keyof ThreadTimes; readonly milliseconds: number }>();

  constructor(processId: number) {
    this.#processId = processId;
  }

  /** Processor time since the start of the process. */
  read(): ThreadTimes {
    const directory = `/proc/${this.#processId}/task`;
    for (const thread of readdirSync(directory)) {
      try {
        const name = readFileSync(`${directory}/${thread}/comm`, 'utf8').trim();
        const [nanoseconds = '0'] = readFileSync(`${directory}/${thread}/schedstat`, 'utf8').split(' ');
        this.#seen.set(thread, {
          kind: KINDS[name] ?? 'functions',
          milliseconds: Number(nanoseconds) / 1e6,
        });
      } catch {
        // It ended after the folder was read.
      }
    }
    const times = { main: 0, functions: 0, v8: 0, pool: 0 };
    for (const { kind, milliseconds } of this.#seen.values()) times[kind] += milliseconds;
    return times;
  }
}

/** The difference of two readings. */
export function timeBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  return {
    main: after.main - before.main,
    functions: after.functions - before.functions,
    v8: after.v8 - before.v8,
    pool: after.pool - before.pool,
  };
}

/** The sum of all threads. */
export function totalTime({ main, functions, v8, pool }: ThreadTimes): number {
  return main + functions + v8 + pool;
}
