import { ServiceUnavailableError } from './errors.ts';
import { type FlightRef, flightOf } from './flight.ts';
import type { LibraryWithDigests } from './library.ts';
import { reportOf } from './media-catalog.ts';
import { entryRefOf, type MediaFile, type StoredObject } from './media-file.ts';
import { type HistoryItem, presentVersions } from './object-storage.ts';
import { releaseFile, settleFile } from './settle-file.ts';
import { takeInArrival } from './take-in-arrival.ts';
import type { WorkspaceId } from './workspace.ts';

/** The differences between bucket and catalog for one object key. */
export interface HistoryComparison {
  /** Versions without an entry. */
  readonly added: readonly StoredObject[];
  /** Entries whose bytes are gone. */
  readonly removed: readonly MediaFile[];
  /** Entries whose bytes are back. */
  readonly restored: readonly MediaFile[];
  /** All other entries. */
  readonly inOrder: readonly MediaFile[];
}

/** The differences that were corrected. */
export interface HistoryChanges extends HistoryComparison {
  /** The flights of entries whose bytes are gone or back. */
  readonly flights: readonly FlightRef[];
}

/** How often a key is compared in one call. Each repetition means that the object has changed meanwhile. */
const ROUNDS = 5;

/**
 * Makes the entries of an object key match the bucket, in both directions. Repeating it changes nothing.
 *
 * @param listed as for {@link compareHistory}
 */
export async function settleHistory(
  library: LibraryWithDigests,
  workspaceId: WorkspaceId,
  objectKey: string,
  listed?: readonly HistoryItem[],
): Promise<HistoryChanges> {
  const mended: HistoryChanges[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const found = await compareHistory(library, workspaceId, objectKey, round === 1 ? listed : undefined);
    mended.push(await mend(library, workspaceId, objectKey, found));
    // Compare again: the object may have changed back before this change was written. Whoever handled the
    // notification of that saw a catalog that matched.
    if (!isMoved(found)) return joined(mended, found);
  }
  throw new ServiceUnavailableError('The object changes all the time');
}

/** Whether the bytes of an entry are gone or back. */
const isMoved = ({ removed, restored }: HistoryComparison): boolean => removed.length + restored.length > 0;

/**
 * Compares the entries of an object key with its history in the bucket. Changes nothing.
 *
 * @param listed the history, when it was listed before. It is listed again before bytes count as gone or back.
 */
export async function compareHistory(
  { catalog, storage }: Pick<LibraryWithDigests, 'catalog' | 'storage'>,
  workspaceId: WorkspaceId,
  objectKey: string,
  listed?: readonly HistoryItem[],
): Promise<HistoryComparison> {
  // Entries first. A version without an entry may be a new one, but an entry without a version is an old one.
  const entries = await catalog.listByObjectKey(workspaceId, objectKey);
  const known = listed && compare(entries, listed);
  if (known && !isMoved(known)) return known;
  return compare(entries, await storage.listHistory(objectKey));
}

function compare(entries: readonly MediaFile[], history: readonly HistoryItem[]): HistoryComparison {
  const present = new Map(presentVersions(history).map((stored) => [stored.versionId, stored]));
  const known = new Set(entries.map(({ versionId }) => versionId));
  const isInOrder = (file: MediaFile) => (file.removedAt === undefined) === present.has(file.versionId);
  return {
    added: [...present.values()].filter(({ versionId }) => !known.has(versionId)),
    removed: entries.filter((file) => !isInOrder(file) && file.removedAt === undefined),
    restored: entries.filter((file) => !isInOrder(file) && file.removedAt !== undefined),
    inOrder: entries.filter(isInOrder),
  };
}

async function mend(
  library: LibraryWithDigests,
  workspaceId: WorkspaceId,
  objectKey: string,
  found: HistoryComparison,
): Promise<HistoryChanges> {
  const { added, removed, restored } = found;
  const changed: (MediaFile | undefined)[] = [...removed, ...restored];
  const now = new Date().toISOString();
  for (const file of removed) changed.push(await remove(library, file, now));
  for (const file of restored) await restore(library, file);
  for (const stored of added) {
    const version = { workspaceId, objectKey, versionId: stored.versionId, stored };
    // It has been unreported since it was stored.
    await takeInArrival(library, version, stored.storedAt ?? now);
  }
  return { ...found, flights: changed.flatMap((file) => (file && flightOf(file)) ?? []) };
}

const joined = (mended: readonly HistoryChanges[], { inOrder }: HistoryComparison): HistoryChanges => ({
  added: mended.flatMap(({ added }) => added),
  removed: mended.flatMap(({ removed }) => removed),
  restored: mended.flatMap(({ restored }) => restored),
  flights: mended.flatMap(({ flights }) => flights),
  inOrder,
});

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
    listed = await catalog.merge({ ...entryRefOf(spare), report });
  }
  await catalog.countToFlight(listed);
  return await settleFile(library, listed);
}

async function restore(library: LibraryWithDigests, file: MediaFile): Promise<void> {
  const { catalog } = library;
  const restored = await catalog.setRemoved(file, undefined);
  await catalog.countToFlight(restored, restored.integrity === 'mismatch' ? 'mismatch' : undefined);
  await settleFile(library, restored);
}
