import {
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { StoredObject } from '../core/media-file.ts';
import type { HistoryItem, ObjectStorage } from '../core/object-storage.ts';

/** S3's id of the only version in a bucket without versioning. */
export const NO_VERSION = 'null';

/** Whether S3 says for certain that the object or version does not exist. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;

/** A line of a listing, with its sort key. */
interface Line extends HistoryItem {
  readonly isLatest: boolean;
  readonly at: number;
}

/**
 * Newest first. S3 lists whole seconds, and the SDK separates versions from markers. For a version and a
 * marker of the same second the order is unknown: the version counts as newer, so that no file is lost.
 */
const newestFirst = (one: Line, other: Line): number =>
  Number(other.isLatest) - Number(one.isLatest) ||
  other.at - one.at ||
  Number(other.stored !== undefined) - Number(one.stored !== undefined);

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
      const lines: Line[] = [];
      let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
      while (next !== undefined) {
        const page: ListObjectVersionsCommandOutput = await client.send(
          new ListObjectVersionsCommand({ Bucket, Prefix: Key, ...next }),
        );
        // The listing also contains longer keys with the same prefix.
        const own = (listed: readonly ListedVersion[] | undefined) =>
          (listed ?? []).filter((item) => item.Key === Key);
        lines.push(...own(page.Versions).map((item) => toLine(item, toStoredObject(item))));
        lines.push(...own(page.DeleteMarkers).map((item) => toLine(item, undefined)));
        const goesOn = page.IsTruncated === true && page.NextKeyMarker === Key;
        next = goesOn
          ? {
              KeyMarker: Key,
              ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
            }
          : undefined;
      }
      return lines
        .sort(newestFirst)
        .map(({ versionId, stored }) => ({ versionId, ...(stored && { stored }) }));
    },
  };
}

/** A version or delete marker of a listing or HEAD. */
interface ListedVersion {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly IsLatest?: boolean | undefined;
  readonly LastModified?: Date | undefined;
  readonly ETag?: string | undefined;
  readonly Size?: number | undefined;
  readonly contentType?: string;
}

const toStoredObject = ({
  ETag = '',
  Size = 0,
  VersionId,
  LastModified,
  contentType,
}: ListedVersion): StoredObject => ({
  sizeInBytes: Size,
  eTag: ETag.replaceAll('"', '').toLowerCase(),
  versionId: VersionId ?? NO_VERSION,
  ...(LastModified && { storedAt: LastModified.toISOString() }),
  ...(contentType && { contentType }),
});

const toLine = (
  { VersionId = NO_VERSION, IsLatest = false, LastModified }: ListedVersion,
  stored: StoredObject | undefined,
): Line => ({
  versionId: VersionId,
  ...(stored && { stored }),
  isLatest: IsLatest,
  at: LastModified?.getTime() ?? 0,
});
