import { HeadObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { ObjectStorage } from '../core/object-storage.ts';

/**
 * Asks S3 with HEAD. The function's role has `s3:ListBucket`, without which S3 answers 403 for a missing object and there
 * would be no telling.
 */
export function s3ObjectStorage(bucketName: string, client = new S3Client({})): ObjectStorage {
  return {
    async find(objectKey) {
      try {
        const head = await client.send(new HeadObjectCommand({ Bucket: bucketName, Key: objectKey }));
        if (head.ETag === undefined || head.ContentLength === undefined) {
          throw new Error('Object storage answered HEAD without an ETag or a length');
        }
        return {
          sizeInBytes: head.ContentLength,
          eTag: head.ETag.replaceAll('"', ''),
          ...(head.VersionId && { versionId: head.VersionId }),
          ...(head.ContentType && { contentType: head.ContentType }),
        };
      } catch (error) {
        if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
        throw error;
      }
    },
  };
}
