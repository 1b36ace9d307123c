import { type FlightRef, flightText } from './flight.ts';
import type { LibraryWithDigests } from './library.ts';
import type { LibraryEvent } from './library-events.ts';
import type { StoredObject } from './media-file.ts';
import { settleHistory } from './settle-history.ts';
import { type ArrivalOutcome, takeInArrival, workspaceOfKey } from './take-in-arrival.ts';
import { watchFlight } from './watch-flight.ts';

/** A change of an object key in the bucket: a new version, or a removal. */
export interface BucketChange {
  /** Id of the notification. Failed ones are received again. */
  readonly id: string;
  readonly objectKey: string;
  /** Absent for a removal. */
  readonly stored?: StoredObject;
}

/** Events in the batch that other functions have queued. */
export interface QueuedEvents {
  readonly id: string;
  readonly events: readonly LibraryEvent[];
}

/** The result of a batch. */
export interface ChangesOutcome {
  /** Ids of notifications that must be received again, and why. */
  readonly failures: ReadonlyMap<string, unknown>;
  readonly arrived: number;
  /** Bytes of those that arrived. */
  readonly arrivedInBytes: number;
  readonly removed: number;
  /** Objects that are not uploads of a workspace. */
  readonly ignored: number;
}

/** Object keys that are processed concurrently. */
const PARALLEL_KEYS = 10;

/**
 * Processes a batch of notifications, which come at least once and in any order. Changes of one key are
 * processed in sequence. Events are sent and flights checked once for the whole batch.
 */
export async function takeInChanges(
  library: LibraryWithDigests,
  changes: readonly BucketChange[],
  queued: readonly QueuedEvents[] = [],
): Promise<ChangesOutcome> {
  const failures = new Map<string, unknown>();
  const counts = { arrived: 0, arrivedInBytes: 0, removed: 0, ignored: 0 };
  const finished: { readonly id: string; readonly outcome: ArrivalOutcome }[] = [];
  const flights = new Map<string, { readonly flight: FlightRef; readonly ids: string[] }>();
  const look = (flight: FlightRef, id: string): void => {
    const key = flightText(flight);
    const known = flights.get(key) ?? { flight, ids: [] };
    flights.set(key, { flight, ids: [...known.ids, id] });
  };

  const takeInKey = async (objectKey: string, own: readonly BucketChange[]): Promise<void> => {
    const workspaceId = workspaceOfKey(objectKey);
    if (workspaceId === undefined) {
      counts.ignored += own.length;
      return;
    }
    for (const change of own) {
      try {
        if (change.stored === undefined) {
          counts.removed += 1;
          const { flights: touched } = await settleHistory(library, workspaceId, objectKey);
          for (const flight of touched) look(flight, change.id);
          continue;
        }
        const { versionId } = change.stored;
        const version = { workspaceId, objectKey, versionId, stored: change.stored };
        const outcome = await takeInArrival(library, version, new Date().toISOString());
        counts.arrived += 1;
        counts.arrivedInBytes += change.stored.sizeInBytes;
        if (outcome === undefined) continue;
        finished.push({ id: change.id, outcome });
        if (outcome.flight) look(outcome.flight, change.id);
      } catch (error) {
        failures.set(change.id, error);
      }
    }
  };

  const byKey = Map.groupBy(changes, ({ objectKey }) => objectKey);
  const queue = byKey.entries();
  const work = async () => {
    for (const [objectKey, own] of queue) await takeInKey(objectKey, own);
  };
  await Promise.all(Array.from({ length: Math.min(PARALLEL_KEYS, byKey.size) }, work));

  try {
    await library.events.publish([
      ...finished.flatMap(({ outcome }) => outcome.events),
      ...queued.flatMap(({ events }) => events),
    ]);
  } catch (error) {
    for (const { id } of [...finished, ...queued]) failures.set(id, error);
  }
  for (const { flight, ids } of flights.values()) {
    try {
      await watchFlight(library, flight);
    } catch (error) {
      for (const id of ids) failures.set(id, error);
    }
  }
  return { failures, ...counts };
}
