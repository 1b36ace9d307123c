import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

const DIGITS = 16;

/**
 * How many writes were acknowledged, in a file beside the database: a database that was opened with fewer has lost some.
 * The count is written over itself, so that a full disk has room for it.
 */
export class WriteCount {
  /** As the file had it when it was opened; 0 when there was none. */
  readonly before: number;
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const text = Buffer.alloc(DIGITS);
    readSync(this.#file, text, 0, DIGITS, 0);
    this.before = Number(text.toString('latin1').replaceAll('\0', '')) || 0;
  }

  set(count: number): void {
    try {
      writeSync(this.#file, String(count).padStart(DIGITS), 0);
    } catch {
      // A count that is too low hides a loss and invents none: no reason to fail a write that is in the database.
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
