/** A run of the dock player: online, every file stored and reported, offline. */
import { setMaxListeners } from 'node:events';
import { tryLock } from '../../packages/local-aws/lock.ts';
import { eachAtOnce } from '../common/each-at-once.ts';
import { reasonOf } from '../common/failure-reason.ts';
import { DEFAULT_PART_SIZE_IN_BYTES, ObjectUploads } from '../common/object-upload.ts';
import { PartBuffers } from '../common/part-buffers.ts';
import { silentProgress, type TransferProgress } from '../common/progress.ts';
import { storageAccessFrom } from '../common/storage-access.ts';
import { StorageFaultError } from '../common/storage-fault.ts';
import { StorageLeases } from '../common/storage-leases.ts';
import {
  type FileOutcome,
  formatBytes,
  plural,
  type RunSummary,
  STOPPED_REASON,
  summarise,
} from '../common/summary.ts';
import { ConnectionError, type ConnectionPatience, DockConnection } from './connection.ts';
import { Deliveries } from './delivery.ts';
import { Exchanges, NoReplyError, type Patience, RefusedError } from './exchanges.ts';
import { type DockFlight, readFlight } from './flight.ts';
import type { FlightFile } from './flight-files.ts';
import { FlightJournal } from './flight-journal.ts';
import type { Fields } from './messages.ts';
import { goOffline, goOnline } from './onboarding.ts';
import { DockServices } from './services.ts';

/** Files at once. */
export const DEFAULT_CONCURRENCY = 4;

/** The dock to play, its flight, and where to connect. */
export interface PlayDockOptions {
  /** The folder with one flight's files, read recursively. */
  readonly from: string;
  /** Address of the broker: mqtt, mqtts, ws or wss. */
  readonly mqtt: string;
  readonly sn: string;
  /** @default the serial number */
  readonly username?: string;
  readonly password: string;
  /** The organization that an operator configured. @default the one that the dock is bound to */
  readonly workspaceId?: string;
  /** @default a UUID made from the dock, the folder's name and its first file */
  readonly flightId?: string;
  /** @default the one in the photos, or one made from the dock's */
  readonly droneSn?: string;
  /** Files at once, and parts in memory at once. @default DEFAULT_CONCURRENCY */
  readonly concurrency?: number;
  /** Larger files are uploaded in parts of this size. @default 8 MiB */
  readonly partSizeInBytes?: number;
  /** Folder of the journals. @default .local */
  readonly dataDirectory?: string;
  /** @default nothing is shown */
  readonly progress?: TransferProgress;
  /** Stops the run: running uploads are aborted, and the summary says what was done. */
  readonly signal?: AbortSignal;
  readonly patience?: Patience & ConnectionPatience;
}

/** The result of a run. */
export interface DockSummary extends RunSummary {
  readonly mqtt: string;
  readonly sn: string;
  readonly flightId: string;
  /** Empty when the library did not tell. */
  readonly workspaceId: string;
}

const UNREGISTERED = 210001;
/** How long a dock tries to report that it goes offline. */
const GOODBYE_TIMEOUT_IN_MILLISECONDS = 3_000;

const REPLIES_TO = { requests_reply: 'requests', events_reply: 'events', status_reply: 'status' } as const;

/** A failure that all other files would have as well. */
const endsTheRun = (error: unknown): boolean =>
  error instanceof ConnectionError ||
  error instanceof NoReplyError ||
  error instanceof StorageFaultError ||
  (error instanceof RefusedError && (error.result === UNREGISTERED || error.method === 'storage_config_get'));

/** Plays a dock. Throws when it cannot come online. Files that fail are in the summary. */
export async function playDock(options: PlayDockOptions): Promise<DockSummary> {
  const { sn, mqtt } = options;
  const lock = await tryLock(`dock ${sn} at ${mqtt}`, () => `process ${process.pid}`);
  if (!('release' in lock)) {
    throw new Error(
      `Dock ${sn} is already being played, by ${lock.description}. A dock has only one connection.`,
    );
  }
  try {
    return await new DockRun(options).run();
  } finally {
    await lock.release();
  }
}

class DockRun {
  readonly #options: PlayDockOptions;
  readonly #progress: TransferProgress;
  readonly #concurrency: number;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #outcomes = new Map<string, FileOutcome>();

  constructor(options: PlayDockOptions) {
    this.#options = options;
    this.#progress = options.progress ?? silentProgress;
    this.#concurrency = options.concurrency ?? DEFAULT_CONCURRENCY;
    this.#signal = options.signal ? AbortSignal.any([options.signal, this.#stop.signal]) : this.#stop.signal;
    // All messages and waiting parts listen to it.
    setMaxListeners(0, this.#signal);
  }

  async run(): Promise<DockSummary> {
    const startedAtInMilliseconds = Date.now();
    const { sn, mqtt, signal } = this.#options;
    const flight = await readFlight(this.#options, this.#signal);
    const { flightId, skipped, unreadable, files } = flight;
    for (const { path, reason } of unreadable) this.#fail({ path, bytes: 0 }, reason);
    const workspaceId = await this.#fly(flight);
    for (const file of files) if (!this.#outcomes.has(file.path)) this.#fail(file, this.#stopReason());
    const outcomes = [...this.#outcomes.values()].sort((left, right) => (left.path < right.path ? -1 : 1));
    const run = { mqtt, sn, flightId, workspaceId, skipped, interrupted: signal?.aborted ?? false };
    return summarise(run, outcomes, startedAtInMilliseconds);
  }

  /** From online to offline. Resolves to the workspace that the dock is bound to. */
  async #fly(flight: DockFlight): Promise<string> {
    const { sn, username = sn, workspaceId, patience = {} } = this.#options;
    const onNews = (text: string): void => this.#progress.line(text);
    const connection = new DockConnection({
      ...this.#options,
      username,
      patience,
      onMessage: (from, message) => {
        if (from === 'services') services.receive(message);
        else exchanges.receive(REPLIES_TO[from], message);
      },
      onNews,
      onLost: (error) => this.#stop.abort(error),
    });
    const exchanges = new Exchanges(sn, connection, patience);
    const services = new DockServices(exchanges, flight.flightId, onNews, this.#signal);
    try {
      await connection.open(this.#signal);
      const setUp = { sn, drone: flight.drone, organizationId: workspaceId, onNews };
      const organization = await goOnline(exchanges, setUp, this.#signal);
      onNews(`Dock ${sn} is online${organization ? `, in ${organization.name || organization.id}` : ''}.`);
      await this.#deliver(flight, organization?.id ?? '', exchanges);
      await services.settled();
      return organization?.id ?? '';
    } finally {
      this.#progress.end();
      // It does not matter if this fails: a closed connection says the same.
      const goodbye = AbortSignal.timeout(GOODBYE_TIMEOUT_IN_MILLISECONDS);
      if (connection.isUp) await goOffline(exchanges, goodbye).catch(() => undefined);
      await connection.close();
    }
  }

  /** Gets credentials, which identify the library, and uploads what it has not acknowledged. */
  async #deliver(flight: DockFlight, workspaceId: string, exchanges: Exchanges): Promise<void> {
    if (flight.files.length === 0) return;
    const signal = this.#signal;
    const leases = new StorageLeases(async () => {
      const question = { method: 'storage_config_get', data: { module: 0 }, signal };
      const reply = await exchanges.ask({ channel: 'requests', ...question });
      return storageAccessFrom(question.method, (reply['output'] ?? {}) as Fields);
    });
    let journal: FlightJournal | undefined;
    try {
      const { endpoint, bucket } = await leases.forUpload(0);
      const library = { storage: new URL(endpoint).hostname, bucket, workspaceId };
      const { sn, dataDirectory = '.local' } = this.#options;
      journal = await FlightJournal.open(dataDirectory, { library, sn, flightId: flight.flightId });
      await this.#deliverAll(flight, journal, leases, exchanges);
    } catch (error) {
      // Becomes the reason of each file that was not uploaded.
      this.#stop.abort(error);
    } finally {
      await journal?.close();
    }
  }

  async #deliverAll(
    flight: DockFlight,
    journal: FlightJournal,
    leases: StorageLeases,
    exchanges: Exchanges,
  ): Promise<void> {
    const waiting: FlightFile[] = [];
    for (const file of flight.files) {
      const known = journal.find(file);
      if (known?.acknowledged) this.#settle(file, { state: 'already-there', objectKey: known.objectKey });
      else waiting.push(file);
    }
    if (waiting.length === 0) return;
    const bytes = waiting.reduce((total, file) => total + file.bytes, 0);
    const known = flight.files.length - waiting.length;
    const acknowledged = known > 0 ? `; ${known} were acknowledged before` : '';
    this.#progress.line(`${plural(waiting.length, 'file')} to upload, ${formatBytes(bytes)}${acknowledged}.`);
    this.#progress.begin(waiting.length, bytes);

    const signal = this.#signal;
    const uploads = new ObjectUploads({
      leases,
      buffers: new PartBuffers(
        this.#concurrency,
        this.#options.partSizeInBytes ?? DEFAULT_PART_SIZE_IN_BYTES,
      ),
      signal,
      retry: this.#options.patience?.retry,
    });
    const deliveries = new Deliveries({
      flight,
      journal,
      exchanges,
      uploads,
      progress: this.#progress,
      signal,
    });
    try {
      await eachAtOnce(waiting, this.#concurrency, signal, (file) => this.#deliverOne(file, deliveries));
    } finally {
      uploads.close();
    }
  }

  async #deliverOne(file: FlightFile, deliveries: Deliveries): Promise<void> {
    this.#progress.start(file.path, file.bytes);
    try {
      const objectKey = await deliveries.deliver(file);
      this.#settle(file, { state: 'uploaded', objectKey });
      this.#progress.finish(file.path, 'uploaded');
    } catch (error) {
      const reason = this.#signal.aborted ? this.#stopReason() : reasonOf(error);
      this.#fail(file, reason);
      this.#progress.finish(file.path, 'failed', reason);
      if (endsTheRun(error)) this.#stop.abort(error);
    }
  }

  #settle(file: FlightFile, outcome: Pick<FileOutcome, 'state' | 'objectKey'>): void {
    this.#outcomes.set(file.path, { path: file.path, bytes: file.bytes, ...outcome });
  }

  #fail({ path, bytes }: Pick<FlightFile, 'path' | 'bytes'>, reason: string): void {
    this.#outcomes.set(path, { path, state: 'failed', bytes, reason });
  }

  /** Why a file was not started or not finished by this run. */
  #stopReason(): string {
    return this.#options.signal?.aborted ? STOPPED_REASON : `not done: ${reasonOf(this.#signal.reason)}`;
  }
}
