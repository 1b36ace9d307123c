import { statfs } from 'node:fs/promises';

/**
 * Linux's numbers for file systems that make up inode numbers as they go: FAT, exFAT, and whatever runs as a program of its
 * own (FUSE). The same file has another number once the card was pulled out, and sometimes before that.
 */
const MADE_UP_INODES: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x65735546]);

/** Whether a file keeps its inode number on a file system of this type. */
export const keepsInodes = (fileSystemType: number): boolean => !MADE_UP_INODES.has(fileSystemType);

/** Reads inode numbers where they mean something; each device is asked once. */
export class StableInodes {
  readonly #byDevice = new Map<number, Promise<boolean>>();

  /** The inode number, or 0 where the next mount would give the file another one. */
  async of(
    absolutePath: string,
    { dev, ino }: { readonly dev: number; readonly ino: number },
  ): Promise<number> {
    let keeps = this.#byDevice.get(dev);
    if (!keeps) {
      keeps = statfs(absolutePath).then(
        ({ type }) => keepsInodes(type),
        () => false,
      );
      this.#byDevice.set(dev, keeps);
    }
    return (await keeps) ? ino : 0;
  }
}
