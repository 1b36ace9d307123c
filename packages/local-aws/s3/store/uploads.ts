import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChecksumAlgorithm, ChecksumType } from '../checksums.ts';
import type { DataFiles } from './data-files.ts';
import { NotSynced, readDocuments, removeDocument, writeDocument } from './documents.ts';
import { KeyLocks } from './key-locks.ts';
import type { DataPart, ObjectAttributes } from './object-metadata.ts';

/** A multipart upload that is neither completed nor aborted. */
export interface MultipartUpload {
  readonly uploadId: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly initiated: number;
  readonly attributes: ObjectAttributes;
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType } | undefined;
}

/** A part that was uploaded. */
export interface UploadedPart extends DataPart {
  readonly partNumber: number;
  /** MD5 in hex. */
  readonly eTag: string;
  /** Base64, by the algorithm of the upload. */
  readonly checksum?: string | undefined;
  readonly lastModified: number;
}

interface Entry {
  readonly upload: MultipartUpload;
  readonly parts: Map<number, UploadedPart>;
}

const UPLOAD_DOCUMENT = 'upload.json';

/**
 * The multipart uploads of a bucket: a folder for each, with a document about the upload and one for each
 * part.
 */
export class Uploads {
  readonly #directory: string;
  readonly #data: DataFiles;
  readonly #entries = new Map<string, Entry>();
  readonly #locks = new KeyLocks();

  /** `completed` has the uploads that became objects. A killed process may have left their folders. */
  constructor(options: { directory: string; data: DataFiles; completed: ReadonlySet<string> }) {
    this.#directory = options.directory;
    this.#data = options.data;
    mkdirSync(this.#directory, { recursive: true });
    for (const uploadId of readdirSync(this.#directory)) {
      const entry = options.completed.has(uploadId) ? undefined : readEntry(this.#folder(uploadId));
      if (entry) this.#entries.set(uploadId, entry);
      else rmSync(this.#folder(uploadId), { recursive: true, force: true });
    }
  }

  async create(draft: Omit<MultipartUpload, 'uploadId'>): Promise<MultipartUpload> {
    const upload: MultipartUpload = { uploadId: randomBytes(32).toString('hex'), ...draft };
    const folder = this.#folder(upload.uploadId);
    await mkdir(folder);
    try {
      await writeDocument(folder, UPLOAD_DOCUMENT, upload);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    this.#entries.set(upload.uploadId, { upload, parts: new Map() });
    return upload;
  }

  find(uploadId: string): MultipartUpload | undefined {
    return this.#entries.get(uploadId)?.upload;
  }

  list(): MultipartUpload[] {
    return [...this.#entries.values()].map(({ upload }) => upload);
  }

  /** By part number. */
  parts(uploadId: string): UploadedPart[] {
    const parts = this.#entries.get(uploadId)?.parts.values() ?? [];
    return [...parts].sort((left, right) => left.partNumber - right.partNumber);
  }

  /**
   * Adds a part, or replaces the part with its number. `gone` when the upload was completed or aborted
   * meanwhile.
   */
  addPart(uploadId: string, part: UploadedPart): Promise<'added' | 'gone'> {
    return this.#locks.run(uploadId, async () => {
      const entry = this.#entries.get(uploadId);
      try {
        if (!entry) throw new UploadGone();
        await writeDocument(this.#folder(uploadId), `${part.partNumber}.json`, part);
      } catch (error) {
        if (!(error instanceof NotSynced)) await this.#data.remove([part]);
        if (error instanceof UploadGone) return 'gone';
        throw error;
      }
      const replaced = entry.parts.get(part.partNumber);
      entry.parts.set(part.partNumber, part);
      if (replaced) await this.#data.remove([replaced]);
      return 'added';
    });
  }

  /**
   * Completes an upload. When `makeObject` has stored the object, the upload and all parts that the object
   * does not use are removed. When it fails, the upload stays as it was. `gone` when there is no such upload.
   */
  complete<T extends { readonly data: readonly DataPart[] }>(
    uploadId: string,
    makeObject: (parts: readonly UploadedPart[]) => Promise<T>,
  ): Promise<T | 'gone'> {
    return this.#locks.run(uploadId, async () => {
      if (!this.#entries.has(uploadId)) return 'gone';
      const parts = this.parts(uploadId);
      const object = await makeObject(parts);
      const used = new Set(object.data.map(({ dataId }) => dataId));
      await this.#forget(uploadId);
      await this.#data.remove(parts.filter(({ dataId }) => !used.has(dataId)));
      return object;
    });
  }

  /** Aborts an upload and removes its parts. `gone` when there is no such upload. */
  abort(uploadId: string): Promise<'aborted' | 'gone'> {
    return this.#locks.run(uploadId, async () => {
      if (!this.#entries.has(uploadId)) return 'gone';
      const parts = this.parts(uploadId);
      await this.#forget(uploadId);
      await this.#data.remove(parts);
      return 'aborted';
    });
  }

  /** The ids of all data of uploads. */
  *dataIds(): Generator<string> {
    for (const { parts } of this.#entries.values()) for (const { dataId } of parts.values()) yield dataId;
  }

  /** Removing the first document of the folder ends the upload. */
  async #forget(uploadId: string): Promise<void> {
    this.#entries.delete(uploadId);
    await removeDocument(this.#folder(uploadId), UPLOAD_DOCUMENT);
    await rm(this.#folder(uploadId), { recursive: true, force: true });
  }

  #folder(uploadId: string): string {
    return join(this.#directory, uploadId);
  }
}

class UploadGone extends Error {}

function readEntry(folder: string): Entry | undefined {
  if (!existsSync(join(folder, UPLOAD_DOCUMENT))) return undefined;
  let upload: MultipartUpload | undefined;
  const parts = new Map<number, UploadedPart>();
  for (const { name, content } of readDocuments<MultipartUpload | UploadedPart>(folder)) {
    if (name === UPLOAD_DOCUMENT) upload = content as MultipartUpload;
    else parts.set((content as UploadedPart).partNumber, content as UploadedPart);
  }
  return upload && { upload, parts };
}
