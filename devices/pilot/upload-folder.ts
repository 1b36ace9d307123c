/**
 * The story of a folder's files, as DJI Pilot 2 tells it: tiny fingerprints for all, then for each file left over
 * fast-upload, credentials, the bytes, the callback; and the group's counts as they change.
 */
import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import { tinyFingerprint, toCreatedTime } from '../common/capture-time.ts';
import { eachAtOnce } from '../common/each-at-once.ts';
import { reasonOf } from '../common/failure-reason.ts';
import {
  type FoundFile,
  fileErrorReason,
  isUnchanged,
  md5OfEnds,
  md5OfFile,
  readFolder,
} from '../common/files.ts';
import { type FileMetadata, readMetadata } from '../common/metadata.ts';
import { DEFAULT_PART_BYTES, FileChangedError, ObjectUploads } from '../common/object-upload.ts';
import { PartBuffers } from '../common/part-buffers.ts';
import { silentProgress, type TransferProgress } from '../common/progress.ts';
import type { RetryPolicy } from '../common/retry.ts';
import { StorageLeases } from '../common/storage-leases.ts';
import {
  type FileOutcome,
  formatBytes,
  plural,
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
  /** @default the user's own, as the sign-in answers it */
  readonly workspaceId?: string;
  /** Files at once, and parts in memory at once. @default 4 */
  readonly concurrency?: number;
  /** Files above this go up in parts of it. @default 8 MiB */
  readonly partBytes?: number;
  /** @default silence */
  readonly progress?: TransferProgress;
  /** Stops the run: what is under way is aborted, and the summary says what was done. */
  readonly signal?: AbortSignal;
  readonly retry?: RetryPolicy;
}

/** A file that was looked at without reading all of it. */
interface Candidate extends FoundFile {
  readonly tinyFingerprint: string;
  readonly metadata: FileMetadata;
}

/** A failure that every other file would meet as well. */
const endsTheRun = (error: unknown): boolean =>
  error instanceof UnreachableError || (error instanceof ApiError && error.status === 401);

/** What an upload into a library did. */
export interface UploadSummary extends RunSummary {
  readonly api: string;
  readonly workspaceId: string;
}

/** Uploads a folder. Throws only when it could not start: no sign-in, no folder. */
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
  readonly #uploads: ObjectUploads;
  readonly #reports: GroupReports;
  readonly #outcomes = new Map<string, FileOutcome>();
  /** Files with the same bytes go one after the other: the second is then linked instead of uploaded. */
  readonly #sameBytes = new Map<string, Promise<void>>();
  #groups = new Map<string, FlightGroup>();

  constructor(options: UploadFolderOptions) {
    const { api, username, password, workspaceId, retry, signal } = options;
    this.#options = options;
    this.#progress = options.progress ?? silentProgress;
    this.#concurrency = options.concurrency ?? 4;
    this.#signal = signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal;
    // Every request and every waiting part listens to it.
    setMaxListeners(0, this.#signal);
    this.#client = new PilotClient({
      api,
      username,
      password,
      signal: this.#signal,
      ...(workspaceId && { workspaceId }),
      ...(retry && { retry }),
    });
    this.#uploads = new ObjectUploads({
      leases: new StorageLeases(() => this.#client.storageAccess()),
      buffers: new PartBuffers(this.#concurrency, options.partBytes ?? DEFAULT_PART_BYTES),
      signal: this.#signal,
    });
    this.#reports = new GroupReports((...counts) => this.#client.groupUploadCallback(...counts));
  }

  async run(): Promise<UploadSummary> {
    const startedAtMs = Date.now();
    const { from, api } = this.#options;
    await this.#client.login();
    const { files, skipped, unreadable } = await readFolder(resolve(from));
    for (const { path, reason } of unreadable)
      this.#outcomes.set(path, { path, state: 'failed', bytes: 0, reason });
    const workspaceId = this.#client.workspaceId;
    try {
      const candidates = await this.#inspect(files);
      this.#groups = groupByFolder(candidates, workspaceId, resolve(from));
      const missing = await this.#withoutStored(candidates);
      if (missing.length > 0) await this.#uploadAll(missing);
    } catch (error) {
      this.#stop.abort(error);
    } finally {
      this.#progress.end();
      this.#reports.stop();
      this.#uploads.close();
    }
    this.#failRest(files);
    const outcomes = [...this.#outcomes.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
    const interrupted = outcomes.some((file) => file.reason === STOPPED_REASON);
    return summarise({ api, workspaceId, skipped, interrupted }, outcomes, startedAtMs);
  }

  /** Metadata and tiny fingerprint of every file: some KiB of each are read. */
  async #inspect(files: readonly FoundFile[]): Promise<Candidate[]> {
    const candidates: Candidate[] = [];
    await eachAtOnce(files, 8, this.#signal, async (file) => {
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
    this.#signal.throwIfAborted();
    return candidates.sort((left, right) => (left.path < right.path ? -1 : 1));
  }

  async #withoutStored(candidates: readonly Candidate[]): Promise<Candidate[]> {
    const unique = [...new Set(candidates.map((file) => file.tinyFingerprint))];
    const stored = await this.#client.findTinyFingerprints(unique);
    const missing: Candidate[] = [];
    for (const file of candidates) {
      if (stored.has(file.tinyFingerprint)) this.#settle(file, { state: 'already-there' });
      else missing.push(file);
    }
    return missing;
  }

  async #uploadAll(missing: readonly Candidate[]): Promise<void> {
    const bytes = missing.reduce((total, file) => total + file.bytes, 0);
    const alreadyThere = [...this.#outcomes.values()].filter((file) => file.state === 'already-there').length;
    const known = alreadyThere > 0 ? `; ${alreadyThere} already there` : '';
    this.#progress.line(`${plural(missing.length, 'file')} to upload, ${formatBytes(bytes)}${known}.`);
    this.#progress.begin(missing.length, bytes);
    // Groups without news are left alone: another device may have uploaded them under an id of its own.
    const groups = new Set(missing.map((file) => this.#groupOf(file)));
    for (const group of groups) this.#reports.changed(group);
    await eachAtOnce(missing, this.#concurrency, this.#signal, (file) => this.#uploadOne(file));
    for (const group of groups) {
      const reason = this.#signal.aborted ? undefined : await this.#reports.settle(group);
      if (reason)
        this.#progress.line(`The counts of flight ${group.fileGroupId} were not reported: ${reason}`);
    }
  }

  async #uploadOne(file: Candidate): Promise<void> {
    const previous = this.#sameBytes.get(file.tinyFingerprint);
    const turn = Promise.withResolvers<void>();
    this.#sameBytes.set(file.tinyFingerprint, turn.promise);
    await previous;
    this.#progress.start(file.path, file.bytes);
    try {
      const outcome = await this.#store(file);
      this.#settle(file, outcome);
      this.#progress.finish(file.path, outcome.state);
      this.#reports.changed(this.#groupOf(file));
    } catch (error) {
      const reason = this.#reasonToStop() ?? reasonOf(error);
      this.#fail(file, reason);
      const word = reason === STOPPED_REASON ? 'stopped' : 'failed';
      this.#progress.finish(file.path, word, reason);
      if (endsTheRun(error)) this.#stop.abort(error);
    } finally {
      turn.resolve();
    }
  }

  async #store(file: Candidate): Promise<Pick<FileOutcome, 'state' | 'objectKey'>> {
    const onRead = (bytes: number): void => this.#progress.advance(file.path, 'checking', bytes);
    const fingerprint = await md5OfFile(file.absolutePath, this.#signal, onRead);
    const report = this.#report(file, fingerprint);
    const { linked, objectKey } = await this.#client.fastUpload(report);
    if (linked) return { state: 'linked', ...(objectKey && { objectKey }) };

    const uploadedKey = await this.#putObject(file, report);
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
      if (!(await isUnchanged(file))) throw new FileChangedError();
      return uploadedKey;
    } catch (error) {
      if (attemptedKey && !this.#signal.aborted) {
        // The server keeps a record of the failure; that it could not be told of it is not another one.
        await this.#client
          .uploadCallback(this.#uploadReport(file, report, attemptedKey, 1))
          .catch(() => undefined);
      }
      throw error;
    }
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

  #settle(file: Candidate, outcome: Pick<FileOutcome, 'state' | 'objectKey'>): void {
    this.#outcomes.set(file.path, { path: file.path, bytes: file.bytes, ...outcome });
    this.#groupOf(file).storedCount++;
  }

  #fail(file: FoundFile, reason: string): void {
    this.#outcomes.set(file.path, { path: file.path, state: 'failed', bytes: file.bytes, reason });
  }

  /** Why nothing goes on; undefined while it does. */
  #reasonToStop(): string | undefined {
    if (this.#options.signal?.aborted) return STOPPED_REASON;
    return this.#signal.aborted ? reasonOf(this.#signal.reason) : undefined;
  }

  /** Whatever the run did not come to. */
  #failRest(files: readonly FoundFile[]): void {
    for (const file of files) {
      if (!this.#outcomes.has(file.path)) this.#fail(file, this.#reasonToStop() ?? 'not tried');
    }
  }
}
