import type { StoredChecksum } from '../checksums.ts';
import type { ChangeCause } from '../definitions.ts';

/** What listings and conditions need of a version; the index keeps it in memory. */
export interface ObjectVersion {
  readonly key: string;
  /** `null` where the bucket was not versioned when it was written. */
  readonly versionId: string;
  /** Grows with every write to the bucket: the highest one of a key is its current version. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  readonly deleteMarker: boolean;
  readonly size: number;
  /** Without quotes; empty for a delete marker. */
  readonly eTag: string;
}

/** Bytes in a file of their own. */
export interface DataPart {
  readonly dataId: string;
  readonly size: number;
}

/** Everything about a version, as its document on disk holds it. */
export interface ObjectMetadata extends ObjectVersion {
  /** The bytes, in order: one file, or one a part of a multipart upload. */
  readonly data: readonly DataPart[];
  readonly attributes: ObjectAttributes;
  readonly checksum?: StoredChecksum | undefined;
  /** The multipart upload that made it. */
  readonly uploadId?: string | undefined;
  readonly cause: ChangeCause;
}

/** What the writer said about an object, returned when it is read. */
export interface ObjectAttributes {
  /** Standard headers, such as `content-type`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers after `x-amz-meta-`. */
  readonly userMetadata: Readonly<Record<string, string>>;
}

/** The version id of everything in a bucket without versioning. */
export const NULL_VERSION = 'null';
