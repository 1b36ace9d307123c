import { md5OfETag } from './fingerprint.ts';
import { type FlightRef, flightOf } from './flight.ts';
import type { LibraryWithDigests } from './library.ts';
import { fileEvent, type LibraryEvent } from './library-events.ts';
import { type MediaFile, type ObjectVersion, type StoredObject, uploadedFileId } from './media-file.ts';
import { assertObjectKeyInWorkspace } from './object-key.ts';
import { presentVersions } from './object-storage.ts';
import { settleClaims } from './settle-file.ts';
import { isWorkspaceId, type WorkspaceId } from './workspace.ts';

/** A new version in the bucket. */
export interface Arrival extends ObjectVersion {
  readonly stored: StoredObject;
}

/** What remains to do for a new version. It is done once for a whole batch. */
export interface ArrivalOutcome {
  readonly file: MediaFile;
  readonly events: readonly LibraryEvent[];
  readonly flight: FlightRef | undefined;
}

/**
 * The workspace of an object key. Undefined for other objects, which operators may keep in the bucket too.
 */
export function workspaceOfKey(objectKey: string): WorkspaceId | undefined {
  const first = objectKey.split('/')[0] ?? '';
  if (!isWorkspaceId(first)) return undefined;
  try {
    assertObjectKeyInWorkspace(first, objectKey);
    return first;
  } catch {
    return undefined;
  }
}

/**
 * Makes sure that a version in the bucket has an entry, whether or not it is reported. When S3 does not know
 * the MD5, it requests that the bytes are read. Repeating it changes nothing.
 */
export async function takeInArrival(
  library: LibraryWithDigests,
  { workspaceId, objectKey, versionId, stored }: Arrival,
  arrivedAt: string,
): Promise<ArrivalOutcome | undefined> {
  const { catalog, digests, storage } = library;
  const version = { workspaceId, objectKey, versionId };
  const fileId = uploadedFileId(version);
  const known = await catalog.findFile(workspaceId, fileId);
  const md5 = known?.md5 ?? md5OfETag(stored.eTag);
  const isReported = known?.reportedAt !== undefined;
  // A reported entry has all that the notification says.
  const entry = isReported
    ? known
    : await catalog.merge({ ...version, fileId, stored, arrivedAt, ...(md5 && { md5 }) });
  if (entry.removedAt !== undefined) return undefined;
  if (!isReported && (await storage.find(objectKey))?.versionId !== versionId) {
    // Notifications come late and in any order: this version may have been removed since.
    const history = presentVersions(await storage.listHistory(objectKey));
    if (!history.some((item) => item.versionId === versionId)) {
      await catalog.setRemoved(entry, arrivedAt);
      return undefined;
    }
  }
  // The report has requested it already.
  if (!isReported && entry.md5 === undefined && entry.unverifiedBecause === undefined)
    await digests.request(version);
  const file = await settleClaims(library, entry);
  const isFinished = file.reportedAt !== undefined;
  return {
    file,
    events: isFinished ? [fileEvent('FileRecorded', file)] : [],
    flight: isFinished ? flightOf(entry) : undefined,
  };
}
