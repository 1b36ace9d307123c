/**
 * Queue of the bucket's notifications: new versions, and removals
 *
 * Every version in the bucket becomes an entry, whether or not it is reported, and no device is told any more
 * that the library has what was removed. Other functions queue their events here too, for the bus.
 */
import type { LibraryWithDigests } from '../core/library.ts';
import { takeInChanges as takeIn } from '../core/take-in-changes.ts';
import { countingFlightStates, countUploads } from '../middleware/log.ts';
import { type QueueEndpoint, queueEndpoint } from '../middleware/queue-endpoint.ts';
import { backgroundLibrary, digestQueue } from '../ports.ts';
import { type QueuedChanges, toQueuedChanges } from '../protocol/s3-notification.ts';

export const takeInChanges =
  (library: LibraryWithDigests): QueueEndpoint =>
  async (messages) => {
    const unreadable = new Map<string, unknown>();
    const read = messages.flatMap(({ id, body }): (QueuedChanges & { readonly id: string })[] => {
      try {
        return [{ id, ...toQueuedChanges(id, body) }];
      } catch (error) {
        unreadable.set(id, error);
        return [];
      }
    });
    const { failures, arrivedInBytes, ...counts } = await takeIn(
      { ...library, events: countingFlightStates(library.events) },
      read.flatMap(({ changes }) => changes),
      read,
    );
    countUploads(counts.arrived, arrivedInBytes);
    return { failures: new Map([...unreadable, ...failures]), log: { ...counts } };
  };

export const handler = queueEndpoint(takeInChanges({ ...backgroundLibrary(), digests: digestQueue() }));
