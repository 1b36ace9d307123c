import type { Fingerprint, TinyFingerprint } from '../functions/core/fingerprint.ts';
import {
  type Flight,
  type FlightOwner,
  type FlightRef,
  type FlightState,
  flightOf,
  type MissingReason,
} from '../functions/core/flight.ts';
import type {
  EntryFacts,
  FileLists,
  FileReport,
  FingerprintHolder,
  FlightProgress,
  MediaCatalog,
  Page,
  UploadFailure,
} from '../functions/core/media-catalog.ts';
import {
  flightFileId,
  type MediaFile,
  type MediaFileFacts,
  nameIdOf,
  toMediaFile,
} from '../functions/core/media-file.ts';
import { present } from '../functions/core/present.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);
const flightText = ({ workspaceId, flightId, owner }: FlightRef): string =>
  keyOf(workspaceId, flightId, owner);

interface Member {
  readonly flight: FlightRef;
  readonly file: MediaFile;
  readonly missing?: MissingReason | undefined;
}

type FlightFacts = Partial<Flight> & FlightRef;

interface Entry {
  readonly facts: MediaFileFacts;
  readonly listedAt?: string | undefined;
}

/** The fields of an entry that a report sets. */
const reportFacts = ({ capture, path, ...report }: FileReport) => ({ ...report, capture, path: path ?? '' });

/** A catalog in memory. It passes the same contract tests as the one in DynamoDB. */
export class InMemoryMediaCatalog implements MediaCatalog, FileLists {
  readonly failures = new Map<string, UploadFailure>();
  readonly #entries = new Map<string, Entry>();
  /**
   * The entry that holds a fingerprint: by fingerprint, and by name and path or the id of an unreported
   * entry.
   */
  readonly #claims = new Map<string, FingerprintHolder & { readonly bytes: string }>();
  readonly #tiny = new Map<string, string>();
  readonly #members = new Map<string, Member>();
  readonly #flights = new Map<string, FlightFacts>();

  /** All entries, with removed ones and spares. */
  get files(): readonly MediaFile[] {
    return [...this.#entries.values()].map(({ facts }) => fileOf(facts));
  }

  async findFile(workspaceId: WorkspaceId, fileId: string): Promise<MediaFile | undefined> {
    const entry = this.#entries.get(keyOf(workspaceId, fileId));
    return entry && fileOf(entry.facts);
  }

  async listByObjectKey(workspaceId: WorkspaceId, objectKey: string): Promise<readonly MediaFile[]> {
    return this.files.filter((file) => file.workspaceId === workspaceId && file.objectKey === objectKey);
  }

  async findByFingerprint(
    workspaceId: WorkspaceId,
    fingerprint: Fingerprint,
  ): Promise<readonly FingerprintHolder[]> {
    const bytes = keyOf(workspaceId, fingerprint);
    return [...this.#claims.values()]
      .filter((claim) => claim.bytes === bytes)
      .map(({ bytes: _bytes, ...holder }) => holder);
  }

  async findTinyFingerprints(
    workspaceId: WorkspaceId,
    asked: ReadonlySet<TinyFingerprint>,
  ): Promise<ReadonlySet<TinyFingerprint>> {
    return new Set([...asked].filter((tiny) => this.#tiny.has(keyOf(workspaceId, tiny))));
  }

  async merge({ report, stored, ...facts }: EntryFacts): Promise<MediaFile> {
    const { workspaceId, fileId, refusal } = facts;
    const key = keyOf(workspaceId, fileId);
    const standing = this.#entries.get(key);
    const { versionId: _version, ...storedFacts } = stored ?? { versionId: '' };
    const merged = {
      sizeInBytes: 0,
      eTag: '',
      ...storedFacts,
      ...present({ ...facts, ...(report && reportFacts(report)) }),
      ...(standing && known(standing.facts)),
      ...(refusal && { refusal }),
    } as MediaFileFacts;
    const isKnown = stored !== undefined || report !== undefined || standing?.listedAt !== undefined;
    const isListed = isKnown && merged.surplusOf === undefined;
    const listedAt =
      report === undefined
        ? (standing?.listedAt ?? stored?.storedAt ?? facts.arrivedAt ?? '')
        : (report.capture.capturedAt ?? stored?.storedAt ?? report.reportedAt);
    this.#entries.set(key, { facts: merged, ...(isListed && { listedAt }) });
    return fileOf(merged);
  }

  async withdrawReport({ workspaceId, fileId }: MediaFile): Promise<MediaFile> {
    return this.#change(workspaceId, fileId, (facts) => ({
      ...Object.fromEntries(Object.entries(facts).filter(([name]) => KEPT_WITHOUT_REPORT.has(name))),
    }));
  }

  async claimFingerprint(file: MediaFile): Promise<FingerprintHolder | undefined> {
    const { md5, workspaceId, fileId, objectKey, versionId, name, path, reportedAt } = file;
    if (md5 === undefined) return undefined;
    const key = this.#claimKey(file);
    const standing = this.#claims.get(key);
    if (standing && standing.fileId !== fileId) {
      const { bytes: _bytes, ...holder } = standing;
      return holder;
    }
    const holder = {
      workspaceId,
      fileId,
      objectKey,
      versionId,
      name,
      ...present({ path }),
      reported: reportedAt !== undefined,
    };
    this.#claims.set(key, { ...holder, bytes: keyOf(workspaceId, md5) });
    if (reportedAt !== undefined) this.#claims.delete(this.#unreportedKey(file));
    return holder;
  }

  async claimTinyFingerprint({ workspaceId, tinyFingerprint, fileId }: MediaFile): Promise<void> {
    if (tinyFingerprint !== undefined) this.#tiny.set(keyOf(workspaceId, tinyFingerprint), fileId);
  }

  async releaseClaims(file: MediaFile): Promise<void> {
    const { workspaceId, fileId, tinyFingerprint } = file;
    for (const key of [this.#nameKey(file), this.#unreportedKey(file)]) {
      if (this.#claims.get(key)?.fileId === fileId) this.#claims.delete(key);
    }
    const tiny = keyOf(workspaceId, tinyFingerprint ?? '');
    if (this.#tiny.get(tiny) === fileId) this.#tiny.delete(tiny);
  }

  async setSurplus(file: MediaFile, holderFileId: string | undefined): Promise<MediaFile> {
    const { workspaceId, fileId } = file;
    const standing = await this.findFile(workspaceId, fileId);
    if (holderFileId !== undefined && file.reportedAt === undefined && standing?.reportedAt !== undefined)
      return standing;
    const changed = this.#change(workspaceId, fileId, ({ surplusOf: _surplus, ...facts }) => ({
      ...facts,
      ...(holderFileId !== undefined && { surplusOf: holderFileId }),
    }));
    this.#list(changed, holderFileId === undefined);
    return changed;
  }

  async listSurplus({ workspaceId, fileId, md5 }: MediaFile): Promise<readonly string[]> {
    return this.files
      .filter((file) => file.workspaceId === workspaceId && file.surplusOf === fileId && file.md5 === md5)
      .map((file) => file.fileId);
  }

  async setRemoved(file: MediaFile, removedAt: string | undefined): Promise<MediaFile> {
    const changed = this.#change(file.workspaceId, file.fileId, ({ removedAt: _removed, ...facts }) => ({
      ...facts,
      ...(removedAt !== undefined && { removedAt }),
    }));
    if (file.surplusOf === undefined) this.#list(changed, true);
    return changed;
  }

  async countToFlight(file: MediaFile, missing?: MissingReason): Promise<void> {
    const flight = flightOf(file);
    if (flight) this.#members.set(keyOf(flightText(flight), flightFileId(file)), { flight, file, missing });
  }

  async recordFailure(failure: UploadFailure): Promise<void> {
    this.failures.set(keyOf(failure.workspaceId, failure.objectKey), failure);
  }

  async recordProgress(
    flight: FlightRef,
    progress: FlightProgress,
  ): Promise<{ readonly checkDueAt?: string }> {
    const standing: FlightFacts = this.#flights.get(flightText(flight)) ?? flight;
    if ((standing.lastHeardAt ?? '') > progress.heardAt) return {};
    const { uploadedFileCount = 0 } = standing;
    const isOlder =
      flight.owner === 'dock' && (progress.uploadedFileCount ?? uploadedFileCount) < uploadedFileCount;
    const changed = {
      ...standing,
      ...present({
        expectedFileCount: isOlder ? undefined : progress.expectedFileCount,
        gatewaySn: progress.gatewaySn,
      }),
      uploadedFileCount: Math.max(uploadedFileCount, progress.uploadedFileCount ?? 0),
      lastHeardAt: progress.heardAt,
    } as FlightFacts;
    this.#flights.set(flightText(flight), changed);
    return present({ checkDueAt: standing.checkDueAt });
  }

  async findFlight(
    workspaceId: WorkspaceId,
    flightId: string,
    owner?: FlightOwner,
  ): Promise<Flight | undefined> {
    const isIt = (ref: FlightRef) => ref.workspaceId === workspaceId && ref.flightId === flightId;
    const members = [...this.#members.values()].filter(({ flight }) => isIt(flight));
    const flights = [...this.#flights.values()].filter(isIt);
    const owners = [...flights, ...members.map(({ flight }) => flight)]
      .map((ref) => ref.owner)
      .sort()
      .reverse();
    const found = owner ?? owners[0];
    if (found === undefined) return undefined;
    const isHers = (ref: FlightRef) => ref.owner === found;
    const flight = flights.find(isHers);
    const own = members.filter((member) => isHers(member.flight));
    if (flight === undefined && own.length === 0) return undefined;
    const received = own.filter(({ missing }) => missing === undefined);
    const heard = [flight?.lastHeardAt, ...own.map(({ file }) => file.reportedAt)]
      .filter((at) => at !== undefined)
      .sort();
    return {
      expectedFileCount: 0,
      uploadedFileCount: 0,
      ...flight,
      workspaceId,
      flightId,
      owner: found,
      receivedFileCount: received.length,
      receivedInBytes: received.reduce((sum, { file }) => sum + file.sizeInBytes, 0),
      missing: own.flatMap(({ file, missing }) => (missing ? { name: file.name, reason: missing } : [])),
      ...present({ lastHeardAt: heard.at(-1) }),
    };
  }

  async noteFlight(flight: Flight, state: FlightState, checkDueAt: string | undefined): Promise<boolean> {
    const { workspaceId, flightId, owner } = flight;
    const ref = { workspaceId, flightId, owner };
    const standing: FlightFacts = this.#flights.get(flightText(ref)) ?? ref;
    if (standing.announcedState !== flight.announcedState) return false;
    this.#flights.set(flightText(ref), {
      ...standing,
      announcedState: state,
      ...present({ checkDueAt: checkDueAt ?? standing.checkDueAt }),
    });
    return true;
  }

  async listFiles(
    workspaceId: WorkspaceId,
    {
      limit,
      cursor = '0',
      removed = false,
    }: { readonly limit: number; readonly cursor?: string | undefined; readonly removed?: boolean },
  ): Promise<Page<MediaFile>> {
    const listed = [...this.#entries.values()]
      .filter(({ listedAt, facts }) => listedAt !== undefined && facts.workspaceId === workspaceId)
      .filter(({ facts }) => (facts.removedAt !== undefined) === removed)
      .sort((one, other) => sortText(other).localeCompare(sortText(one)));
    const end = Number(cursor) + limit;
    return {
      items: listed.slice(Number(cursor), end).map(({ facts }) => fileOf(facts)),
      ...(end < listed.length && { cursor: String(end) }),
    };
  }

  async scanEntries(): Promise<Page<MediaFile>> {
    return { items: this.files };
  }

  #change(
    workspaceId: WorkspaceId,
    fileId: string,
    change: (facts: MediaFileFacts) => Partial<MediaFileFacts>,
  ): MediaFile {
    const key = keyOf(workspaceId, fileId);
    const entry = this.#entries.get(key);
    if (entry === undefined) throw new Error(`No entry ${fileId}`);
    const facts = change(entry.facts) as MediaFileFacts;
    this.#entries.set(key, { ...entry, facts });
    return fileOf(facts);
  }

  #list(file: MediaFile, isListed: boolean): void {
    const key = keyOf(file.workspaceId, file.fileId);
    const entry = this.#entries.get(key);
    const { capture, storedAt, reportedAt } = file;
    const listedAt = isListed ? (capture.capturedAt ?? storedAt ?? reportedAt ?? '') : undefined;
    if (entry) this.#entries.set(key, { ...entry, listedAt });
  }

  #claimKey(file: MediaFile): string {
    return file.reportedAt === undefined ? this.#unreportedKey(file) : this.#nameKey(file);
  }

  #nameKey(file: MediaFile): string {
    return keyOf(file.workspaceId, file.md5 ?? file.fingerprint ?? '', 'name', nameIdOf(file));
  }

  #unreportedKey(file: MediaFile): string {
    return keyOf(file.workspaceId, file.md5 ?? file.fingerprint ?? '', 'unreported', file.fileId);
  }
}

const sortText = ({ listedAt = '', facts }: Entry): string => `${listedAt}#${facts.fileId}`;

/** The fields that are set and must not change. Without the stored bytes, the size is not set yet. */
function known({ sizeInBytes, eTag, ...facts }: MediaFileFacts): Partial<MediaFileFacts> {
  return { ...facts, ...(eTag !== '' && { sizeInBytes, eTag }) };
}

/** An entry from its facts. An empty path counts as missing. */
function fileOf({ path, ...facts }: MediaFileFacts): MediaFile {
  return toMediaFile({ ...facts, ...(path && { path }) } as MediaFileFacts);
}

const KEPT_WITHOUT_REPORT = new Set<string>([
  'workspaceId',
  'objectKey',
  'versionId',
  'fileId',
  'sizeInBytes',
  'eTag',
  'contentType',
  'storedAt',
  'md5',
  'unverifiedBecause',
  'arrivedAt',
  'refusal',
  'linkedTo',
  'surplusOf',
  'removedAt',
]);
