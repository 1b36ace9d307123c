/**
 * Reads a card: all files of a folder but what computers leave there. The uploader and the dock player both
 * read folders this way.
 */
import { createHash } from 'node:crypto';
import type { Dirent, Stats } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contentTypeOf, type FileKind, kindOf } from '../../functions/core/file-kinds.ts';
import { junkReason } from './junk.ts';
import { StableInodes } from './stable-inodes.ts';

/** A file to upload, as it was when the folder was read. */
export interface FoundFile {
  readonly absolutePath: string;
  /** Relative to the folder that was read, with `/` on every platform. */
  readonly path: string;
  /** The folder part of `path`; empty at the top. */
  readonly directory: string;
  readonly name: string;
  readonly kind: FileKind;
  readonly contentType: string;
  readonly bytes: number;
  readonly modifiedAtInMilliseconds: number;
  /**
   * When content, name or permissions last changed, if the file system stores that. Programs cannot set it.
   */
  readonly changedAtInMilliseconds: number;
  /** 0 on file systems that assign new inodes with every mount, as on most cards. */
  readonly inode: number;
}

/** A file or folder that is not uploaded, and why. */
export interface PathWithReason {
  readonly path: string;
  readonly reason: string;
}

/** The contents of a folder. */
export interface FolderContents {
  /** In the order of their paths. */
  readonly files: readonly FoundFile[];
  /** Not uploaded on purpose: junk, empty files, and anything but regular files. */
  readonly skipped: readonly PathWithReason[];
  /** Files that could not be read. */
  readonly unreadable: readonly PathWithReason[];
}

/** Why a file could not be read, in words in place of an error code. */
export function fileErrorReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ENOENT') return 'no such file (a broken link, or removed meanwhile)';
  if (code === 'EIO') return 'the disk or card reported a read error';
  if (code === 'ELOOP') return 'a symbolic link that leads back to itself';
  return error instanceof Error ? error.message : String(error);
}

interface FolderToRead {
  readonly absolutePath: string;
  readonly path: string;
}

/**
 * Reads a folder recursively: all files but junk and empty ones. Symbolic links are followed, and each real
 * folder is read once. Links are visited last, so a loop of links ends by itself.
 */
export async function readFolder(root: string): Promise<FolderContents> {
  const files: FoundFile[] = [];
  const skipped: PathWithReason[] = [];
  const unreadable: PathWithReason[] = [];
  const visited = new Set<string>();
  const folders: FolderToRead[] = [{ absolutePath: root, path: '' }];
  const linkedFolders: FolderToRead[] = [];
  const inodes = new StableInodes();

  const readFile = async (path: string, absolutePath: string, stats: Stats): Promise<void> => {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (stats.size === 0) {
      skipped.push({ path, reason: 'the file is empty' });
      return;
    }
    files.push({
      absolutePath,
      path,
      directory: path.slice(0, Math.max(0, path.length - name.length - 1)),
      name,
      kind: kindOf(name),
      contentType: contentTypeOf(name),
      bytes: stats.size,
      modifiedAtInMilliseconds: stats.mtimeMs,
      changedAtInMilliseconds: stats.ctimeMs,
      inode: await inodes.of(absolutePath, stats),
    });
  };

  const readEntry = async (entry: Dirent, folder: FolderToRead): Promise<void> => {
    const path = folder.path ? `${folder.path}/${entry.name}` : entry.name;
    const absolutePath = join(folder.absolutePath, entry.name);
    const junk = junkReason(entry.name);
    if (junk) {
      skipped.push({ path: entry.isDirectory() ? `${path}/` : path, reason: junk });
      return;
    }
    if (entry.isDirectory()) {
      folders.push({ absolutePath, path });
      return;
    }
    try {
      const stats = await stat(absolutePath);
      if (stats.isDirectory()) linkedFolders.push({ absolutePath, path });
      else if (stats.isFile()) await readFile(path, absolutePath, stats);
      else skipped.push({ path, reason: 'not a regular file' });
    } catch (error) {
      unreadable.push({ path, reason: fileErrorReason(error) });
    }
  };

  for (;;) {
    const folder = folders.pop() ?? linkedFolders.shift();
    if (!folder) break;
    try {
      const real = await realpath(folder.absolutePath);
      if (visited.has(real)) continue;
      visited.add(real);
      for (const entry of await readdir(folder.absolutePath, { withFileTypes: true })) {
        await readEntry(entry, folder);
      }
    } catch (error) {
      unreadable.push({ path: folder.path || '.', reason: fileErrorReason(error) });
    }
  }
  const byPath = (left: { path: string }, right: { path: string }): number =>
    left.path < right.path ? -1 : 1;
  return {
    files: files.sort(byPath),
    skipped: skipped.sort(byPath),
    unreadable: unreadable.sort(byPath),
  };
}

/**
 * The fingerprint: the MD5 of the whole file as 32 lower-case hex digits. All reads use one buffer: a stream
 * would allocate a new one for each, which costs more than the hash.
 */
export async function md5OfFile(
  absolutePath: string,
  signal?: AbortSignal,
  onRead?: (bytes: number) => void,
): Promise<string> {
  const hash = createHash('md5');
  const buffer = Buffer.allocUnsafe(512 * 1024);
  const handle = await open(absolutePath, 'r');
  try {
    let bytes = 0;
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, bytes);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
      onRead?.(bytes);
    }
  } finally {
    await handle.close();
  }
}

/**
 * An MD5 of the file's size and its first and last 64 KiB. It tells files apart without reading gigabytes.
 */
export async function md5OfEnds(absolutePath: string, bytes: number): Promise<string> {
  const sampleSizeInBytes = 64 * 1024;
  const hash = createHash('md5').update(`${bytes}\n`);
  const handle = await open(absolutePath, 'r');
  try {
    const buffer = Buffer.allocUnsafe(sampleSizeInBytes);
    const head = await handle.read(buffer, 0, sampleSizeInBytes, 0);
    hash.update(buffer.subarray(0, head.bytesRead));
    const tailStart = Math.max(sampleSizeInBytes, bytes - sampleSizeInBytes);
    if (tailStart < bytes) {
      const tail = await handle.read(buffer, 0, sampleSizeInBytes, tailStart);
      hash.update(buffer.subarray(0, tail.bytesRead));
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** The state of a file that was found earlier. */
export type DiskState = 'unchanged' | 'changed' | 'gone';

/**
 * Whether the file is still as it was found. `changed` can be an edit, or a recording that goes on. `gone`
 * can also be a card that was removed.
 */
export async function diskState(file: FoundFile): Promise<DiskState> {
  try {
    const now = await stat(file.absolutePath);
    return now.size === file.bytes && now.mtimeMs === file.modifiedAtInMilliseconds ? 'unchanged' : 'changed';
  } catch {
    return 'gone';
  }
}
