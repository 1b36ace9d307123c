import pMap from 'p-map';
import { md5OfETag } from './fingerprint.ts';
import { type FlightRef, flightOf, flightText } from './flight.ts';
import type { LibraryWithDigests } from './library.ts';
import type { DigestQueue } from './library-events.ts';
import type { FileLists } from './media-catalog.ts';
import type { MediaFile, ObjectVersion } from './media-file.ts';
import {
  type HistoryItem,
  type ObjectDigester,
  type ObjectHistories,
  type ObjectHistory,
  presentVersions,
} from './object-storage.ts';
import { findOpenClaims, settleClaims } from './settle-file.ts';
import { compareHistory, type HistoryComparison, settleHistory } from './settle-history.ts';
import { workspaceOfKey } from './take-in-arrival.ts';
import { verifyVersion } from './verify-version.ts';
import { watchFlight } from './watch-flight.ts';
import type { WorkspaceId } from './workspace.ts';

/** The ports for comparing the whole catalog with the whole bucket. */
export interface LibraryToReconcile extends LibraryWithDigests {
  readonly histories: ObjectHistories;
  readonly lists: Pick<FileLists, 'scanEntries'>;
}

/** What was found, and corrected unless it is a dry run. */
export interface ReconcileCounts {
  /** Object keys of workspaces. */
  readonly objectKeys: number;
  /** Versions without a delete marker over them. */
  readonly versions: number;
  /** Object keys that are not uploads of a workspace. */
  readonly ignored: number;
  /** Entries of the catalog. */
  readonly entries: number;
  /** Versions without an entry. */
  readonly added: number;
  /** Entries whose bytes are gone. */
  readonly removed: number;
  /** Entries whose bytes are back. */
  readonly restored: number;
  /** Entries that did not hold their fingerprint, or were listed twice. */
  readonly claimed: number;
  /** Versions whose MD5 is unknown. */
  readonly unread: number;
  /** Versions that were read, and whose MD5 is not the reported fingerprint. */
  readonly mismatched: number;
  /** Flights for which an event was sent. */
  readonly flights: number;
  /** Object keys that could not be compared or corrected. */
  readonly failures: number;
}

/** How far a run has come. A later run can continue from here. */
export interface ReconcileProgress {
  /** First all objects of the bucket, then all entries of the catalog. */
  readonly stage: 'bucket' | 'catalog' | 'done';
  /** The next page of the stage; absent for the first one. */
  readonly cursor?: string;
  readonly counts: ReconcileCounts;
}

type VersionFinding = 'added' | 'removed' | 'restored' | 'claimed' | 'unread' | 'mismatched';

/** A difference, or a failure. */
export type ReconcileFinding =
  | { readonly what: VersionFinding; readonly version: ObjectVersion }
  | { readonly what: 'flight'; readonly flight: FlightRef }
  | { readonly what: 'failure'; readonly objectKey: string; readonly error: unknown };

export interface ReconcileOptions {
  /** @default all of them */
  readonly workspaceId?: WorkspaceId | undefined;
  /** Only reports what it would do. @default false */
  readonly changesNothing?: boolean;
  /**
   * Reads versions whose MD5 is unknown, also those that are too large for the function.
   * @default requests that the function reads them
   */
  readonly digester?: ObjectDigester | undefined;
  /** Where an earlier run stopped. @default the beginning */
  readonly from?: ReconcileProgress | undefined;
  /** Versions and markers of a page. @default S3's limit */
  readonly pageSize?: number | undefined;
  /** Stops the run after the objects that are being processed. */
  readonly signal: AbortSignal;
  readonly onFinding: (finding: ReconcileFinding) => void;
}

const NO_DIGESTS: DigestQueue = { request: async () => {} };
/** A command has no time limit. */
const NO_HURRY = new AbortController().signal;
/** Object keys that are processed concurrently. */
const PARALLEL_KEYS = 16;
/** So many failures have a common cause. */
const MOST_FAILURES = 20;

const NOTHING: ReconcileCounts = {
  objectKeys: 0,
  versions: 0,
  ignored: 0,
  entries: 0,
  added: 0,
  removed: 0,
  restored: 0,
  claimed: 0,
  unread: 0,
  mismatched: 0,
  flights: 0,
  failures: 0,
};

/**
 * Compares the catalog with the bucket and corrects it, in both directions: after notifications were lost,
 * after the table was restored or emptied, or when the bucket had files before. Repeating it changes nothing.
 *
 * Yields after each page. A run that stopped within a page continues with the same page.
 */
export async function* reconcile(
  library: LibraryToReconcile,
  options: ReconcileOptions,
): AsyncGenerator<ReconcileProgress> {
  let progress: ReconcileProgress = options.from ?? { stage: 'bucket', counts: NOTHING };
  const run = new Run(library, options, progress.counts);
  while (progress.stage !== 'done' && !options.signal.aborted) {
    progress = progress.stage === 'bucket' ? await run.bucketPage(progress) : await run.catalogPage(progress);
    yield progress;
  }
}

type Counts = { -readonly [Name in keyof ReconcileCounts]: number };

class Run {
  readonly #library: LibraryToReconcile;
  readonly #digests: DigestQueue;
  readonly #options: ReconcileOptions;
  readonly #counts: Counts;
  readonly #failuresBefore: number;
  /** The failure that stops the run. */
  #lastStraw: unknown;
  /** Each flight is checked once in a run. */
  readonly #seenFlights = new Set<string>();

  constructor(library: LibraryToReconcile, options: ReconcileOptions, counts: ReconcileCounts) {
    this.#digests = library.digests;
    // Requests of the rules below would be duplicates.
    this.#library = { ...library, digests: NO_DIGESTS };
    this.#options = options;
    this.#counts = { ...counts };
    this.#failuresBefore = counts.failures;
  }

  /** Compares the objects of a page with their entries. */
  async bucketPage(from: ReconcileProgress): Promise<ReconcileProgress> {
    const { workspaceId, pageSize } = this.#options;
    const page = await this.#library.histories.listHistories({
      ...(workspaceId !== undefined && { prefix: `${workspaceId}/` }),
      ...(from.cursor !== undefined && { cursor: from.cursor }),
      ...(pageSize !== undefined && { limit: pageSize }),
    });
    const isWhole = await this.#forEach(page.items, ({ objectKey }) => objectKey, this.#settleKey);
    if (!isWhole) return { ...from, counts: { ...this.#counts } };
    for (const { objectKey, history } of page.items) {
      if (workspaceOfKey(objectKey) === undefined) this.#counts.ignored += 1;
      else {
        this.#counts.objectKeys += 1;
        this.#counts.versions += presentVersions(history).length;
      }
    }
    return this.#next('bucket', page.cursor, 'catalog');
  }

  /** Finds entries whose object key is no longer in the bucket, and checks flights. */
  async catalogPage(from: ReconcileProgress): Promise<ReconcileProgress> {
    const { workspaceId } = this.#options;
    const page = await this.#library.lists.scanEntries(from.cursor);
    const entries = page.items.filter(
      (file) => workspaceId === undefined || file.workspaceId === workspaceId,
    );
    const present = entries.filter(({ removedAt }) => removedAt === undefined);
    const byKey = [...Map.groupBy(present, ({ objectKey }) => objectKey)];
    const isWhole =
      (await this.#forEach(byKey, ([objectKey]) => objectKey, this.#settleGone)) &&
      (await this.#checkFlights(entries));
    if (!isWhole) return { ...from, counts: { ...this.#counts } };
    this.#counts.entries += entries.length;
    return this.#next('catalog', page.cursor, 'done');
  }

  #next(
    stage: ReconcileProgress['stage'],
    cursor: string | undefined,
    after: ReconcileProgress['stage'],
  ): ReconcileProgress {
    const counts = { ...this.#counts };
    return cursor === undefined ? { stage: after, counts } : { stage, cursor, counts };
  }

  /** Resolves to whether all items were processed. None is started after the signal has aborted. */
  async #forEach<Item>(
    items: readonly Item[],
    keyOf: (item: Item) => string,
    work: (item: Item) => Promise<void>,
  ): Promise<boolean> {
    const { signal } = this.#options;
    let done = 0;
    const begin = async (item: Item): Promise<void> => {
      if (signal.aborted || this.#lastStraw !== undefined) return;
      try {
        await work(item);
      } catch (error) {
        // Stopped in the middle. The next run begins with this item.
        if (signal.aborted) return;
        this.#fail(keyOf(item), error);
      }
      done += 1;
    };
    await pMap(items, begin, { concurrency: PARALLEL_KEYS });
    if (this.#lastStraw !== undefined) throw this.#lastStraw;
    return done === items.length;
  }

  readonly #settleKey = async ({ objectKey, history }: ObjectHistory): Promise<void> => {
    const workspaceId = workspaceOfKey(objectKey);
    if (workspaceId === undefined) return;
    const { inOrder } = await this.#settle(workspaceId, objectKey, history);
    for (const file of inOrder) await this.#settleEntry(file);
  };

  readonly #settleGone = async ([objectKey, files]: readonly [string, MediaFile[]]): Promise<void> => {
    const { storage } = this.#library;
    const versions = new Map(files.map((file) => [file.versionId, file.workspaceId]));
    for (const [versionId, workspaceId] of versions) {
      if ((await storage.find(objectKey, versionId)) !== undefined) continue;
      if (!this.#options.changesNothing) await this.#settle(workspaceId, objectKey);
      // Otherwise the bucket listed the key, and its entries were found then.
      else if ((await storage.listHistory(objectKey)).length === 0)
        for (const file of files) this.#find('removed', file);
      return;
    }
  };

  async #settle(
    workspaceId: WorkspaceId,
    objectKey: string,
    listed?: readonly HistoryItem[],
  ): Promise<HistoryComparison> {
    const settle = this.#options.changesNothing ? compareHistory : settleHistory;
    const found = await settle(this.#library, workspaceId, objectKey, listed);
    for (const { versionId, eTag } of found.added) {
      const version = { workspaceId, objectKey, versionId };
      this.#find('added', version);
      if (md5OfETag(eTag) === undefined) await this.#read(version);
    }
    for (const file of found.removed) this.#find('removed', file);
    for (const file of found.restored) this.#find('restored', file);
    return found;
  }

  /** Completes an entry that matches the bucket: its claims, and the MD5 of its bytes. */
  async #settleEntry(file: MediaFile): Promise<void> {
    const { changesNothing, digester } = this.#options;
    if (file.removedAt !== undefined) return;
    const isLarge = file.unverifiedBecause !== undefined;
    const isUnread = file.md5 === undefined && file.linkedTo === undefined;
    if (isUnread && (digester !== undefined || !isLarge)) await this.#read(file);
    if ((await findOpenClaims(this.#library, file)) === undefined) return;
    if (!changesNothing) await settleClaims(this.#library, file);
    this.#find('claimed', file);
  }

  async #read(version: ObjectVersion): Promise<void> {
    const { changesNothing, digester } = this.#options;
    this.#find('unread', version);
    if (changesNothing) return;
    if (digester === undefined) return await this.#digests.request(version);
    const outcome = await verifyVersion({ ...this.#library, digester }, version, NO_HURRY);
    if (outcome === 'mismatch') this.#find('mismatched', version);
  }

  /** The delayed message that checks a flight may be lost, too. */
  async #checkFlights(files: readonly MediaFile[]): Promise<boolean> {
    if (this.#options.changesNothing) return true;
    const flights = new Map(
      files.flatMap((file) => flightOf(file) ?? []).map((flight) => [flightText(flight), flight]),
    );
    const unseen = [...flights].filter(([key]) => !this.#seenFlights.has(key));
    return await this.#forEach(
      unseen,
      ([, { flightId }]) => `flight ${flightId}`,
      async ([key, flight]) => {
        const changed = await watchFlight(this.#library, flight);
        this.#seenFlights.add(key);
        if (!changed) return;
        this.#counts.flights += 1;
        this.#options.onFinding({ what: 'flight', flight });
      },
    );
  }

  #find(what: VersionFinding, version: ObjectVersion): void {
    this.#counts[what] += 1;
    this.#options.onFinding({ what, version });
  }

  #fail(objectKey: string, error: unknown): void {
    this.#counts.failures += 1;
    this.#options.onFinding({ what: 'failure', objectKey, error });
    if (this.#counts.failures - this.#failuresBefore >= MOST_FAILURES) this.#lastStraw = error;
  }
}
