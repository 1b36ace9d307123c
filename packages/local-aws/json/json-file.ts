import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A value in a JSON file that only its owner can read. */
export interface JsonFile {
  /** The value that was written last, or undefined. Rejects when the file is not JSON. */
  read(): Promise<unknown>;
  /**
   * Resolves when the present value, or a later one, is on disk. Calls during a write share the next write.
   */
  write(): Promise<void>;
  /**
   * Resolves when the file has the present value; writes it again when the last write failed. Wait for it
   * before a response: a value that is only in memory is lost after a restart.
   */
  settled(): Promise<void>;
}

/**
 * A file that is replaced atomically: when the process is killed while writing, the old file stays. Without a
 * path, nothing is stored.
 */
export function jsonFile(path: string | undefined, value: () => unknown): JsonFile {
  if (path === undefined)
    return { read: async () => undefined, write: async () => {}, settled: async () => {} };
  let writing: Promise<void> | undefined;
  let next: Promise<void> | undefined;
  let failed = false;

  const replace = async (): Promise<void> => {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.new`;
    try {
      await using file = await open(temporary, 'w', 0o600);
      await file.writeFile(`${JSON.stringify(value(), null, 2)}\n`);
      await file.sync();
      await rename(temporary, path);
    } catch (error) {
      // A partial file takes space on a full disk.
      await rm(temporary, { force: true }).catch(() => {});
      throw error;
    }
  };

  const start = (): Promise<void> => {
    writing = replace()
      .then(
        () => {
          failed = false;
        },
        (error) => {
          failed = true;
          throw error;
        },
      )
      .finally(() => {
        writing = undefined;
      });
    return writing;
  };

  const write = (): Promise<void> => {
    if (next) return next;
    if (!writing) return start();
    next = writing
      .catch(() => {})
      .then(() => {
        next = undefined;
        return start();
      });
    return next;
  };

  return {
    read: async () => {
      const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (text === undefined) return undefined;
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new Error(`${path} is not JSON`, { cause: error });
      }
    },
    write,
    settled: async () => {
      await (next ?? writing);
      if (failed) await write();
    },
  };
}
