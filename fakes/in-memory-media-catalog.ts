import type { Fingerprint, TinyFingerprint } from '../functions/core/fingerprint.ts';
import type { Flight, ReportedCounts } from '../functions/core/flight.ts';
import type { MediaCatalog, UploadFailure } from '../functions/core/media-catalog.ts';
import { flightFileId, type MediaFile } from '../functions/core/media-file.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

/** A catalog in memory. It passes the same contract tests as the one in DynamoDB. */
export class InMemoryMediaCatalog implements MediaCatalog {
  readonly files = new Map<string, MediaFile>();
  readonly failures: UploadFailure[] = [];
  private readonly fingerprints = new Map<string, MediaFile>();
  private readonly tinyFingerprints = new Map<string, MediaFile>();
  private readonly flights = new Map<
    string,
    { counts: ReportedCounts; lastHeardAt: string; gatewaySn?: string }
  >();

  async findByFingerprint(
    workspaceId: WorkspaceId,
    fingerprint: Fingerprint,
  ): Promise<MediaFile | undefined> {
    const found = this.fingerprints.get(keyOf(workspaceId, fingerprint));
    return found && { ...found, raw: '' };
  }

  async findTinyFingerprints(
    workspaceId: WorkspaceId,
    asked: ReadonlySet<TinyFingerprint>,
  ): Promise<ReadonlySet<TinyFingerprint>> {
    return new Set([...asked].filter((tiny) => this.tinyFingerprints.has(keyOf(workspaceId, tiny))));
  }

  async record(file: MediaFile): Promise<MediaFile> {
    const earlier = this.files.get(file.fileId);
    const standing = earlier === undefined || earlier.integrity === 'mismatch' ? file : earlier;
    this.files.set(file.fileId, standing);
    if (standing.integrity === 'mismatch') return standing;

    const { workspaceId, fingerprint, tinyFingerprint, flightId, linkedTo } = standing;
    const key = keyOf(workspaceId, fingerprint ?? '');
    const found = this.fingerprints.get(key);
    const verifiedAlready = found?.integrity === 'verified' && found.objectKey !== standing.objectKey;
    if (fingerprint && !linkedTo && (standing.integrity === 'verified' || !verifiedAlready)) {
      this.fingerprints.set(key, standing);
    }
    if (tinyFingerprint) this.tinyFingerprints.set(keyOf(workspaceId, tinyFingerprint), standing);
    if (flightId) this.hear(workspaceId, flightId, file.recordedAt, file);
    return standing;
  }

  async listByObjectKey(workspaceId: WorkspaceId, objectKey: string): Promise<readonly MediaFile[]> {
    return [...this.files.values()].filter(
      (file) => file.workspaceId === workspaceId && file.objectKey === objectKey,
    );
  }

  async forget({ workspaceId, fingerprint, tinyFingerprint, objectKey, eTag }: MediaFile): Promise<void> {
    const remove = (markers: Map<string, MediaFile>, value: string | undefined) => {
      const key = keyOf(workspaceId, value ?? '');
      const target = markers.get(key);
      if (target?.objectKey === objectKey && target.eTag === eTag) markers.delete(key);
    };
    remove(this.fingerprints, fingerprint);
    remove(this.tinyFingerprints, tinyFingerprint);
  }

  async recordFailure(failure: UploadFailure): Promise<void> {
    this.failures.push(failure);
  }

  async recordGroupProgress(
    workspaceId: WorkspaceId,
    flightId: string,
    counts: Partial<ReportedCounts>,
    at: string,
  ): Promise<void> {
    const flight = this.hear(workspaceId, flightId, at);
    flight.counts = {
      expectedFileCount: Math.max(flight.counts.expectedFileCount, counts.expectedFileCount ?? 0),
      uploadedFileCount: Math.max(flight.counts.uploadedFileCount, counts.uploadedFileCount ?? 0),
    };
  }

  async findFlight(workspaceId: WorkspaceId, flightId: string): Promise<Flight | undefined> {
    const flight = this.flights.get(keyOf(workspaceId, flightId));
    if (!flight) return undefined;
    const received = [...this.files.values()].filter(
      (file) =>
        file.workspaceId === workspaceId && file.flightId === flightId && file.integrity !== 'mismatch',
    );
    const { counts, ...heard } = flight;
    return { ...counts, ...heard, receivedFileCount: new Set(received.map(flightFileId)).size };
  }

  private hear(workspaceId: WorkspaceId, flightId: string, at: string, file?: MediaFile) {
    const key = keyOf(workspaceId, flightId);
    const flight = this.flights.get(key) ?? {
      counts: { expectedFileCount: 0, uploadedFileCount: 0 },
      lastHeardAt: at,
    };
    if (at > flight.lastHeardAt) flight.lastHeardAt = at;
    if (file?.reporter.kind === 'dock') flight.gatewaySn = file.reporter.name;
    this.flights.set(key, flight);
    return flight;
  }
}
