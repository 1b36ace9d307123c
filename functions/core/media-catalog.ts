import type { Fingerprint, TinyFingerprint } from './fingerprint.ts';
import type { Flight, ReportedCounts } from './flight.ts';
import type { MediaFile, Reporter } from './media-file.ts';
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

/** What the library needs from its catalog; implemented in `adapters/`. Every read is consistent. */
export interface MediaCatalog {
  findByFingerprint(workspaceId: WorkspaceId, fingerprint: Fingerprint): Promise<MediaFile | undefined>;

  /** Those of `asked` that the workspace has, in one round trip up to the limit of parallel requests. */
  findTinyFingerprints(
    workspaceId: WorkspaceId,
    asked: ReadonlySet<TinyFingerprint>,
  ): Promise<ReadonlySet<TinyFingerprint>>;

  /**
   * Keeps the file, then makes it findable by its fingerprints and counts it to its flight. A verified file elsewhere keeps the
   * fingerprint against one that is not. Idempotent: the first record of a file id stays, unless it was a mismatch. Resolves to
   * the record that stands. A mismatch is kept but not findable.
   */
  record(file: MediaFile): Promise<MediaFile>;

  /** Every entry that points, or pointed, to an object under this key: uploads and links. */
  listByObjectKey(workspaceId: WorkspaceId, objectKey: string): Promise<readonly MediaFile[]>;

  /** Makes a file whose object has gone unfindable by its fingerprints. Markers that point elsewhere by now stay. */
  forget(file: MediaFile): Promise<void>;

  recordFailure(failure: UploadFailure): Promise<void>;

  /** Counts only go up, in whatever order messages arrive. Either may be left out. */
  recordGroupProgress(
    workspaceId: WorkspaceId,
    flightId: string,
    counts: Partial<ReportedCounts>,
    at: string,
  ): Promise<void>;

  /** Undefined when nothing was ever said of this flight. */
  findFlight(workspaceId: WorkspaceId, flightId: string): Promise<Flight | undefined>;
}
