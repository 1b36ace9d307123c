import type { ListObjectVersionsCommandOutput } from '@aws-sdk/client-s3';
import type { StoredObject } from '../core/media-file.ts';
import type { HistoryItem } from '../core/object-storage.ts';

/** S3's id of the only version in a bucket without versioning. */
export const NO_VERSION = 'null';

/** Asks for percent-encoded keys: XML cannot contain every character of a key. */
export const ENCODED = { EncodingType: 'url' } as const;

/** Decodes a key or marker of such a listing, in which a space is a plus sign, as in an HTML form. */
export const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

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

export const toStoredObject = ({
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

/** S3 sorts keys by their bytes. */
const inOrder = ([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

/** Histories by object key, in S3's order, from pages of an encoded listing. */
export function historiesOf(
  pages: readonly Pick<ListObjectVersionsCommandOutput, 'Versions' | 'DeleteMarkers'>[],
): ReadonlyMap<string, readonly HistoryItem[]> {
  const lines = pages.flatMap(({ Versions = [], DeleteMarkers = [] }) => [
    ...Versions.map((item) => ({ key: decodeKey(item.Key ?? ''), line: toLine(item, toStoredObject(item)) })),
    ...DeleteMarkers.map((item) => ({ key: decodeKey(item.Key ?? ''), line: toLine(item, undefined) })),
  ]);
  const byKey = Map.groupBy(lines, ({ key }) => key);
  return new Map(
    [...byKey].sort(inOrder).map(([key, own]) => [
      key,
      own
        .map(({ line }) => line)
        .sort(newestFirst)
        .map(({ versionId, stored }) => ({ versionId, ...(stored && { stored }) })),
    ]),
  );
}
