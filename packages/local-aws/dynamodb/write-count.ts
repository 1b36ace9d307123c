import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';

const DIGITS = 16;

/**
 * The number of acknowledged writes, in a file beside the database. When the database has fewer, it has lost
 * some. The count is written in place, so it needs no space on a full disk.
 */
export class WriteCount {
  /** The count in the file when it was opened; 0 when there was none. */
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
      // A count that is too low can hide a loss, but never reports a false one. The write is in the database,
      // so it must not fail.
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
