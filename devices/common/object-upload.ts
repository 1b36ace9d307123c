/**
 * Puts a file into S3 with temporary credentials: one PUT, or parts. Reads from disk into the shared buffers,
 * so its memory does not depend on the file. `@aws-sdk/lib-storage` is not used: told to stop, it returns before
 * it has sent AbortMultipartUpload, and each of its uploads has a queue of its own.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { FoundFile } from './files.ts';
import type { PartBuffers } from './part-buffers.ts';
import type { StorageAccess } from './storage-access.ts';
import { objectKey, type StorageLeases } from './storage-leases.ts';

const MEBIBYTE = 1024 * 1024;
/** Files up to one part go up in a single PUT. */
export const DEFAULT_PART_BYTES = 8 * MEBIBYTE;
/** S3's limits. */
export const SMALLEST_PART_BYTES = 5 * MEBIBYTE;
export const MOST_PARTS = 10_000;

/** The file on disk is no longer the one that was fingerprinted. */
export class FileChangedError extends Error {
  override readonly name = 'FileChangedError';
  constructor() {
    super('the file changed while it was uploaded; the next run takes it as it is then');
  }
}

/** What every upload of a run shares. */
export interface ObjectUploadOptions {
  readonly leases: StorageLeases;
  readonly buffers: PartBuffers;
  readonly signal?: AbortSignal;
  /** For tests that count attempts. @default 5 */
  readonly attempts?: number;
}

/** Who wants to know how an upload is getting on. */
export interface UploadObserver {
  readonly onProgress: (bytes: number) => void;
  /** The object key that is about to be written. */
  readonly onKey?: (key: string) => void;
}

/** Whether a bucket must be addressed in the path, because a host name in front of this one would not resolve. */
export function needsPathStyle(endpoint: string, provider: string): boolean {
  const { hostname } = new URL(endpoint);
  return (
    provider === 'minio' || hostname === 'localhost' || hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
  );
}

/** Uploads files to the one place that the leases lead to. */
export class ObjectUploads {
  readonly #options: ObjectUploadOptions;
  /** Connections outlive the clients, of which each file has its own, with its own credentials. */
  #firstClient: S3Client | undefined;

  constructor(options: ObjectUploadOptions) {
    this.#options = options;
  }

  /**
   * Uploads a file and answers its object key. `md5` is sent along, so that S3 refuses other bytes than the
   * fingerprinted ones. Credentials that run out in between cost one more try with new ones.
   */
  async upload(file: FoundFile, md5: string, observer: UploadObserver): Promise<string> {
    const { leases, buffers } = this.#options;
    if (file.bytes > MOST_PARTS * buffers.sizeBytes) {
      const needed = Math.ceil(file.bytes / MOST_PARTS / MEBIBYTE);
      throw new Error(`larger than S3's ${MOST_PARTS} parts: give --part-size ${needed} or more`);
    }
    const access = await leases.forUpload(file.bytes);
    try {
      return await this.#uploadWith(access, file, md5, observer);
    } catch (error) {
      const refusedAsExpired = error instanceof Error && error.name === 'ExpiredToken';
      if (!refusedAsExpired && !leases.isExpired(access)) throw error;
      observer.onProgress(0);
      return this.#uploadWith(await leases.renew(), file, md5, observer);
    }
  }

  /** Closes the connections. */
  close(): void {
    this.#firstClient?.destroy();
  }

  async #uploadWith(
    access: StorageAccess,
    file: FoundFile,
    md5: string,
    { onKey, onProgress }: UploadObserver,
  ): Promise<string> {
    const key = objectKey(access.objectKeyPrefix, file.path);
    onKey?.(key);
    const client = this.#client(access, key);
    const handle = await open(file.absolutePath, 'r');
    try {
      if (file.bytes <= this.#options.buffers.sizeBytes) {
        await this.#put(client, access.bucket, key, file, handle, md5);
      } else {
        await this.#putParts(client, access.bucket, key, file, handle, onProgress);
      }
      onProgress(file.bytes);
      return key;
    } finally {
      await handle.close();
    }
  }

  #client(access: StorageAccess, key: string): S3Client {
    let current = access;
    const client = new S3Client({
      region: access.region,
      endpoint: access.endpoint,
      forcePathStyle: needsPathStyle(access.endpoint, access.provider),
      maxAttempts: this.#options.attempts ?? 5,
      // The other providers' S3 interfaces are older than these checksums.
      ...(access.provider !== 'aws' && { requestChecksumCalculation: 'WHEN_REQUIRED' as const }),
      credentials: async () => {
        current = await this.#options.leases.continuing(current, key);
        return {
          accessKeyId: current.accessKeyId,
          secretAccessKey: current.accessKeySecret,
          sessionToken: current.securityToken,
          expiration: new Date(current.expiresAtMs),
        };
      },
      requestHandler: this.#firstClient?.config.requestHandler ?? {
        connectionTimeout: 10_000,
        socketTimeout: 120_000,
      },
    });
    this.#firstClient ??= client;
    return client;
  }

  async #put(
    client: S3Client,
    bucket: string,
    key: string,
    file: FoundFile,
    handle: FileHandle,
    md5: string,
  ): Promise<void> {
    const { buffers, signal } = this.#options;
    const buffer = await buffers.acquire(signal);
    try {
      const put = new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: await readExactly(handle, buffer.bytes, 0, file.bytes),
        ContentType: file.contentType,
        ContentMD5: Buffer.from(md5, 'hex').toString('base64'),
      });
      await client.send(put, signal && { abortSignal: signal });
    } catch (error) {
      throw error instanceof Error && error.name === 'BadDigest' ? new FileChangedError() : error;
    } finally {
      buffer.release();
    }
  }

  async #putParts(
    client: S3Client,
    bucket: string,
    key: string,
    file: FoundFile,
    handle: FileHandle,
    onProgress: (bytes: number) => void,
  ): Promise<void> {
    const object = { Bucket: bucket, Key: key };
    const withChecksums = (await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED';
    const checksum = withChecksums ? { ChecksumAlgorithm: 'CRC32' as const } : {};
    const { signal } = this.#options;
    const created = await client.send(
      new CreateMultipartUploadCommand({ ...object, ContentType: file.contentType, ...checksum }),
      signal && { abortSignal: signal },
    );
    const upload = { ...object, UploadId: created.UploadId };
    try {
      const parts = await this.#sendParts(client, { ...upload, ...checksum }, file, handle, onProgress);
      const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: parts } });
      await client.send(complete, signal && { abortSignal: signal });
    } catch (error) {
      // Parts that nobody completes cost money until the bucket's lifecycle rule removes them.
      const abandoned = AbortSignal.timeout(5_000);
      await client
        .send(new AbortMultipartUploadCommand(upload), { abortSignal: abandoned })
        .catch(() => undefined);
      throw error;
    }
  }

  async #sendParts(
    client: S3Client,
    upload: { Bucket: string; Key: string; UploadId: string | undefined; ChecksumAlgorithm?: 'CRC32' },
    file: FoundFile,
    handle: FileHandle,
    onProgress: (bytes: number) => void,
  ): Promise<CompletedPart[]> {
    const { buffers, signal } = this.#options;
    const partBytes = buffers.sizeBytes;
    const partCount = Math.ceil(file.bytes / partBytes);
    const parts: CompletedPart[] = [];
    const failure = new AbortController();
    const stop = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
    let nextPart = 1;
    let sentBytes = 0;

    const sendSome = async (): Promise<void> => {
      while (nextPart <= partCount) {
        const buffer = await buffers.acquire(stop);
        try {
          const number = nextPart++;
          if (number > partCount) return;
          const start = (number - 1) * partBytes;
          const length = Math.min(partBytes, file.bytes - start);
          const body = await readExactly(handle, buffer.bytes, start, length);
          const part = new UploadPartCommand({
            ...upload,
            PartNumber: number,
            Body: body,
            ...(!upload.ChecksumAlgorithm && { ContentMD5: createHash('md5').update(body).digest('base64') }),
          });
          const { ETag, ChecksumCRC32 } = await client.send(part, { abortSignal: stop });
          parts[number - 1] = { PartNumber: number, ETag, ...(ChecksumCRC32 && { ChecksumCRC32 }) };
          sentBytes += length;
          onProgress(sentBytes);
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
