import type { Fingerprint, TinyFingerprint } from './fingerprint.ts';
import type { Flight, FlightOwner, FlightRef, FlightState, MissingReason, ReportedCounts } from './flight.ts';
import type { EntryRef, FileDescription, MediaFile, Refusal, Reporter, StoredObject } from './media-file.ts';
import { present } from './present.ts';
import type { WorkspaceId } from './workspace.ts';

/** A device's report that an upload failed. It is in no list. */
export interface UploadFailure {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  /** DJI's `result`, which is not 0. */
  readonly result: number;
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly reportedAt: string;
  readonly raw: string;
}

/** A device's report of a file, as it is stored in an entry. */
export interface FileReport extends FileDescription {
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly reportedAt: string;
  /** The device's message as JSON text. */
  readonly raw: string;
}

/** The report of an entry, if a device has made one. */
export function reportOf(file: MediaFile): FileReport | undefined {
  const { reporter, reportedAt, raw } = file;
  if (reporter === undefined || reportedAt === undefined || raw === undefined) return undefined;
  return {
    name: file.name,
    capture: file.capture,
    reporter,
    reportedAt,
    raw,
    ...present({
      path: file.path,
      fingerprint: file.fingerprint,
      tinyFingerprint: file.tinyFingerprint,
      flightId: file.flightId,
      subFileType: file.subFileType,
      isOriginal: file.isOriginal,
      droneModelKey: file.droneModelKey,
      payloadModelKey: file.payloadModelKey,
      droneSn: file.droneSn,
    }),
  };
}

/** What the bucket or a device says about an entry. */
export interface EntryFacts extends EntryRef {
  readonly stored?: StoredObject;
  readonly md5?: Fingerprint;
  readonly report?: FileReport;
  readonly refusal?: Refusal;
  readonly arrivedAt?: string;
  readonly linkedTo?: string;
  readonly unverifiedBecause?: string;
}

/** The entry that holds a fingerprint under one name and path. */
export interface FingerprintHolder extends EntryRef {
  readonly name: string;
  readonly path?: string;
  /** False while only the bucket has reported it. */
  readonly reported: boolean;
}

/** What a group callback, or a dock's report, says about a flight. */
export interface FlightProgress extends Partial<ReportedCounts> {
  /** The dock that reports it. */
  readonly gatewaySn?: string;
  /** ISO 8601, UTC. */
  readonly heardAt: string;
}

/** A page of a list, and the cursor of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

/** Which entries hold which fingerprints. */
export interface Fingerprints {
  /** The entries that hold this fingerprint: only verified ones whose bytes are present. */
  findByFingerprint(
    workspaceId: WorkspaceId,
    fingerprint: Fingerprint,
  ): Promise<readonly FingerprintHolder[]>;

  /**
   * Lets the entry hold its fingerprint under its name and path, unless another entry does. Resolves to the
   * holder; undefined when the MD5 of the entry is unknown.
   */
  claimFingerprint(file: MediaFile): Promise<FingerprintHolder | undefined>;

  /** Makes the file findable by its tiny fingerprint, if it has one. */
  claimTinyFingerprint(file: MediaFile): Promise<void>;

  /** Releases both claims. Claims of other entries stay. */
  releaseClaims(file: MediaFile): Promise<void>;

  /** The spares of these bytes under this name and path. */
  listSurplus(file: MediaFile): Promise<readonly string[]>;
}

/** Look-ups of many files at once. */
export interface TinyFingerprints {
  /**
   * Those of `asked` that the workspace has. It takes one round trip, up to the limit of parallel requests.
   */
  findTinyFingerprints(
    workspaceId: WorkspaceId,
    asked: ReadonlySet<TinyFingerprint>,
  ): Promise<ReadonlySet<TinyFingerprint>>;
}

/** Flights and their files. */
export interface Flights {
  /** Counts a file for its flight, if it has one, or records why it does not count. */
  countToFlight(file: MediaFile, missing?: MissingReason): Promise<void>;

  /**
   * The expected count is that of the latest message. The uploaded count never decreases, since messages
   * arrive out of order. A dock's message with a lower uploaded count is an older one, and changes neither.
   * Resolves to the time of the next check of the flight.
   */
  recordProgress(flight: FlightRef, progress: FlightProgress): Promise<{ readonly checkDueAt?: string }>;

  /**
   * Undefined for an unknown flight. Without an owner: Pilot's flight with this id, or else that of docks.
   */
  findFlight(workspaceId: WorkspaceId, flightId: string, owner?: FlightOwner): Promise<Flight | undefined>;

  /**
   * Records the state in the last event, and the time of the next check. Resolves to false, and records
   * nothing, when another state has been recorded since the flight was read.
   */
  noteFlight(flight: Flight, state: FlightState, checkDueAt: string | undefined): Promise<boolean>;
}

/** The catalog. Implemented in `adapters/`. Reads are consistent. */
export interface MediaCatalog extends Fingerprints, TinyFingerprints, Flights {
  findFile(workspaceId: WorkspaceId, fileId: string): Promise<MediaFile | undefined>;

  /** All entries of an object key: versions, other names, and removed ones. */
  listByObjectKey(workspaceId: WorkspaceId, objectKey: string): Promise<readonly MediaFile[]>;

  /**
   * Adds facts to an entry, which is created when it does not exist. A fact is kept once it is set, so
   * repeating changes nothing; only a refusal replaces an earlier one. Resolves to the entry afterwards.
   */
  merge(facts: EntryFacts): Promise<MediaFile>;

  /** Removes the report from an entry, when its bytes turned out to be others. */
  withdrawReport(file: MediaFile): Promise<MediaFile>;

  /**
   * Marks the entry as a spare of another one, which is in no list. Undefined lists it again. An unreported
   * file that has been reported since it was read stays as it is. Resolves to the entry afterwards.
   */
  setSurplus(file: MediaFile, holderFileId: string | undefined): Promise<MediaFile>;

  /** Marks an entry whose bytes are gone, or back (undefined). */
  setRemoved(file: MediaFile, removedAt: string | undefined): Promise<MediaFile>;

  recordFailure(failure: UploadFailure): Promise<void>;
}

/** Lists for people. Reads may be a moment old. */
export interface FileLists {
  /** Newest first. Removed files have their own list. */
  listFiles(
    workspaceId: WorkspaceId,
    query: { readonly limit: number; readonly cursor?: string | undefined; readonly removed?: boolean },
  ): Promise<Page<MediaFile>>;

  /** All entries of the library, in no order, for reconciliation. */
  scanEntries(cursor?: string): Promise<Page<MediaFile>>;
}
