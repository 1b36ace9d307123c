import type { Fingerprint } from './fingerprint.ts';
import type { StoredObject } from './media-file.ts';

/** One thing in an object's history: a version of it, or a marker that hides the versions below. */
export interface HistoryItem {
  readonly versionId: string;
  /** Absent for a delete marker. */
  readonly stored?: StoredObject;
}

/** What the library needs from object storage; implemented in `adapters/`. */
export interface ObjectStorage {
  /**
   * The current version, or the one that is named. Undefined only when it is certainly not there: throttling and refusals throw.
   */
  find(objectKey: string, versionId?: string): Promise<StoredObject | undefined>;
  /** Versions and delete markers of exactly this key, the newest first. */
  listHistory(objectKey: string): Promise<readonly HistoryItem[]>;
}

/** Reads bytes to know what they are; implemented in `adapters/`. */
export interface ObjectDigester {
  /**
   * MD5 of a version's bytes, which are read as a stream. Undefined when the version is not there.
   *
   * @throws the signal's reason when it is aborted before the end.
   */
  digest(objectKey: string, versionId: string, signal: AbortSignal): Promise<Fingerprint | undefined>;
}

/** Which versions a history shows: those that no delete marker lies over. */
export function presentVersions(history: readonly HistoryItem[]): readonly StoredObject[] {
  const firstMarker = history.findIndex(({ stored }) => stored === undefined);
  const shown = firstMarker < 0 ? history : history.slice(0, firstMarker);
  return shown.flatMap(({ stored }) => stored ?? []);
}
