import type { StoredChecksum } from '../checksums.ts';
import type { ChangeCause } from '../definitions.ts';

/** What lists and conditions need of a version. The index keeps it in memory. */
export interface ObjectVersion {
  readonly key: string;
  /** `null` when the bucket was not versioned at the time of the write. */
  readonly versionId: string;
  /** Grows with every write to the bucket. The highest one of a key is its current version. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  readonly deleteMarker: boolean;
  readonly size: number;
  /** Without quotes; empty for a delete marker. */
  readonly eTag: string;
}

/** Bytes in a file. */
export interface DataPart {
  readonly dataId: string;
  readonly size: number;
}

/** All about a version: the contents of its document on disk. */
export interface ObjectMetadata extends ObjectVersion {
  /** The bytes, in order: one file, or one for each part of a multipart upload. */
  readonly data: readonly DataPart[];
  readonly attributes: ObjectAttributes;
  readonly checksum?: StoredChecksum | undefined;
  /** The multipart upload that created it. */
  readonly uploadId?: string | undefined;
  readonly cause: ChangeCause;
}

/** What a write says about an object. It is returned when the object is read. */
export interface ObjectAttributes {
  /** Standard headers, such as `content-type`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Headers after `x-amz-meta-`. */
  readonly userMetadata: Readonly<Record<string, string>>;
}

/** The version id of all objects in a bucket without versioning. */
export const NULL_VERSION = 'null';
