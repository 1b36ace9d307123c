import { readFileSync, rmSync } from 'node:fs';
import writeFileAtomic from 'write-file-atomic';
import type { ReconcileProgress } from '../functions/core/reconcile.ts';
import { Refusal } from './refusal.ts';

/** Where a run stopped. */
interface Place {
  /** The options of the run. A run with other options does not continue here. */
  readonly run: string;
  /** ISO 8601, UTC. */
  readonly saved_at: string;
  readonly progress: ReconcileProgress;
}

/** Where unfinished runs stopped, one for each set of options. The file is deleted when there are none. */
export class ReconcilePlaces {
  readonly #path: string;
  readonly #run: string;

  constructor(path: string, run: object) {
    this.#path = path;
    this.#run = JSON.stringify(run);
  }

  /** Where a run with these options stopped. */
  find(): Place | undefined {
    return this.#read().find(({ run }) => run === this.#run);
  }

  async save(progress: ReconcileProgress): Promise<void> {
    const place = { run: this.#run, saved_at: new Date().toISOString(), progress };
    await this.#write([...this.#others(), place]);
  }

  async forget(): Promise<void> {
    await this.#write(this.#others());
  }

  #others(): Place[] {
    return this.#read().filter(({ run }) => run !== this.#run);
  }

  #read(): Place[] {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      const { message } = error as Error;
      throw new Refusal(`Cannot read ${this.#path}: ${message}. Delete the file to begin at the beginning.`);
    }
  }

  async #write(places: readonly Place[]): Promise<void> {
    if (places.length === 0) rmSync(this.#path, { force: true });
    // It contains object keys.
    else await writeFileAtomic(this.#path, `${JSON.stringify(places, null, 2)}\n`, { mode: 0o600 });
  }
}
