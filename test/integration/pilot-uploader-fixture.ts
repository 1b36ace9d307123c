import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type UploadFolderOptions,
  type UploadSummary,
  uploadFolder,
} from '../../devices/pilot/upload-folder.ts';
import { type FakeLibrary, PASSWORD, startFakeLibrary, USERNAME } from './pilot-fake-library.ts';

export const MEBIBYTE = 1024 * 1024;
/** The modification time of all files on the card. */
export const LAST_YEAR = new Date('2025-04-12T09:30:15.250Z');

/** A folder to upload, and a fake library, which can fail in ways that the local stack does not. */
export class UploaderFixture {
  readonly library: FakeLibrary;
  readonly folder: string;
  readonly dataDirectory: string;

  private constructor(library: FakeLibrary, folder: string, dataDirectory: string) {
    this.library = library;
    this.folder = folder;
    this.dataDirectory = dataDirectory;
  }

  static async start(): Promise<UploaderFixture> {
    return new UploaderFixture(
      await startFakeLibrary(),
      await mkdtemp(join(tmpdir(), 'pilot-')),
      await mkdtemp(join(tmpdir(), 'pilot-data-')),
    );
  }

  /** Writes a file into the folder. */
  async put(path: string, content: string | Buffer = `content of ${path}`): Promise<string> {
    const file = join(this.folder, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
    await utimes(file, LAST_YEAR, LAST_YEAR);
    return file;
  }

  /** Uploads the folder. */
  run(options: Partial<UploadFolderOptions> = {}): Promise<UploadSummary> {
    return uploadFolder({
      from: this.folder,
      api: this.library.api,
      username: USERNAME,
      password: PASSWORD,
      dataDirectory: this.dataDirectory,
      retry: { firstDelayInMilliseconds: 1, longestDelayInMilliseconds: 5, attempts: 4 },
      ...options,
    });
  }

  async close(): Promise<void> {
    await this.library.close();
    for (const directory of [this.folder, this.dataDirectory]) await rm(directory, { recursive: true });
  }
}

/** Bytes that compress to nothing useful and differ everywhere. */
export function noise(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let offset = 0; offset + 4 <= bytes; offset += 4)
    buffer.writeUInt32LE(Math.imul(offset, 2654435761) >>> 0, offset);
  return buffer;
}

export const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');
