import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { ObjectDigester } from '../core/object-storage.ts';
import { isMissing } from './s3-object-storage.ts';
import { NO_VERSION } from './s3-version-listing.ts';

/** Reads objects of the media bucket once, as a stream. */
export function s3ObjectDigester(Bucket: string, client = new S3Client({})): ObjectDigester {
  return {
    async digest(Key, versionId, signal) {
      try {
        const { Body } = await client.send(
          new GetObjectCommand({
            Bucket,
            Key,
            ...(versionId !== NO_VERSION && { VersionId: versionId }),
          }),
          { abortSignal: signal },
        );
        const hash = createHash('md5');
        // Only one chunk is in memory at a time.
        await pipeline(Body as NodeJS.ReadableStream, hash, { signal });
        return hash.digest('hex') as Fingerprint;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}
