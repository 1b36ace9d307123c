import { type FlightRef, flightOf } from './flight.ts';
import type { LibraryWithDigests } from './library.ts';
import { reportOf } from './media-catalog.ts';
import type { MediaFile } from './media-file.ts';
import { type HistoryItem, presentVersions } from './object-storage.ts';
import { makeFindable, releaseFile } from './settle-file.ts';
import { takeInArrival } from './take-in-arrival.ts';
import type { WorkspaceId } from './workspace.ts';

/** The differences between bucket and catalog for one object key. */
export interface HistoryChanges {
  /** Versions without an entry. */
  readonly added: readonly string[];
  /** Entries whose bytes are gone. */
  readonly removed: readonly string[];
  /** Entries whose bytes are back. */
  readonly restored: readonly string[];
  /** The flights of these entries. */
  readonly flights: readonly FlightRef[];
}

/**
 * Makes the entries of an object key match the bucket, in both directions. Repeating it changes nothing.
 *
 * @param changesNothing only reports what it would do. @default false
 */
export async function settleHistory(
  library: LibraryWithDigests,
  workspaceId: WorkspaceId,
  objectKey: string,
  history: readonly HistoryItem[],
  { now = new Date(), changesNothing = false }: { now?: Date; changesNothing?: boolean } = {},
): Promise<HistoryChanges> {
  const { catalog } = library;
  const at = now.toISOString();
  const present = new Map(presentVersions(history).map((stored) => [stored.versionId, stored]));
  const entries = await catalog.listByObjectKey(workspaceId, objectKey);
  const known = new Set(entries.map(({ versionId }) => versionId));

  const missing = [...present.values()].filter(({ versionId }) => !known.has(versionId));
  const gone = entries.filter((file) => file.removedAt === undefined && !present.has(file.versionId));
  const back = entries.filter((file) => file.removedAt !== undefined && present.has(file.versionId));
  const changed: (MediaFile | undefined)[] = [...gone, ...back];

  if (!changesNothing) {
    for (const file of gone) changed.push(await remove(library, file, at));
    for (const file of back) await restore(library, file);
    for (const stored of missing) {
      await takeInArrival(library, { workspaceId, objectKey, versionId: stored.versionId, stored }, at);
    }
  }
  return {
    added: missing.map(({ versionId }) => versionId),
    removed: gone.map(({ fileId }) => fileId),
    restored: back.map(({ fileId }) => fileId),
    flights: changed.flatMap((file) => (file && flightOf(file)) ?? []),
  };
}

/** Resolves to the spare that replaces the file, if there is one. */
async function remove(
  library: LibraryWithDigests,
  file: MediaFile,
  at: string,
): Promise<MediaFile | undefined> {
  const { catalog, storage } = library;
  // Claims first: from now on no device is told that the library has it.
  await releaseFile(library, file);
  const removed = await catalog.setRemoved(file, at);
  let standing: MediaFile | undefined;
  for (const spareId of await catalog.listSurplus(file)) {
    const spare = await catalog.findFile(file.workspaceId, spareId);
    if (!spare || spare.removedAt !== undefined) continue;
    if (standing !== undefined) await catalog.setSurplus(spare, standing.fileId);
    else if ((await storage.find(spare.objectKey, spare.versionId)) !== undefined)
      standing = await promote(library, removed, spare);
  }
  if (standing === undefined && file.surplusOf === undefined) await catalog.countToFlight(removed, 'removed');
  return standing;
}

/** A spare replaces a file whose own bytes are gone, with all reports of it. */
async function promote(
  library: LibraryWithDigests,
  removed: MediaFile,
  spare: MediaFile,
): Promise<MediaFile> {
  const { catalog } = library;
  const report = reportOf(removed);
  let listed = await catalog.setSurplus(spare, undefined);
  if (report !== undefined) {
    const { workspaceId, objectKey, versionId, fileId } = spare;
    listed = await catalog.merge({ workspaceId, objectKey, versionId, fileId, report });
  }
  await catalog.countToFlight(listed);
  return await makeFindable(library, listed);
}

async function restore(library: LibraryWithDigests, file: MediaFile): Promise<void> {
  const { catalog } = library;
  const restored = await catalog.setRemoved(file, undefined);
  await catalog.countToFlight(restored, restored.integrity === 'mismatch' ? 'mismatch' : undefined);
  await makeFindable(library, restored);
}
