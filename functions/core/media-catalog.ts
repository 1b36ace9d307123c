import type { Fingerprint, TinyFingerprint } from './fingerprint.ts';
import type { Flight, FlightOwner, FlightRef, FlightState, MissingReason, ReportedCounts } from './flight.ts';
import type {
  FileDescription,
  MediaFile,
  ObjectVersion,
  Refusal,
  Reporter,
  StoredObject,
} from './media-file.ts';
import { present } from './present.ts';
import type { WorkspaceId } from './workspace.ts';

/** A device's word that an upload failed; nothing is listed for it. */
export interface UploadFailure {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  /** DJI's `result`: any number but 0. */
  readonly result: number;
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly reportedAt: string;
  readonly raw: string;
}

/** A device's report of a file, as an entry keeps it. */
export interface FileReport extends FileDescription {
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly reportedAt: string;
  /** The device's message as JSON text. */
  readonly raw: string;
}

/** The report that an entry keeps, if a device has made one. */
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

/** What one side knows of an entry. */
export interface EntryFacts extends ObjectVersion {
  readonly fileId: string;
  readonly stored?: StoredObject;
  readonly md5?: Fingerprint;
  readonly report?: FileReport;
  readonly refusal?: Refusal;
  readonly arrivedAt?: string;
  readonly linkedTo?: string;
  readonly unverifiedBecause?: string;
}

/** The entry that speaks for bytes under one name and path. */
export interface FingerprintHolder extends ObjectVersion {
  readonly fileId: string;
  readonly name: string;
  readonly path?: string;
  /** False while only the bucket has told of it. */
  readonly reported: boolean;
}

/** What a group callback, or a dock's report, says of a flight. */
export interface FlightProgress extends Partial<ReportedCounts> {
  /** The dock that says it. */
  readonly gatewaySn?: string;
  /** ISO 8601, UTC. */
  readonly heardAt: string;
}

/** One page of a list, and where the next begins. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly cursor?: string;
}

/** Which entries speak for which bytes. */
export interface Fingerprints {
  /** The entries that speak for these bytes. Only verified ones that are present do. */
  findByFingerprint(
    workspaceId: WorkspaceId,
    fingerprint: Fingerprint,
  ): Promise<readonly FingerprintHolder[]>;

  /**
   * Lets the entry speak for its bytes under its name and path, unless another one does. Resolves to the one that does. Undefined is for an entry
   * whose MD5 is unknown.
   */
  claimFingerprint(file: MediaFile): Promise<FingerprintHolder | undefined>;

  /** Makes the file findable by its tiny fingerprint, if it has one. */
  claimTinyFingerprint(file: MediaFile): Promise<void>;

  /** Takes back both claims. Those of another entry stay. */
  releaseClaims(file: MediaFile): Promise<void>;

  /** Spares of these bytes under this name and path. */
  listSurplus(file: MediaFile): Promise<readonly string[]>;
}

/** The question about many files at once. */
export interface TinyFingerprints {
  /** Those of `asked` that the workspace has, in one round trip up to the limit of parallel requests. */
  findTinyFingerprints(
    workspaceId: WorkspaceId,
    asked: ReadonlySet<TinyFingerprint>,
  ): Promise<ReadonlySet<TinyFingerprint>>;
}

/** Flights and their files. */
export interface Flights {
  /** Counts a file to its flight, if it has one, or notes why it does not count. */
  countToFlight(file: MediaFile, missing?: MissingReason): Promise<void>;

  /**
   * The latest message's expected count stands; the uploaded count only goes up, since messages arrive out of order. A dock's message in which fewer
   * are up than were is an older one, and changes neither. Resolves to when somebody will look at the flight again.
   */
  recordProgress(flight: FlightRef, progress: FlightProgress): Promise<{ readonly checkDueAt?: string }>;

  /** Undefined when nothing was ever said of it. Without an owner: Pilot's flight of this id, else that of docks. */
  findFlight(workspaceId: WorkspaceId, flightId: string, owner?: FlightOwner): Promise<Flight | undefined>;

  /** Keeps the state that others were told, and when somebody will look again. */
  noteFlight(flight: Flight, state: FlightState, checkDueAt: string | undefined): Promise<void>;
}

/** What the library needs from its catalog; implemented in `adapters/`. Reads are consistent. */
export interface MediaCatalog extends Fingerprints, TinyFingerprints, Flights {
  findFile(workspaceId: WorkspaceId, fileId: string): Promise<MediaFile | undefined>;

  /** Every entry for an object key: versions, further names, removed ones. */
  listByObjectKey(workspaceId: WorkspaceId, objectKey: string): Promise<readonly MediaFile[]>;

  /**
   * Adds facts to an entry, which is made if it is not there. A fact that stands is kept, so repeating changes nothing; a refusal takes the place
   * of an earlier one. Resolves to the entry as it stands then.
   */
  merge(facts: EntryFacts): Promise<MediaFile>;

  /** Takes the report off an entry that turned out not to be its bytes. */
  withdrawReport(file: MediaFile): Promise<MediaFile>;

  /** Files the entry as a spare of another one: no list shows it. Undefined lists it again. */
  setSurplus(file: MediaFile, holderFileId: string | undefined): Promise<MediaFile>;

  /** Marks an entry whose bytes are gone, or back (undefined). */
  setRemoved(file: MediaFile, removedAt: string | undefined): Promise<MediaFile>;

  recordFailure(failure: UploadFailure): Promise<void>;
}

/** What people look at. Reads may be a moment old. */
export interface FileLists {
  /** Newest first. Removed files are a list of their own. */
  listFiles(
    workspaceId: WorkspaceId,
    query: { readonly limit: number; readonly cursor?: string | undefined; readonly removed?: boolean },
  ): Promise<Page<MediaFile>>;

  /** Every entry of the library, in no order: for reconciliation. */
  scanEntries(cursor?: string): Promise<Page<MediaFile>>;
}
