/** The local stack as a process that is started again whenever it has been killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Endpoints, readEndpoints } from '../../local/endpoints.ts';
import type { Addresses, TimeScales } from '../../packages/local-aws/index.ts';
import type { SeededRandom } from '../seeded-random.ts';
import { Victim } from './victim.ts';

/** How the process starts. */
export interface StackStart {
  readonly dataDirectory: string;
  /** Where functions find the services. */
  readonly proxies: Addresses;
  readonly timeScales: TimeScales;
}

/** What the process says when it is ready. */
export const READY = 'ready';

/** The longest that nobody starts it again. */
const LONGEST_ABSENCE_IN_MILLISECONDS = 1_000;

/** What it takes to run it. */
export interface StackUnderFireOptions extends StackStart {
  readonly random: SeededRandom;
  readonly log: string;
  /** Hears where the services are; undefined when they are gone. */
  readonly onMoved: (endpoints: Endpoints | undefined) => void;
}

/** The stack. It runs until it is stopped. */
export class StackUnderFire {
  readonly #options: StackUnderFireOptions;
  readonly #over: Promise<void>;
  #process: Victim | undefined;
  #ready = expectation<Endpoints>();
  #stopping = false;

  constructor(options: StackUnderFireOptions) {
    this.#options = options;
    this.#over = this.#run().catch((error: unknown) => this.#ready.reject(error));
  }

  /** Resolves when it is ready. */
  ready(): Promise<Endpoints> {
    return this.#ready.promise;
  }

  /** Kills the process, whatever it is doing. False when it is not there. */
  kill(): boolean {
    const killed = this.#process;
    killed?.kill();
    return killed !== undefined;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#process?.kill();
    await this.#over;
  }

  async #run(): Promise<void> {
    const { dataDirectory, proxies, timeScales, random, log, onMoved } = this.#options;
    const start: StackStart = { dataDirectory, proxies, timeScales };
    while (!this.#stopping) {
      const process = new Victim({ argv: ['bench/kill/start-stack.ts', JSON.stringify(start)], log });
      this.#process = process;
      const isReady = await process.says(READY);
      if (isReady) {
        const endpoints = readEndpoints(dataDirectory);
        if (endpoints === undefined) throw new Error('The local stack wrote no endpoints');
        onMoved(endpoints);
        this.#ready.resolve(endpoints);
      }
      const exitCode = await process.ended;
      this.#process = undefined;
      if (isReady) {
        onMoved(undefined);
        this.#ready = expectation();
      }
      if (exitCode !== null)
        throw new Error(`The local stack ended by itself, with exit code ${exitCode}: see ${log}`);
      if (!this.#stopping) await sleep(random.integer(0, LONGEST_ABSENCE_IN_MILLISECONDS));
    }
  }
}

/** A promise that nobody need wait for. */
function expectation<Value>(): PromiseWithResolvers<Value> {
  const expected = Promise.withResolvers<Value>();
  expected.promise.catch(() => undefined);
  return expected;
}
