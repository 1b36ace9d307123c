import { IntegrityMismatchError, ObjectKeyOutsideWorkspaceError, ObjectMissingError } from './errors.ts';
import { type Fingerprint, isMd5, md5OfETag } from './fingerprint.ts';
import { type FlightRef, flightOf, flightOfReport, type ReportedCounts } from './flight.ts';
import type { Library, LibraryWithDigests } from './library.ts';
import { EVENT_VERSION, fileEvent } from './library-events.ts';
import { linkFile } from './link-existing-file.ts';
import type { EntryFacts, FileReport } from './media-catalog.ts';
import {
  entryRefOf,
  type FileDescription,
  type MediaFile,
  type Reporter,
  type StoredObject,
  toMediaFile,
  uploadedFileId,
} from './media-file.ts';
import { assertObjectKeyInWorkspace } from './object-key.ts';
import { presentVersions } from './object-storage.ts';
import { makeFindable, settleTwins } from './settle-file.ts';
import { watchFlight } from './watch-flight.ts';
import type { WorkspaceId } from './workspace.ts';

/** A device's report of an upload that succeeded or failed. */
export interface UploadReport {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  /** DJI's `result`: 0 when the file is in the bucket; any other number is a failure. */
  readonly result: number;
  readonly file: FileDescription;
  readonly reporter: Reporter;
  readonly raw: string;
  /** What a dock says in the same message about the flight's size. */
  readonly counts?: Partial<ReportedCounts>;
  /** The state of the object, when it has been requested already. */
  readonly stored?: Promise<StoredObject | undefined>;
}

const REFUSALS = [ObjectKeyOutsideWorkspaceError, ObjectMissingError, IntegrityMismatchError] as const;
type Refusal = InstanceType<(typeof REFUSALS)[number]>;

const isRefusal = (error: unknown): error is Refusal => REFUSALS.some((kind) => error instanceof kind);

/**
 * Processes a device's report. After success the device deletes its copy. So it succeeds only when the object
 * is there, under the workspace's prefix, and does not contradict the fingerprint.
 *
 * Throws `ObjectKeyOutsideWorkspaceError`, `ObjectMissingError`, `IntegrityMismatchError`.
 */
export async function recordUpload(library: LibraryWithDigests, report: UploadReport): Promise<void> {
  try {
    await takeReport(library, report);
  } catch (error) {
    if (isRefusal(error)) await tellRefusal(library, report, error);
    throw error;
  }
}

async function takeReport(library: LibraryWithDigests, report: UploadReport): Promise<void> {
  const { workspaceId, objectKey, reporter, raw, counts } = report;
  assertObjectKeyInWorkspace(workspaceId, objectKey);
  const reportedAt = new Date().toISOString();
  const { catalog } = library;

  if (report.result !== 0) {
    await catalog.recordFailure({
      workspaceId,
      objectKey,
      result: report.result,
      reporter,
      reportedAt,
      raw,
    });
    return;
  }

  const stored = await findReported(library, report);
  const version = { workspaceId, objectKey, versionId: stored.versionId };
  const facts: EntryFacts = {
    ...version,
    fileId: uploadedFileId(version),
    stored,
    ...md5Fact(stored),
    report: { ...report.file, reporter, reportedAt, raw },
  };
  const { flightId } = report.file;
  // The flight counts the file before a claim lets other devices skip it.
  const [entry] = await Promise.all([
    catalog.merge(facts),
    catalog.countToFlight(toMediaFile({ ...report.file, ...facts, ...stored, reporter, reportedAt })),
    reporter.kind === 'dock' && flightId !== undefined
      ? catalog.recordProgress(
          { workspaceId, flightId, owner: 'dock' },
          { ...counts, gatewaySn: reporter.name, heardAt: reportedAt },
        )
      : undefined,
  ]);
  await refuseContradiction(library, entry, report, reportedAt);

  const [file] = await Promise.all([
    makeFindable(library, entry),
    // The bucket's notification would request it too, but waits for its batch. Until then the file is no hit.
    needsReading(entry) ? library.digests.request(version) : undefined,
  ]);
  if (file.fileId === entry.fileId && isOtherName(entry, report.file)) {
    await linkFile(library, entry, facts.report as FileReport);
  }
  const flight = flightOf({ ...entry, ...flightOfReport({ ...report.file, reporter }) });
  // The bucket's notification came first, so the rest is done here.
  if (entry.arrivedAt !== undefined) await finishFile(library, file, flight);
  // It will be about the flight of the entry.
  else if (flight && flight.flightId !== entry.flightId) await watchFlight(library, flight);
}

const needsReading = ({ md5, unverifiedBecause }: MediaFile): boolean =>
  md5 === undefined && unverifiedBecause === undefined;

const md5Fact = ({ eTag }: StoredObject): { md5?: Fingerprint } => {
  const md5 = md5OfETag(eTag);
  return md5 === undefined ? {} : { md5 };
};

const isOtherName = (entry: MediaFile, { name, path }: FileDescription): boolean =>
  entry.name !== name || (entry.path ?? '') !== (path ?? '');

/** The reported version: the current one, or an earlier one with this fingerprint. */
async function findReported({ storage, catalog }: Library, report: UploadReport): Promise<StoredObject> {
  const { workspaceId, objectKey, file, reporter, raw } = report;
  const current = await (report.stored ?? storage.find(objectKey));
  if (current === undefined) throw new ObjectMissingError();
  const md5 = md5OfETag(current.eTag);
  const { fingerprint } = file;
  if (md5 === undefined || fingerprint === undefined || !isMd5(fingerprint) || md5 === fingerprint)
    return current;
  // Another file may have been uploaded under the key meanwhile.
  const versions = presentVersions(await storage.listHistory(objectKey));
  const reported = versions.find(({ eTag }) => md5OfETag(eTag) === fingerprint);
  if (reported !== undefined) return reported;
  const version = { workspaceId, objectKey, versionId: current.versionId };
  const refusedAt = new Date().toISOString();
  await catalog.merge({
    ...version,
    fileId: uploadedFileId(version),
    stored: current,
    md5,
    refusal: { fingerprint, reporter, refusedAt, raw },
  });
  throw new IntegrityMismatchError();
}

/**
 * One version cannot be two files. The MD5 of an upload in parts may be known by now, or an earlier report
 * may have another.
 */
async function refuseContradiction(
  { catalog }: Library,
  entry: MediaFile,
  { file: { fingerprint }, reporter, raw }: UploadReport,
  reportedAt: string,
): Promise<void> {
  if (fingerprint === undefined || !isMd5(fingerprint)) return;
  const contradicts = (other: Fingerprint | undefined) =>
    other !== undefined && isMd5(other) && other !== fingerprint;
  if (!contradicts(entry.md5) && !contradicts(entry.fingerprint)) return;
  // An earlier report stays; only our own is withdrawn.
  if (entry.reportedAt === reportedAt && entry.fingerprint === fingerprint)
    await catalog.withdrawReport(entry);
  await Promise.all([
    catalog.merge({
      ...entryRefOf(entry),
      refusal: { fingerprint, reporter, refusedAt: reportedAt, raw },
    }),
    catalog.countToFlight({ ...entry, fingerprint }, 'mismatch'),
  ]);
  throw new IntegrityMismatchError();
}

/**
 * The work after both the report and the bucket's notification are in: spares are marked, events are sent,
 * and the flight is checked. The later of the two does it. Doing it twice only repeats the event.
 */
async function finishFile(library: Library, file: MediaFile, flight: FlightRef | undefined): Promise<void> {
  await settleTwins(library, file);
  await library.events.publish([fileEvent('FileRecorded', file)]);
  if (flight) await watchFlight(library, flight);
}

/** Sends an event about a refusal. When it fails, the response stays the same. */
async function tellRefusal(
  { events }: Library,
  { workspaceId, objectKey, file, reporter }: UploadReport,
  { code }: Refusal,
): Promise<void> {
  const refused_at = new Date().toISOString();
  await events
    .publish([
      {
        type: 'UploadRefused',
        detail: {
          version: EVENT_VERSION,
          workspace_id: workspaceId,
          object_key: objectKey,
          name: file.name,
          reason: code,
          reporter,
          refused_at,
        },
      },
    ])
    .catch(() => undefined);
}
