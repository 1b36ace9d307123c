import {
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { ObjectStorage } from '../core/object-storage.ts';
import { decodeKey, ENCODED, historiesOf, toStoredObject } from './s3-version-listing.ts';

/** Whether S3 says for certain that the object or version does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;

/**
 * The media bucket. The role has `s3:ListBucket`: without it S3 responds 403 for a missing object, which
 * would not be distinguishable.
 */
export function s3ObjectStorage(Bucket: string, client = new S3Client({})): ObjectStorage {
  return {
    async find(Key, versionId) {
      try {
        const head = await client.send(
          new HeadObjectCommand({ Bucket, Key, ...(versionId !== undefined && { VersionId: versionId }) }),
        );
        if (head.ETag === undefined || head.ContentLength === undefined) {
          throw new Error('The response to HEAD has no ETag or length');
        }
        return toStoredObject({
          ETag: head.ETag,
          Size: head.ContentLength,
          VersionId: head.VersionId,
          LastModified: head.LastModified,
          ...(head.ContentType && { contentType: head.ContentType }),
        });
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },

    async listHistory(Key) {
      const pages: ListObjectVersionsCommandOutput[] = [];
      let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
      while (next !== undefined) {
        const page: ListObjectVersionsCommandOutput = await client.send(
          new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...ENCODED, ...next }),
        );
        pages.push(page);
        // The listing also contains longer keys with the same prefix, after this one.
        const goesOn = page.IsTruncated === true && decodeKey(page.NextKeyMarker ?? '') === Key;
        next = goesOn
          ? {
              KeyMarker: Key,
              ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
            }
          : undefined;
      }
      return historiesOf(pages).get(Key) ?? [];
    },
  };
}
