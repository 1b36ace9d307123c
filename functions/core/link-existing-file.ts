import { FingerprintUnknownError } from './errors.ts';
import { type Fingerprint, isMd5, md5OfETag } from './fingerprint.ts';
import { flightOf, flightOfReport } from './flight.ts';
import type { Library } from './library.ts';
import { fileEvent } from './library-events.ts';
import type { FileReport, FingerprintHolder } from './media-catalog.ts';
import {
  entryRefOf,
  type FileDescription,
  linkedFileId,
  type MediaFile,
  type Reporter,
  toMediaFile,
} from './media-file.ts';
import { makeFindable, releaseFile, settleTwins } from './settle-file.ts';
import { watchFlight } from './watch-flight.ts';
import type { WorkspaceId } from './workspace.ts';

/** A file that a device asks about before it uploads. */
export interface UploadCandidate {
  readonly workspaceId: WorkspaceId;
  /** Normalised. */
  readonly fingerprint: Fingerprint;
  /** As the device wrote it: a miss repeats it. */
  readonly asked: string;
  /** All fields, with the name, may be missing. */
  readonly file: Omit<FileDescription, 'name'> & { readonly name?: string };
  readonly reporter: Reporter;
  readonly raw: string;
}

/**
 * Responds to a device's full fingerprint. After success the device skips the upload and may delete its copy,
 * so the object is looked up first. When it has gone, its claims are released, and the response is a miss.
 *
 * Only the MD5 of bytes that the server has seen is a hit. The same bytes with another name or path become
 * another entry, once. With the same name and path, the flight and tiny fingerprint of this request are added
 * to the entry. Throws `FingerprintUnknownError` for a miss.
 */
export async function linkExistingFile(library: Library, candidate: UploadCandidate): Promise<MediaFile> {
  const { catalog } = library;
  const { workspaceId, fingerprint, asked, file, reporter, raw } = candidate;
  const holders = isMd5(fingerprint) ? await catalog.findByFingerprint(workspaceId, fingerprint) : [];
  for (const holder of bestFirst(holders, file)) {
    const standing = await findHeld(library, holder, fingerprint);
    if (standing === undefined) continue;
    const report = {
      ...file,
      name: file.name ?? standing.name,
      fingerprint,
      reporter,
      reportedAt: new Date().toISOString(),
      raw,
    };
    return isSameFile(holder, report)
      ? await completeFile(library, standing, holder, report)
      : await linkFile(library, standing, report);
  }
  throw new FingerprintUnknownError(asked);
}

const isSameFile = (holder: FingerprintHolder, { name, path }: FileDescription): boolean =>
  // An unreported file with this name is the one whose report was lost, whatever its path.
  name === holder.name && (!holder.reported || (path ?? '') === (holder.path ?? ''));

/** Entries of the same name and path come first. */
function bestFirst(
  holders: readonly FingerprintHolder[],
  file: UploadCandidate['file'],
): FingerprintHolder[] {
  const isBest = (holder: FingerprintHolder) =>
    file.name === undefined || isSameFile(holder, { ...file, name: file.name });
  return [...holders].sort((one, other) => Number(isBest(other)) - Number(isBest(one)));
}

/** The holder's entry, when its bytes are there. Otherwise its claims are released. */
async function findHeld(
  library: Library,
  holder: FingerprintHolder,
  fingerprint: Fingerprint,
): Promise<MediaFile | undefined> {
  const { catalog, storage } = library;
  const [file, current] = await Promise.all([
    catalog.findFile(holder.workspaceId, holder.fileId),
    storage.find(holder.objectKey),
  ]);
  // The key may have another version now. Without a current version, the object was deleted.
  const stored =
    current === undefined || current.versionId === holder.versionId
      ? current
      : await storage.find(holder.objectKey, holder.versionId);
  const isThere =
    stored !== undefined &&
    (md5OfETag(stored.eTag) ?? fingerprint) === fingerprint &&
    file?.md5 === fingerprint;
  if (isThere && file !== undefined && file.removedAt === undefined) return file;
  if (stored === undefined || file?.removedAt !== undefined) {
    await releaseFile(library, file ?? holderFile(holder, fingerprint));
  }
  return undefined;
}

const holderFile = (holder: FingerprintHolder, md5: Fingerprint): MediaFile =>
  toMediaFile({ ...holder, md5, sizeInBytes: 0, eTag: md5 });

/** The same file again: what this report adds goes into the entry. */
async function completeFile(
  library: Library,
  standing: MediaFile,
  { reported }: FingerprintHolder,
  report: FileReport,
): Promise<MediaFile> {
  const addsNothing =
    // An earlier report may have been cut off before its claim: then its flight may not count the file.
    reported &&
    (report.flightId === undefined || report.flightId === standing.flightId) &&
    (report.tinyFingerprint === undefined || report.tinyFingerprint === standing.tinyFingerprint);
  if (addsNothing) return standing;
  return await recordEntry(library, entryRefOf(standing), report);
}

/** The same bytes with another name or path: another entry, which points to the same version. */
export async function linkFile(library: Library, target: MediaFile, report: FileReport): Promise<MediaFile> {
  const { workspaceId, objectKey, versionId, sizeInBytes, eTag, contentType, storedAt, md5, capture } =
    target;
  const linkedTo = target.linkedTo ?? target.fileId;
  return await recordEntry(
    library,
    {
      workspaceId,
      objectKey,
      versionId,
      fileId: linkedFileId(target, report.name, report.path),
      linkedTo,
      stored: {
        sizeInBytes,
        eTag,
        versionId,
        ...(contentType && { contentType }),
        ...(storedAt && { storedAt }),
      },
      ...(md5 && { md5 }),
    },
    // The bytes are the same, so the time of capture is too.
    { ...report, capture: { ...report.capture, ...capture } },
  );
}

async function recordEntry(
  library: Library,
  facts: Omit<Parameters<Library['catalog']['merge']>[0], 'report'>,
  report: FileReport,
): Promise<MediaFile> {
  const { catalog, events } = library;
  const entry = await catalog.merge({ ...facts, report });
  // A file can be in two flights: that of its entry, and that of this report.
  await catalog.countToFlight({ ...entry, ...flightOfReport(report) });
  const file = await makeFindable(library, entry);
  const flight = flightOf({ ...file, ...flightOfReport(report) });
  await Promise.all([
    // The report of an upload may have been lost, and its notification may arrive at this moment.
    settleTwins(library, file),
    events.publish([fileEvent('FileRecorded', file)]),
    flight && watchFlight(library, flight),
  ]);
  return file;
}
