/**
 * Uploads the files of a folder in the order of DJI Pilot 2: tiny fingerprints for all, then for each
 * remaining file fast-upload, credentials, the upload, and the callback; and the group's counts when they
 * change. It is stricter than Pilot: only the full fingerprint proves that a file is stored.
 */
import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { tinyFingerprint, toCreatedTime } from '../common/capture-time.ts';
import { eachAtOnce } from '../common/each-at-once.ts';
import { reasonOf } from '../common/failure-reason.ts';
import {
  diskState,
  type FoundFile,
  fileErrorReason,
  md5OfEnds,
  md5OfFile,
  readFolder,
} from '../common/files.ts';
import { FingerprintJournal } from '../common/fingerprint-journal.ts';
import { type FileMetadata, readMetadata } from '../common/metadata.ts';
import {
  DEFAULT_PART_SIZE_IN_BYTES,
  FileChangedError,
  ImpossibleUploadError,
  ObjectUploads,
} from '../common/object-upload.ts';
import { PartBuffers } from '../common/part-buffers.ts';
import { Pool } from '../common/pool.ts';
import { silentProgress, type TransferProgress } from '../common/progress.ts';
import type { RetryPolicy } from '../common/retry.ts';
import { StorageFaultError } from '../common/storage-fault.ts';
import { StorageLeases } from '../common/storage-leases.ts';
import {
  type FileOutcome,
  formatBytes,
  plural,
  printable,
  type RunSummary,
  STOPPED_REASON,
  summarise,
} from '../common/summary.ts';
import { ApiError, UnreachableError } from './api-http.ts';
import { type FlightGroup, GroupReports, groupByFolder } from './flight-groups.ts';
import { type FileReport, PilotClient, type UploadReport } from './pilot-client.ts';

/** What to upload, where to, and as whom. */
export interface UploadFolderOptions {
  /** The folder, read recursively. */
  readonly from: string;
  readonly api: string;
  readonly username: string;
  readonly password: string;
  /** @default the user's own, by the sign-in response */
  readonly workspaceId?: string;
  /**
   * Files sent at once, and parts in memory at once. The same number of files is read, looked up or reported
   * meanwhile.
   * @default 8
   */
  readonly concurrency?: number;
  /** Larger files are uploaded in parts of this size. @default 8 MiB */
  readonly partSizeInBytes?: number;
  /**
   * A file counts as stored when the library knows its size, capture time and both ends. It is not read.
   * @default false
   */
  readonly trustNames?: boolean;
  /** Folder of the journal of fingerprints. @default none */
  readonly dataDirectory?: string;
  /** @default nothing is shown */
  readonly progress?: TransferProgress;
  /** Stops the run: running uploads are aborted, and the summary says what was done. */
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
}

/** A file of which only the metadata and both ends were read. */
interface Candidate extends FoundFile {
  readonly tinyFingerprint: string;
  readonly metadata: FileMetadata;
}

/** What is known before whole files are read. */
interface Plan {
  /** In the order of their paths. */
  readonly pending: readonly Candidate[];
  /** Those that may be stored. Their full fingerprints decide. */
  readonly toCompare: ReadonlySet<Candidate>;
}

type Outcome = Pick<FileOutcome, 'state' | 'objectKey'>;

/** Enough to use the whole connection while some of them wait for a response. */
export const DEFAULT_CONCURRENCY = 8;
/** Whole files read at once. More would delay the first one, and a card is fastest when read in sequence. */
const READ_AT_ONCE = 2;
/** Files to read metadata from at once: some KiB of each. */
const LOOKED_AT_ONCE = 8;
/** Flights whose last counts are reported at once. */
const SETTLED_AT_ONCE = 4;

/** A failure that all other files would have as well. */
const endsTheRun = (error: unknown): boolean =>
  error instanceof UnreachableError ||
  error instanceof StorageFaultError ||
  (error instanceof ApiError && error.status === 401);

/** The result of an upload into a library. */
export interface UploadSummary extends RunSummary {
  readonly api: string;
  readonly workspaceId: string;
}

/** Uploads a folder. Throws only when it cannot start: sign-in failed, or there is no folder. */
export async function uploadFolder(options: UploadFolderOptions): Promise<UploadSummary> {
  return new FolderUpload(options).run();
}

class FolderUpload {
  readonly #options: UploadFolderOptions;
  readonly #progress: TransferProgress;
  readonly #concurrency: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #client: PilotClient;
  readonly #leases: StorageLeases;
  readonly #uploads: ObjectUploads;
  /** A file needs one to be uploaded. */
  readonly #slots: Pool<undefined>;
  /** One is held while a whole file is read. */
  readonly #readers = new Pool(READ_AT_ONCE, () => undefined);
  readonly #reports: GroupReports;
  readonly #outcomes = new Map<string, FileOutcome>();
  /**
   * By MD5. Files with the same bytes are uploaded one after the other, so the second is linked and not
   * uploaded.
   */
  readonly #sameBytes = new Map<string, Promise<void>>();
  #groups = new Map<string, FlightGroup>();
  #journal: FingerprintJournal | undefined;

  constructor(options: UploadFolderOptions) {
    const { api, username, password, workspaceId, retry, signal } = options;
    this.#options = options;
    this.#progress = options.progress ?? silentProgress;
    this.#concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    // All requests and waiting parts listen to it.
    setMaxListeners(0, this.#signal);
    this.#client = new PilotClient({
      api,
      username,
      password,
      signal: this.#signal,
      ...(workspaceId && { workspaceId }),
      ...(retry && { retry }),
    });
    this.#leases = new StorageLeases(() => this.#client.storageAccess());
    this.#uploads = new ObjectUploads({
      leases: this.#leases,
      buffers: new PartBuffers(this.#concurrency, options.partSizeInBytes ?? DEFAULT_PART_SIZE_IN_BYTES),
      signal: this.#signal,
      retry,
    });
    this.#slots = new Pool(this.#concurrency, () => undefined);
    this.#reports = new GroupReports((...counts) => this.#client.groupUploadCallback(...counts));
  }

  async run(): Promise<UploadSummary> {
    const startedAtInMilliseconds = Date.now();
    const { from, api, dataDirectory } = this.#options;
    // The folder is read while the sign-in is under way, and no further when it fails.
    const signedIn = this.#client.login();
    signedIn.catch((error) => this.#stop.abort(error));
    const { files, skipped, unreadable } = await readFolder(resolve(from));
    for (const { path, reason } of unreadable)
      this.#outcomes.set(path, { path, state: 'failed', bytes: 0, reason });
    const candidates = await this.#inspect(files);
    await signedIn;
    const workspaceId = this.#client.workspaceId;
    this.#journal = await FingerprintJournal.open(dataDirectory, (text) => this.#progress.line(text));
    try {
      this.#signal.throwIfAborted();
      // So far, only files that could not be read have a result.
      this.#groups = groupByFolder(candidates, [...this.#outcomes.keys()], workspaceId, resolve(from));
      const plan = await this.#plan(candidates);
      if (plan.pending.length > 0) await this.#storeAll(plan);
      await this.#settleGroups();
    } catch (error) {
      this.#stop.abort(error);
    } finally {
      this.#progress.end();
      this.#reports.stop();
      this.#uploads.close();
      await this.#journal.close();
    }
    this.#failRest(files);
    const outcomes = [...this.#outcomes.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
    const interrupted = outcomes.some((file) => file.reason === STOPPED_REASON);
    return summarise({ api, workspaceId, skipped, interrupted }, outcomes, startedAtInMilliseconds);
  }

  /**
   * Reads metadata and tiny fingerprint of every file, or of some when the run is stopped: some KiB of each.
   */
  async #inspect(files: readonly FoundFile[]): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    await eachAtOnce(files, LOOKED_AT_ONCE, this.#signal, async (file) => {
      try {
        const [metadata, ends] = await Promise.all([
          readMetadata(file),
          md5OfEnds(file.absolutePath, file.bytes),
        ]);
        candidates.push({ ...file, metadata, tinyFingerprint: tinyFingerprint(ends, metadata.captured) });
      } catch (error) {
        this.#fail(file, fileErrorReason(error));
      }
    });
    return candidates.sort((left, right) => (left.path < right.path ? -1 : 1));
  }

  /**
   * Sorts the files: already stored, impossible to upload, and still to do. A known tiny fingerprint is no
   * proof: a copy that was damaged in the middle has the same one.
   */
  async #plan(candidates: readonly Candidate[]): Promise<Plan> {
    const unique = [...new Set(candidates.map((file) => file.tinyFingerprint))];
    const stored = await this.#client.findTinyFingerprints(unique);
    const alike = Map.groupBy(candidates, (file) => file.tinyFingerprint);
    const pending: Candidate[] = [];
    const toCompare = new Set<Candidate>();
    for (const file of candidates) {
      const isKnown = stored.has(file.tinyFingerprint);
      if (isKnown && (this.#options.trustNames || this.#isProven(file, alike.get(file.tinyFingerprint)))) {
        this.#settle(file, { state: 'already-there' });
        continue;
      }
      if (await this.#isImpossible(file)) continue;
      pending.push(file);
      if (isKnown) toCompare.add(file);
    }
    return { pending, toCompare };
  }

  /**
   * Whether an earlier run saw this library confirm the full fingerprint. When files with other bytes have
   * the same tiny fingerprint, the library's response may be about any of them.
   */
  #isProven(file: Candidate, alike: readonly Candidate[] = []): boolean {
    const journal = this.#journal;
    const md5 = journal?.md5Of(file);
    if (!journal?.isConfirmed(file, this.#library)) return false;
    return alike.every((other) => journal.md5Of(other) === md5);
  }

  async #isImpossible(file: Candidate): Promise<boolean> {
    try {
      await this.#uploads.assertPossible(file);
      return false;
    } catch (error) {
      if (!(error instanceof ImpossibleUploadError)) throw error;
      this.#fail(file, error.message);
      this.#progress.line(`${printable(file.path)} cannot be uploaded: ${error.message}.`);
      return true;
    }
  }

  async #storeAll({ pending, toCompare }: Plan): Promise<void> {
    const bytes = pending.reduce((total, file) => total + file.bytes, 0);
    const alreadyThere = [...this.#outcomes.values()].filter((file) => file.state === 'already-there').length;
    const known = alreadyThere > 0 ? `; ${alreadyThere} already there` : '';
    const compared = toCompare.size > 0 ? `; ${toCompare.size} may be there and will be compared` : '';
    const toUpload = plural(pending.length, 'file');
    this.#progress.line(`${toUpload} to upload, ${formatBytes(bytes)}${known}${compared}.`);
    this.#progress.begin(pending.length, bytes);
    for (const group of new Set(pending.map((file) => this.#groupOf(file)))) this.#reports.changed(group);
    // Credentials are requested while the first files are read. If that fails, the first upload requests them
    // again and reports why.
    if (pending.some((file) => !toCompare.has(file))) this.#leases.forUpload(0).catch(() => undefined);
    // Half of them are sent. The others are read, looked up or reported meanwhile, so that the connection is
    // always used.
    await eachAtOnce(pending, 2 * this.#concurrency, this.#signal, (file) =>
      this.#storeOne(file, toCompare.has(file)),
    );
  }

  async #storeOne(file: Candidate, mayBeThere: boolean): Promise<void> {
    this.#progress.start(file.path, file.bytes);
    try {
      const outcome = await this.#store(file, mayBeThere);
      this.#settle(file, outcome);
      this.#progress.finish(file.path, outcome.state);
      this.#reports.changed(this.#groupOf(file));
    } catch (error) {
      const reason = this.#reasonToStop() ?? reasonOf(error);
      this.#fail(file, reason);
      const word = reason === STOPPED_REASON ? 'stopped' : 'failed';
      this.#progress.finish(file.path, word, reason);
      if (endsTheRun(error)) this.#stop.abort(error);
    }
  }

  async #store(file: Candidate, mayBeThere: boolean): Promise<Outcome> {
    const fingerprint = await this.#fingerprint(file);
    const previous = this.#sameBytes.get(fingerprint);
    const turn = Promise.withResolvers<void>();
    this.#sameBytes.set(fingerprint, turn.promise);
    await previous;
    try {
      const outcome = await this.#offer(file, fingerprint, mayBeThere);
      await this.#journal?.confirm(file, this.#library);
      return outcome;
    } finally {
      turn.resolve();
    }
  }

  /** The full fingerprint; from the journal, when the file has not changed since. */
  async #fingerprint(file: Candidate): Promise<string> {
    const remembered = this.#journal?.md5Of(file);
    if (remembered) return remembered;
    const onRead = (bytes: number): void => this.#progress.advance(file.path, 'checking', bytes);
    const reader = await this.#readers.acquire(this.#signal);
    try {
      const readAtInMilliseconds = Date.now();
      const md5 = await md5OfFile(file.absolutePath, this.#signal, onRead);
      await this.#journal?.remember(file, md5, readAtInMilliseconds);
      return md5;
    } finally {
      reader.release();
    }
  }

  async #offer(file: Candidate, fingerprint: string, mayBeThere: boolean): Promise<Outcome> {
    const report = this.#report(file, fingerprint);
    const { linked, objectKey } = await this.#client.fastUpload(report);
    if (linked) {
      if ((await diskState(file)) === 'changed') throw new FileChangedError();
      return { state: mayBeThere ? 'already-there' : 'linked', ...(objectKey && { objectKey }) };
    }
    const slot = await this.#slots.acquire(this.#signal);
    let uploadedKey: string;
    try {
      uploadedKey = await this.#putObject(file, report);
    } finally {
      slot.release();
    }
    await this.#client.uploadCallback(this.#uploadReport(file, report, uploadedKey, 0));
    return { state: 'uploaded', objectKey: uploadedKey };
  }

  async #putObject(file: Candidate, report: FileReport): Promise<string> {
    const onProgress = (bytes: number): void => this.#progress.advance(file.path, 'uploading', bytes);
    onProgress(0);
    let attemptedKey = '';
    try {
      const onKey = (key: string): void => {
        attemptedKey = key;
      };
      const uploadedKey = await this.#uploads.upload(file, report.fingerprint, { onKey, onProgress });
      // A file that is gone by now is safe: S3 has verified the bytes that were hashed.
      if ((await diskState(file)) === 'changed') throw new FileChangedError();
      return uploadedKey;
    } catch (error) {
      if (attemptedKey && !this.#signal.aborted) {
        // The server records the failure. If this report fails too, that is no further failure.
        await this.#client
          .uploadCallback(this.#uploadReport(file, report, attemptedKey, 1))
          .catch(() => undefined);
      }
      throw error;
    }
  }

  /**
   * Reports the last counts of every flight, also of those that were stored already: an earlier run may have
   * been interrupted before.
   */
  async #settleGroups(): Promise<void> {
    await eachAtOnce([...this.#groups.values()], SETTLED_AT_ONCE, this.#signal, async (group) => {
      const reason = await this.#reports.settle(group);
      if (reason)
        this.#progress.line(`The counts of flight ${group.fileGroupId} were not reported: ${reason}`);
    });
  }

  /** The library that confirmations of the journal are about. */
  get #library(): string {
    return `${new URL(this.#options.api).host}/${this.#client.workspaceId}`;
  }

  #report(file: Candidate, fingerprint: string): FileReport {
    const { droneModelKey, payloadModelKey, serialNumber } = file.metadata;
    return {
      fingerprint,
      name: file.name,
      path: file.directory,
      ext: {
        ...(droneModelKey && { drone_model_key: droneModelKey }),
        ...(payloadModelKey && { payload_model_key: payloadModelKey }),
        is_original: true,
        tinny_fingerprint: file.tinyFingerprint,
        ...(serialNumber && { sn: serialNumber }),
        file_group_id: this.#groupOf(file).fileGroupId,
      },
    };
  }

  #uploadReport(file: Candidate, report: FileReport, objectKey: string, result: number): UploadReport {
    const { captured, absoluteAltitude, relativeAltitude, gimbalYawDegree, position, isPanorama } =
      file.metadata;
    return {
      ...report,
      result,
      object_key: objectKey,
      ...(file.kind === 'photo' && { sub_file_type: isPanorama ? 1 : 0 }),
      metadata: {
        created_time: toCreatedTime(captured),
        ...(absoluteAltitude !== undefined && { absolute_altitude: absoluteAltitude }),
        ...(relativeAltitude !== undefined && { relative_altitude: relativeAltitude }),
        ...(gimbalYawDegree !== undefined && { gimbal_yaw_degree: gimbalYawDegree }),
        ...(position && { shoot_position: position }),
      },
    };
  }

  #groupOf(file: Candidate): FlightGroup {
    const group = this.#groups.get(file.directory);
    if (!group) throw new Error(`no group for ${file.path}`);
    return group;
  }

  #settle(file: Candidate, outcome: Outcome): void {
    this.#outcomes.set(file.path, { path: file.path, bytes: file.bytes, ...outcome });
    this.#groupOf(file).storedCount++;
  }

  #fail(file: FoundFile, reason: string): void {
    this.#outcomes.set(file.path, { path: file.path, state: 'failed', bytes: file.bytes, reason });
  }

  /** Why the run must stop; undefined while it goes on. */
  #reasonToStop(): string | undefined {
    if (this.#options.signal?.aborted) return STOPPED_REASON;
    return this.#signal.aborted ? reasonOf(this.#signal.reason) : undefined;
  }

  /** All files that the run did not come to. */
  #failRest(files: readonly FoundFile[]): void {
    for (const file of files) {
      if (!this.#outcomes.has(file.path)) this.#fail(file, this.#reasonToStop() ?? 'not started');
    }
  }
}
