import {
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { StoredObject } from '../core/media-file.ts';
import type { HistoryItem, ObjectStorage } from '../core/object-storage.ts';

/** What S3 calls the only version of an object in a bucket that keeps none. */
export const NO_VERSION = 'null';

/** Whether S3 says for certain that there is no such object or version. */
export const isMissing = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;

/** One line of a listing, with what the order of lines goes by. */
interface Line extends HistoryItem {
  readonly isLatest: boolean;
  readonly at: number;
}

/**
 * Newest first. S3 tells whole seconds only and the SDK keeps versions and markers apart, so of a version and a marker of the same second nobody
 * can tell which came first: the version counts as the newer, since a file must not be lost for a doubt.
 */
const newestFirst = (one: Line, other: Line): number =>
  Number(other.isLatest) - Number(one.isLatest) ||
  other.at - one.at ||
  Number(other.stored !== undefined) - Number(one.stored !== undefined);

/**
 * The media bucket. The role has `s3:ListBucket`, without which S3 answers 403 for a missing object and there would be no telling.
 */
export function s3ObjectStorage(Bucket: string, client = new S3Client({})): ObjectStorage {
  return {
    async find(Key, versionId) {
      try {
        const head = await client.send(
          new HeadObjectCommand({ Bucket, Key, ...(versionId !== undefined && { VersionId: versionId }) }),
        );
        if (head.ETag === undefined || head.ContentLength === undefined) {
          throw new Error('Object storage answered HEAD without an ETag or a length');
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
        // Keys that merely begin with this one come behind it.
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

/** A version or a delete marker, as a listing or HEAD tells of it. */
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
