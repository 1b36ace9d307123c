/** A device that reads one card after the other and is started again, with the same card, until it has brought it in. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../seeded-random.ts';
import { Victim, type VictimOptions } from './victim.ts';

/** The longest that nobody starts it again. */
const LONGEST_ABSENCE_IN_MILLISECONDS = 300;
/** Without faults and kills a card goes in at once. */
const CALM_ATTEMPTS = 5;

/** What a device is. */
export interface DeviceOptions {
  readonly name: string;
  readonly random: SeededRandom;
  readonly log: string;
  readonly nextCard: () => string;
  readonly commandFor: (card: string) => Omit<VictimOptions, 'log'>;
}

/** One device. */
export class Device {
  readonly name: string;
  /** Cards that it has brought in: its process said so by its exit code. */
  readonly finished: string[] = [];
  /** How often a run ended with a failure, faults being what they are. */
  failedRuns = 0;
  readonly #options: DeviceOptions;
  #card: string | undefined;
  #process: Victim | undefined;
  #isCalm = false;
  #isStopped = false;

  constructor(options: DeviceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The card that it is reading. */
  get card(): string | undefined {
    return this.#card;
  }

  /** Kills its process, whatever it is doing. False when there is none. */
  kill(): boolean {
    const killed = this.#process;
    killed?.kill();
    return killed !== undefined;
  }

  /** Ends it, whatever it is doing. */
  stop(): void {
    this.#isStopped = true;
    this.#process?.kill();
  }

  /** Begins no other card. From now on nothing keeps it from finishing this one. */
  calmDown(): void {
    this.#isCalm = true;
  }

  /** Reads cards until it is calm and has none. Rejects when it cannot finish the last one. */
  async operate(): Promise<void> {
    while (!this.#isCalm) {
      this.#card = this.#options.nextCard();
      await this.#bringIn(this.#card);
      this.finished.push(this.#card);
    }
    this.#card = undefined;
  }

  async #bringIn(card: string): Promise<void> {
    const { name, random, log, commandFor } = this.#options;
    for (let calmAttempts = 0; calmAttempts < CALM_ATTEMPTS; calmAttempts += this.#isCalm ? 1 : 0) {
      const process = new Victim({ ...commandFor(card), log });
      this.#process = process;
      const exitCode = await process.ended;
      this.#process = undefined;
      if (exitCode === 0) return;
      if (this.#isStopped) throw new Error(`${name} was stopped`);
      if (exitCode === 2) throw new Error(`${name} was started with wrong arguments: see ${log}`);
      if (exitCode !== null) this.failedRuns += 1;
      await sleep(random.integer(0, LONGEST_ABSENCE_IN_MILLISECONDS));
    }
    throw new Error(`${name} cannot bring in ${card}, although nothing disturbs it any more: see ${log}`);
  }
}
