import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** One value kept in a JSON file that only its owner may read. */
export interface JsonFile {
  /** What was written last, or nothing. Rejects when the file is there and is not JSON. */
  read(): Promise<unknown>;
  /** Resolves when the value, as it stands now or later, is on disk; calls during a write share the next one. */
  write(): Promise<void>;
  /**
   * Resolves when the file holds the value as it stands, and tries again when the last write failed. Nothing is to be
   * answered before: what is only in memory is gone after a restart.
   */
  settled(): Promise<void>;
}

/**
 * A file that is replaced whole: a process killed while writing leaves the previous one. Without a path nothing
 * is kept.
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
      // Half a file takes room on a disk that is full.
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
