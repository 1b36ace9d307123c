import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { DataPart } from './object-metadata.ts';

/** An upload uses two buffers of this size, however large it is. */
const WRITE_SIZE_IN_BYTES = 256 * 1024;
const READ_SIZE_IN_BYTES = 64 * 1024;
/**
 * How much a slow disk may still have to write when the last byte has arrived. Without a limit it would be
 * most of a large file, and clients would time out.
 */
const MAX_UNSYNCED_IN_BYTES = 64 * 1024 * 1024;

/** Keeps files from being removed until it is disposed of. */
export interface DataLease extends Disposable {
  readonly data: readonly DataPart[];
}

/**
 * The bytes of objects. Each file has a random id and is complete before anything refers to it. Files that
 * nothing refers to are removed at start.
 */
export class DataFiles {
  readonly #directory: string;
  readonly #readers = new Map<string, number>();
  /** Removed while being read: these files are deleted after their last reader. */
  readonly #doomed = new Set<string>();

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** Streams to a new file. Resolves when it is on disk. When the source fails, nothing is left. */
  async write(source: AsyncIterable<Buffer>): Promise<DataPart> {
    const dataId = randomBytes(16).toString('hex');
    try {
      await using file = await open(this.#path(dataId), 'wx');
      const size = await writeAll(file, source);
      await file.datasync();
      return { dataId, size };
    } catch (error) {
      await rm(this.#path(dataId), { force: true });
      throw error;
    }
  }

  /** Creates a lease. The caller must make sure that the files are still referred to. */
  lease(data: readonly DataPart[]): DataLease {
    for (const { dataId } of data) this.#readers.set(dataId, (this.#readers.get(dataId) ?? 0) + 1);
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      for (const { dataId } of data) this.#release(dataId);
    };
    return { data, [Symbol.dispose]: release };
  }

  /** The bytes from `start` up to `end`, which is not included, of the files in sequence. */
  read(data: readonly DataPart[], start: number, end: number): Readable {
    return Readable.from(this.#readRange(data, start, end), {
      objectMode: false,
      highWaterMark: READ_SIZE_IN_BYTES,
    });
  }

  /** Removes files, at once or after their last reader. */
  async remove(data: readonly DataPart[]): Promise<void> {
    for (const { dataId } of data) {
      if (this.#readers.has(dataId)) this.#doomed.add(dataId);
      else await rm(this.#path(dataId), { force: true });
    }
  }

  /**
   * Removes every file that is not referred to, and returns the ids of those that are there. For the start
   * only.
   */
  sweep(referred: ReadonlySet<string>): Set<string> {
    const present = new Set<string>();
    for (const name of readdirSync(this.#directory)) {
      if (referred.has(name)) present.add(name);
      else rmSync(join(this.#directory, name));
    }
    return present;
  }

  async *#readRange(data: readonly DataPart[], start: number, end: number): AsyncGenerator<Buffer> {
    let partStart = 0;
    for (const { dataId, size } of data) {
      const from = Math.max(start - partStart, 0);
      const to = Math.min(end - partStart, size);
      if (from < to) {
        await using file = await open(this.#path(dataId), 'r');
        for (let position = from; position < to; ) {
          const buffer = Buffer.allocUnsafe(Math.min(READ_SIZE_IN_BYTES, to - position));
          const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
          if (bytesRead === 0) throw new Error(`Data file ${dataId} is shorter than ${size} bytes`);
          yield buffer.subarray(0, bytesRead);
          position += bytesRead;
        }
      }
      partStart += size;
    }
  }

  #release(dataId: string): void {
    const readers = (this.#readers.get(dataId) ?? 1) - 1;
    if (readers > 0) {
      this.#readers.set(dataId, readers);
      return;
    }
    this.#readers.delete(dataId);
    // What cannot be removed now is removed at the next start.
    if (this.#doomed.delete(dataId)) rm(this.#path(dataId), { force: true }).catch(() => {});
  }

  #path(dataId: string): string {
    return join(this.#directory, dataId);
  }
}

/** Writes one buffer while the other is filled. The source waits when the disk is slower. */
async function writeAll(file: FileHandle, source: AsyncIterable<Buffer>): Promise<number> {
  let filling = Buffer.allocUnsafeSlow(WRITE_SIZE_IN_BYTES);
  let spare = Buffer.allocUnsafeSlow(WRITE_SIZE_IN_BYTES);
  let filled = 0;
  let size = 0;
  let syncedSize = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async () => {
    await writing;
    writing = writeFully(file, filling.subarray(0, filled), size);
    if (size - syncedSize >= MAX_UNSYNCED_IN_BYTES) {
      writing = writing.then(() => file.datasync());
      syncedSize = size;
    }
    // The next `await` throws the error; until then it must not count as unhandled.
    writing.catch(() => {});
    size += filled;
    filled = 0;
    [filling, spare] = [spare, filling];
  };
  try {
    for await (const chunk of source) {
      for (let taken = 0; taken < chunk.length; ) {
        const copied = chunk.copy(filling, filled, taken);
        taken += copied;
        filled += copied;
        if (filled === filling.length) await flush();
      }
    }
    if (filled > 0) await flush();
  } finally {
    // The file is closed after this, so a running write must end first.
    await writing;
  }
  return size;
}

async function writeFully(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}
