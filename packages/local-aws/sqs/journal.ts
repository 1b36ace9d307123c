import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A smaller journal is never compacted. */
const MIN_COMPACTION_SIZE_IN_BYTES = 1024 * 1024;
/** How many times larger than its snapshot a journal may become. */
const MAX_GROWTH = 4;
/** Characters of a snapshot that are written at once. */
const SNAPSHOT_WRITE_LENGTH = 256 * 1024;

/** An entry that is to be written. */
interface Entry {
  readonly text: string;
  readonly durable: boolean;
  readonly written: (() => void) | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** How to open a journal. */
export interface JournalOptions {
  readonly path: string;
  /** The present state, as records. */
  readonly snapshot: () => Iterable<object>;
}

/**
 * A file of JSON records, one in each line, that only grows: what was written survives a kill. It is
 * compacted when most of its records are outdated. Records that are added during a write share the next
 * write.
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
   * Reads all records and opens the file for more. An incomplete last line is cut off: the process was killed
   * before it responded. Rejects when a complete line is not a JSON object, or when `take` throws.
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
   * Adds records atomically. Resolves when they survive the end of this process; `durable` ones also survive
   * a power failure. `written` is called when they are in the file, before any later record.
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

  /** Never rejects: each entry gets its own result. */
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
    // In the same turn as the check for more entries: a later entry starts the next round.
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
      // A part of it may have been written, as on a full disk. It is cut off, so that the next record starts
      // a new line.
      await file.truncate(this.#size).catch(() => this.#giveUp(file));
      throw error;
    }
    this.#size += bytes.length;
  }

  async #giveUp(file: FileHandle): Promise<void> {
    this.#file = undefined;
    await file.close().catch(() => {});
  }

  /** Never rejects. When it fails, as on a full disk, the file stays as it is. */
  async #compactIfWorthwhile(): Promise<void> {
    const former = this.#file;
    if (!former || this.#size <= Math.max(MIN_COMPACTION_SIZE_IN_BYTES, this.#baseSize * MAX_GROWTH)) return;
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
