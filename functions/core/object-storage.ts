import type { Fingerprint } from './fingerprint.ts';
import type { Page } from './media-catalog.ts';
import type { StoredObject } from './media-file.ts';

/** An item in the history of an object: a version, or a delete marker, which hides earlier versions. */
export interface HistoryItem {
  readonly versionId: string;
  /** Absent for a delete marker. */
  readonly stored?: StoredObject;
}

/** Object storage. Implemented in `adapters/`. */
export interface ObjectStorage {
  /**
   * The current version, or the named one. Undefined only when it certainly does not exist: throttling and
   * refusals throw.
   */
  find(objectKey: string, versionId?: string): Promise<StoredObject | undefined>;
  /** Versions and delete markers of exactly this key, newest first. */
  listHistory(objectKey: string): Promise<readonly HistoryItem[]>;
}

/** The whole bucket, key by key. Implemented in `adapters/`. */
export interface ObjectHistories {
  /** Complete histories of some keys, in the order of keys. `limit` counts versions and markers. */
  listHistories(query: {
    readonly prefix?: string;
    readonly cursor?: string;
    readonly limit?: number;
  }): Promise<Page<ObjectHistory>>;
}

/** The history of one object, newest first. */
export interface ObjectHistory {
  readonly objectKey: string;
  readonly history: readonly HistoryItem[];
}

/** Computes MD5s of stored bytes. Implemented in `adapters/`. */
export interface ObjectDigester {
  /**
   * The MD5 of a version's bytes, which are streamed. Undefined when the version does not exist.
   *
   * @throws the signal's reason when it aborts before the end.
   */
  digest(objectKey: string, versionId: string, signal: AbortSignal): Promise<Fingerprint | undefined>;
}

/** The versions that no delete marker hides. */
export function presentVersions(history: readonly HistoryItem[]): readonly StoredObject[] {
  const firstMarker = history.findIndex(({ stored }) => stored === undefined);
  const shown = firstMarker < 0 ? history : history.slice(0, firstMarker);
  return shown.flatMap(({ stored }) => stored ?? []);
}
