import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A journal smaller than this is never written anew. */
const MIN_COMPACTION_BYTES = 1024 * 1024;
/** How many times larger than what it holds a journal may become. */
const MAX_GROWTH = 4;
/** Characters of a snapshot that are written at once. */
const SNAPSHOT_WRITE_LENGTH = 256 * 1024;

/** An entry that waits to be written. */
interface Entry {
  readonly text: string;
  readonly durable: boolean;
  readonly written: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** What a journal needs. */
export interface JournalOptions {
  readonly path: string;
  /** Everything that the records so far amount to, as records. */
  readonly snapshot: () => Iterable<object>;
}

/**
 * A file of JSON records, one a line, that only grows: what was written is there after the process was killed. It is
 * written anew when most of what it holds is outdated. Records that are added while others are being written share
 * one write.
 */
export class Journal {
  readonly #options: JournalOptions;
  #file: FileHandle | undefined;
  #size = 0;
  /** Size of the last snapshot. */
  #baseSize = 0;
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /**
   * Reads every record and opens the file for more. A last line that a killed process did not finish is cut off: its
   * caller was never answered. Rejects when a whole line is no JSON object, or `take` throws.
   */
  async open(take: (record: object) => void): Promise<void> {
    const { path } = this.#options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    this.#file = await open(path, 'a+', 0o600);
    try {
      await this.#read(await readFile(path), take);
    } catch (error) {
      await this.close();
      throw error;
    }
    await this.#compactIfWorthwhile();
  }

  /**
   * Adds records that stand or fall together, and resolves when they outlive this process; `durable` ones outlive the
   * machine as well. `written` is called as soon as they are in the file, before any record that is added later.
   */
  append(
    records: readonly object[],
    options: { durable?: boolean; written?: () => void } = {},
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        text: records.map((record) => `${JSON.stringify(record)}\n`).join(''),
        durable: options.durable ?? false,
        written: options.written,
        resolve,
        reject,
      });
      this.#writing ??= this.#write();
    });
  }

  /** Resolves when everything is written and the file is closed. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #read(content: Buffer, take: (record: object) => void): Promise<void> {
    this.#size = content.lastIndexOf('\n') + 1;
    if (this.#size < content.length) await this.#file?.truncate(this.#size);
    for (let start = 0; start < this.#size; ) {
      const end = content.indexOf('\n', start);
      take(JSON.parse(content.toString('utf8', start, end)) as object);
      start = end + 1;
    }
  }

  /** Never rejects: each entry is told how it went. */
  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      try {
        await this.#add(entries);
      } catch (error) {
        for (const { reject } of entries) reject(error as Error);
        continue;
      }
      for (const { written } of entries) written?.();
      for (const { resolve } of entries) resolve();
      await this.#compactIfWorthwhile();
    }
    // In the same breath as the look for more: an entry that comes later starts the next round.
    this.#writing = undefined;
  }

  async #add(entries: readonly Entry[]): Promise<void> {
    const bytes = Buffer.from(entries.map(({ text }) => text).join(''), 'utf8');
    const file = this.#file;
    if (!file) throw new Error(`${this.#options.path} is closed`);
    try {
      await file.appendFile(bytes);
      if (entries.some(({ durable }) => durable)) await file.datasync();
    } catch (error) {
      // A part of it may be there, as on a full disk. Cut off, or the next record would continue a broken line.
      await file.truncate(this.#size).catch(() => this.#giveUp(file));
      throw error;
    }
    this.#size += bytes.length;
  }

  async #giveUp(file: FileHandle): Promise<void> {
    this.#file = undefined;
    await file.close().catch(() => {});
  }

  /** Never rejects: when it does not work, as on a full disk, the file stays as it is. */
  async #compactIfWorthwhile(): Promise<void> {
    const former = this.#file;
    if (!former || this.#size <= Math.max(MIN_COMPACTION_BYTES, this.#baseSize * MAX_GROWTH)) return;
    const { path, snapshot } = this.#options;
    const temporary = `${path}.new`;
    let file: FileHandle | undefined;
    try {
      await rm(temporary, { force: true });
      file = await open(temporary, 'a', 0o600);
      let size = 0;
      let text = '';
      for (const record of snapshot()) {
        text += `${JSON.stringify(record)}\n`;
        if (text.length < SNAPSHOT_WRITE_LENGTH) continue;
        await file.appendFile(text);
        size += Buffer.byteLength(text);
        text = '';
      }
      await file.appendFile(text);
      size += Buffer.byteLength(text);
      await file.sync();
      await rename(temporary, path);
      this.#size = size;
      this.#file = file;
      await former.close();
    } catch {
      await file?.close().catch(() => {});
      await rm(temporary, { force: true }).catch(() => {});
    }
    this.#baseSize = this.#size;
  }
}
