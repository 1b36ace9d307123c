/** What the threads of a process have worked, as Linux counts it: to the nanosecond, by the thread's name. */
import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds of processor time by kind of thread. */
export interface ThreadTimes {
  /** Services and everything else that Node runs in its first thread. */
  readonly main: number;
  /** Threads that run functions, of all of them together. */
  readonly functions: number;
  /** V8's own: compiling and collecting garbage. */
  readonly v8: number;
  /** Files and digests. */
  readonly pool: number;
}

/** Names that Node and libuv give their threads. Workers have the name of their function. */
const KINDS: Readonly<Record<string, keyof ThreadTimes>> = {
  MainThread: 'main',
  node: 'main',
  V8Worker: 'v8',
  DelayedTaskSche: 'v8',
  'libuv-worker': 'pool',
  SignalInspector: 'main',
};

/** Adds up over the life of a process, threads that have ended in the meantime included where they were seen. */
export class ThreadClock {
  readonly #processId: number;
  readonly #seen = new Map<string, { readonly kind: keyof ThreadTimes; readonly milliseconds: number }>();

  constructor(processId: number) {
    this.#processId = processId;
  }

  /** Time since the process began. */
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
        // It has ended since the folder was read.
      }
    }
    const times = { main: 0, functions: 0, v8: 0, pool: 0 };
    for (const { kind, milliseconds } of this.#seen.values()) times[kind] += milliseconds;
    return times;
  }
}

/** What was worked between two readings. */
export function timeBetween(before: ThreadTimes, after: ThreadTimes): ThreadTimes {
  return {
    main: after.main - before.main,
    functions: after.functions - before.functions,
    v8: after.v8 - before.v8,
    pool: after.pool - before.pool,
  };
}

/** All threads together. */
export function totalTime({ main, functions, v8, pool }: ThreadTimes): number {
  return main + functions + v8 + pool;
}
