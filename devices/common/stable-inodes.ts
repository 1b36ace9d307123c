import { statfs } from 'node:fs/promises';

/**
 * Linux's type numbers of file systems that assign inode numbers as needed: FAT, exFAT and FUSE. A file gets
 * another number when the card is inserted again, and sometimes earlier.
 */
const MADE_UP_INODES: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x65735546]);

/** Whether files keep their inode numbers on a file system of this type. */
export const keepsInodes = (fileSystemType: number): boolean => !MADE_UP_INODES.has(fileSystemType);

/** Reads inode numbers that are stable. The type of each device is read once. */
export class StableInodes {
  readonly #byDevice = new Map<number, Promise<boolean>>();

  /** The inode number, or 0 when the file may get another one. */
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
