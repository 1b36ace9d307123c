import * as v from 'valibot';
import type { LibraryEvent } from '../core/library-events.ts';
import type { BucketChange } from '../core/take-in-changes.ts';

/**
 * What S3 sends to a queue: records of changes, and a test event when notifications are set up. Events are
 * our own.
 */
const Notification = v.object({
  LibraryEvents: v.optional(v.array(v.custom<LibraryEvent>((value) => typeof value === 'object')), []),
  Records: v.optional(
    v.array(
      v.object({
        eventName: v.string(),
        eventTime: v.string(),
        s3: v.object({
          object: v.object({
            key: v.string(),
            size: v.optional(v.number()),
            eTag: v.optional(v.string()),
            versionId: v.optional(v.string()),
          }),
        }),
      }),
    ),
    [],
  ),
});

/** The contents of a message: changes of the bucket, and events for the bus. */
export interface QueuedChanges {
  readonly changes: readonly BucketChange[];
  readonly events: readonly LibraryEvent[];
}

/** Keys are encoded as in HTML forms: a space is a plus sign. */
const decodeKey = (key: string): string => decodeURIComponent(key.replaceAll('+', ' '));

/** The contents of a message from the bucket or from a function. Throws for anything else. */
export function toQueuedChanges(id: string, body: string): QueuedChanges {
  const { Records, LibraryEvents } = v.parse(Notification, JSON.parse(body));
  return { changes: toBucketChanges(id, Records), events: LibraryEvents };
}

const toBucketChanges = (
  id: string,
  records: v.InferOutput<typeof Notification>['Records'],
): BucketChange[] =>
  records.map(({ eventName, eventTime, s3: { object } }) => ({
    id,
    objectKey: decodeKey(object.key),
    ...(eventName.startsWith('ObjectCreated:') && {
      stored: {
        sizeInBytes: object.size ?? 0,
        eTag: object.eTag?.toLowerCase() ?? '',
        versionId: object.versionId ?? 'null',
        storedAt: new Date(eventTime).toISOString(),
      },
    }),
  }));
