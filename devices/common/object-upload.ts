/**
 * Uploads a file to S3 with temporary credentials: in one PUT, or in parts. Reads from disk into shared
 * buffers, so memory does not depend on the size of the file. `@aws-sdk/lib-storage` is not used: when
 * aborted, it returns before it has sent AbortMultipartUpload, and each of its uploads has its own queue.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { OBJECT_KEY_LIMIT_IN_BYTES } from '../../functions/core/object-key.ts';
import type { FoundFile } from './files.ts';
import type { PartBuffers } from './part-buffers.ts';
import type { RetryPolicy } from './retry.ts';
import type { StorageAccess } from './storage-access.ts';
import { objectKey, type StorageLeases } from './storage-leases.ts';
import { StorageClients, StorageSession } from './storage-session.ts';

const MEBIBYTE = 1024 * 1024;
/** Files up to this size are uploaded in a single PUT. */
export const DEFAULT_PART_SIZE_IN_BYTES = 8 * MEBIBYTE;
/** S3's limit. */
export const SMALLEST_PART_SIZE_IN_BYTES = 5 * MEBIBYTE;
export const MOST_PARTS = 10_000;
/** How long aborting a multipart upload may take. */
const ABORT_PATIENCE_IN_MILLISECONDS = 5_000;

/** The file on disk changed after its MD5 was computed. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError';
  constructor() {
    super('the file changed while it was uploaded; the next run uploads it again');
  }
}

/** What all uploads of a run share. */
export interface ObjectUploadOptions {
  readonly leases: StorageLeases;
  readonly buffers: PartBuffers;
  readonly signal?: AbortSignal;
  /** The retries for faults of object storage. */
  readonly retry?: RetryPolicy | undefined;
}

/** Is told how an upload proceeds. */
export interface UploadObserver {
  readonly onProgress: (bytes: number) => void;
  /** The object key that is about to be written. */
  readonly onKey?: (key: string) => void;
}

/** A file that S3 cannot store, however often it is tried. */
export class ImpossibleUploadError extends Error {
  override readonly name = 'ImpossibleUploadError';
}

/** Uploads files with the credentials that `leases` provides. */
export class ObjectUploads {
  readonly #options: ObjectUploadOptions;
  readonly #clients = new StorageClients();

  constructor(options: ObjectUploadOptions) {
    this.#options = options;
  }

  /** Throws `ImpossibleUploadError` for a file that S3 cannot store. The file is not read. */
  async assertPossible({ path, bytes }: Pick<FoundFile, 'path' | 'bytes'>): Promise<void> {
    const { leases, buffers } = this.#options;
    if (bytes > MOST_PARTS * buffers.sizeInBytes) {
      const needed = Math.ceil(bytes / MOST_PARTS / MEBIBYTE);
      throw new ImpossibleUploadError(
        `larger than S3's ${MOST_PARTS} parts: give --part-size ${needed} or more`,
      );
    }
    // Prefixes are far shorter than the rest, so most paths need no request for the prefix.
    if (Buffer.byteLength(path) < OBJECT_KEY_LIMIT_IN_BYTES / 2) return;
    const { objectKeyPrefix } = await leases.forUpload(0);
    const keyLengthInBytes = Buffer.byteLength(objectKey(objectKeyPrefix, path));
    if (keyLengthInBytes > OBJECT_KEY_LIMIT_IN_BYTES) {
      throw new ImpossibleUploadError(
        `its object key would have ${keyLengthInBytes} bytes, and S3 allows ${OBJECT_KEY_LIMIT_IN_BYTES}: shorten the names of its folders`,
      );
    }
  }

  /**
   * Uploads a file and resolves to its object key. What is sent is hashed, and S3 keeps nothing that differs
   * from `md5`. Credentials are renewed during the upload. When the new ones do not allow the old key, the
   * upload starts again under a new one.
   */
  async upload(file: FoundFile, md5: string, observer: UploadObserver): Promise<string> {
    const { leases } = this.#options;
    const access = await leases.forUpload(file.bytes);
    const first = this.#session(access, file);
    try {
      return await this.#uploadIn(first, file, md5, observer);
    } catch (error) {
      const name = error instanceof Error ? error.name : '';
      const isOver = name === 'ExpiredToken' || leases.isExpired(access);
      const isElsewhere = name === 'AccessDenied' && first.wasRenewed;
      if (this.#options.signal?.aborted || !(isOver || isElsewhere)) throw error;
      observer.onProgress(0);
      return this.#uploadIn(this.#session(await leases.insteadOf(access), file), file, md5, observer);
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#clients.close();
  }

  #session(access: StorageAccess, file: FoundFile): StorageSession {
    const { leases, retry } = this.#options;
    const key = objectKey(access.objectKeyPrefix, file.path);
    return new StorageSession({ leases, retry, clients: this.#clients }, access, key);
  }

  async #uploadIn(
    session: StorageSession,
    file: FoundFile,
    md5: string,
    { onKey, onProgress }: UploadObserver,
  ): Promise<string> {
    onKey?.(session.key);
    const handle = await open(file.absolutePath, 'r');
    try {
      if (file.bytes <= this.#options.buffers.sizeInBytes) await this.#put(session, file, handle, md5);
      else await this.#putParts(session, file, handle, md5, onProgress);
      onProgress(file.bytes);
      return session.key;
    } finally {
      // The file has been read, so it does not matter if the card is gone by now.
      await handle.close().catch(() => undefined);
    }
  }

  async #put(session: StorageSession, file: FoundFile, handle: FileHandle, md5: string): Promise<void> {
    const { buffers, signal } = this.#options;
    const buffer = await buffers.acquire(signal);
    try {
      const body = await readExactly(handle, buffer.item, 0, file.bytes);
      if (createHash('md5').update(body).digest('hex') !== md5) throw new FileChangedError();
      const put = {
        Bucket: session.bucket,
        Key: session.key,
        Body: body,
        ContentType: file.contentType,
        ContentMD5: Buffer.from(md5, 'hex').toString('base64'),
      };
      await session.send((client, options) => client.send(new PutObjectCommand(put), options), signal);
    } finally {
      buffer.release();
    }
  }

  async #putParts(
    session: StorageSession,
    file: FoundFile,
    handle: FileHandle,
    md5: string,
    onProgress: (bytes: number) => void,
  ): Promise<void> {
    const { signal } = this.#options;
    const object = { Bucket: session.bucket, Key: session.key };
    const create = { ...object, ContentType: file.contentType };
    const { UploadId, checksum } = await session.send(async (client, options) => {
      const withChecksums = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
      const checksum = withChecksums ? { ChecksumAlgorithm: 'CRC32' as const } : {};
      const command = new CreateMultipartUploadCommand({ ...create, ...checksum });
      return { ...(await client.send(command, options)), checksum };
    }, signal);
    const upload = { ...object, UploadId };
    try {
      const parts = await this.#sendParts(session, { ...upload, ...checksum }, file, handle, md5, onProgress);
      const complete = { ...upload, MultipartUpload: { Parts: parts } };
      await session.send(
        (client, options) => client.send(new CompleteMultipartUploadCommand(complete), options),
        signal,
      );
    } catch (error) {
      // Parts of an incomplete upload cost money until the bucket's lifecycle rule removes them.
      await session
        .send(
          (client, options) => client.send(new AbortMultipartUploadCommand(upload), options),
          AbortSignal.timeout(ABORT_PATIENCE_IN_MILLISECONDS),
        )
        .catch(() => undefined);
      throw error;
    }
  }

  /** Sends the parts, several at once, and compares all of them with `md5` before completing the upload. */
  async #sendParts(
    session: StorageSession,
    upload: { Bucket: string; Key: string; UploadId: string | undefined; ChecksumAlgorithm?: 'CRC32' },
    file: FoundFile,
    handle: FileHandle,
    md5: string,
    onProgress: (bytes: number) => void,
  ): Promise<CompletedPart[]> {
    const { buffers, signal } = this.#options;
    const partSizeInBytes = buffers.sizeInBytes;
    const partCount = Math.ceil(file.bytes / partSizeInBytes);
    const parts: CompletedPart[] = [];
    const failure = new AbortController();
    const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
    const sent = createHash('md5');
    let earlierParts = Promise.resolve();
    let nextPart = 1;
    let sentInBytes = 0;

    const sendPart = async (number: number, buffer: Buffer): Promise<void> => {
      const hashed = Promise.withResolvers<void>();
      const turn = earlierParts;
      earlierParts = hashed.promise;
      try {
        const start = (number - 1) * partSizeInBytes;
        const body = await readExactly(handle, buffer, start, Math.min(partSizeInBytes, file.bytes - start));
        await turn;
        sent.update(body);
        hashed.resolve();
        const part = {
          ...upload,
          PartNumber: number,
          Body: body,
          ...(!upload.ChecksumAlgorithm && { ContentMD5: createHash('md5').update(body).digest('base64') }),
        };
        const { ETag, ChecksumCRC32 } = await session.send(
          (client, options) => client.send(new UploadPartCommand(part), options),
          stop,
        );
        parts[number - 1] = { PartNumber: number, ETag, ...(ChecksumCRC32 && { ChecksumCRC32 }) };
        sentInBytes += body.length;
        onProgress(sentInBytes);
      } finally {
        hashed.resolve();
      }
    };

    const sendSome = async (): Promise<void> => {
      while (nextPart <= partCount) {
        const buffer = await buffers.acquire(stop);
        try {
          if (nextPart <= partCount) await sendPart(nextPart++, buffer.item);
        } catch (error) {
          failure.abort(error);
          throw error;
        } finally {
          buffer.release();
        }
      }
    };

    const senders = Array.from({ length: Math.min(partCount, buffers.count) }, sendSome);
    const outcomes = await Promise.allSettled(senders);
    signal?.throwIfAborted();
    if (failure.signal.aborted) throw failure.signal.reason;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    if (sent.digest('hex') !== md5) throw new FileChangedError();
    return parts;
  }
}

async function readExactly(handle: FileHandle, into: Buffer, start: number, length: number): Promise<Buffer> {
  let read = 0;
  while (read < length) {
    const { bytesRead } = await handle.read(into, read, length - read, start + read);
    if (bytesRead === 0) throw new FileChangedError();
    read += bytesRead;
  }
  return into.subarray(0, length);
}
