import type { Fingerprint } from './fingerprint.ts';
import { flightOf } from './flight.ts';
import type { Library, LibraryWithDigester } from './library.ts';
import { fileEvent } from './library-events.ts';
import { reportOf } from './media-catalog.ts';
import { entryRefOf, type MediaFile, type ObjectVersion, uploadedFileId } from './media-file.ts';
import { settleFile } from './settle-file.ts';
import { watchFlight } from './watch-flight.ts';

/** The result of reading a version; undefined when there was nothing to read. */
export type VerificationOutcome = 'verified' | 'mismatch' | 'too-slow' | undefined;

/**
 * Reads a version once and compares its MD5 with the device's fingerprint. When they match, the file becomes
 * findable. Otherwise it is kept, marked, and counts as missing in its flight. When the signal aborts first,
 * the entry says that its bytes were not read.
 */
export async function verifyVersion(
  library: LibraryWithDigester,
  version: ObjectVersion,
  signal: AbortSignal,
): Promise<VerificationOutcome> {
  const { catalog } = library;
  const fileId = uploadedFileId(version);
  const known = await catalog.findFile(version.workspaceId, fileId);
  if (known === undefined || known.removedAt !== undefined) return undefined;
  const read = known.md5 === undefined ? await readBytes(library, known, signal) : known;
  if (read === undefined || read === 'too-slow') return read;
  // Bytes that were read before are settled again: that may have been cut off.
  const settled = await reassign(library, read);
  for (const file of settled) await settle(library, file);
  return settled.some(({ integrity }) => integrity === 'mismatch') ? 'mismatch' : 'verified';
}

/** Resolves to the entry with its MD5; undefined when there was nothing to read. */
async function readBytes(
  library: LibraryWithDigester,
  version: MediaFile,
  signal: AbortSignal,
): Promise<MediaFile | 'too-slow' | undefined> {
  const { catalog } = library;
  const facts = entryRefOf(version);
  let md5: Fingerprint | undefined;
  try {
    md5 = await library.digester.digest(version.objectKey, version.versionId, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
    await catalog.merge({ ...facts, unverifiedBecause: 'too large to be read in time' });
    return 'too-slow';
  }
  return md5 === undefined ? undefined : await catalog.merge({ ...facts, md5 });
}

async function settle(library: Library, entry: MediaFile): Promise<void> {
  const { catalog, events } = library;
  // Also when it fits: the report may have been cut off. A flight counts a file before a claim is made.
  await catalog.countToFlight(entry, entry.integrity === 'mismatch' ? 'mismatch' : undefined);
  const file = await settleFile(library, entry);
  const isRecorded = file.reportedAt !== undefined && file.integrity === 'verified';
  await events.publish([
    fileEvent('FileVerified', file),
    ...(isRecorded ? [fileEvent('FileRecorded', file)] : []),
  ]);
  const flight = flightOf(entry);
  if (flight) await watchFlight(library, flight);
}

/**
 * Two files may have been uploaded in parts under one key before either was reported, and a report went to
 * the wrong version. It is moved to the version with the reported bytes. Resolves to the changed entries,
 * with that of the version that was read.
 */
async function reassign({ catalog }: Library, read: MediaFile): Promise<readonly MediaFile[]> {
  if (read.integrity !== 'mismatch' && read.reportedAt !== undefined) return [read];
  const siblings = (await catalog.listByObjectKey(read.workspaceId, read.objectKey)).filter(
    ({ fileId, linkedTo, removedAt }) =>
      fileId !== read.fileId && linkedTo === undefined && removedAt === undefined,
  );
  if (read.integrity === 'mismatch') {
    const right = siblings.find((file) => file.reportedAt === undefined && file.md5 === read.fingerprint);
    return right === undefined ? [read] : await moveReport(catalog, read, right);
  }
  const wrong = siblings.find((file) => file.integrity === 'mismatch' && file.fingerprint === read.md5);
  return wrong === undefined ? [read] : await moveReport(catalog, wrong, read);
}

async function moveReport(
  catalog: Library['catalog'],
  from: MediaFile,
  to: MediaFile,
): Promise<readonly MediaFile[]> {
  const report = reportOf(from);
  if (report === undefined) return [to];
  const moved = await catalog.merge({ ...entryRefOf(to), report });
  const left = await catalog.withdrawReport(from);
  await catalog.countToFlight(moved);
  return [moved, left];
}
