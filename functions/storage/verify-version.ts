/**
 * Queue of versions whose MD5 is unknown to S3: uploads in parts
 *
 * Each version is read once, as a stream. When its bytes match the report, the file becomes findable.
 * Otherwise it is marked, and an alarm fires.
 */
import type { LibraryWithDigester } from '../core/library.ts';
import { verifyVersion as verify } from '../core/verify-version.ts';
import { countingFlightStates, countMismatch } from '../middleware/log.ts';
import { forEachMessage, type QueueEndpoint, queueEndpoint } from '../middleware/queue-endpoint.ts';
import { backgroundLibrary, objectDigester } from '../ports.ts';
import { toObjectVersion } from '../protocol/work-messages.ts';

/** Time to record that the bytes were not read, before Lambda ends the function. */
const NOTE_IN_MILLISECONDS = 10_000;

export const verifyVersion =
  (library: LibraryWithDigester): QueueEndpoint =>
  async (messages, remainingTimeInMilliseconds) => {
    const counted = { ...library, events: countingFlightStates(library.events) };
    const outcomes: (string | undefined)[] = [];
    const signal = AbortSignal.timeout(Math.max(0, remainingTimeInMilliseconds - NOTE_IN_MILLISECONDS));
    const failures = await forEachMessage(messages, async ({ body }) => {
      const outcome = await verify(counted, toObjectVersion(body), signal);
      if (outcome === 'mismatch') countMismatch();
      outcomes.push(outcome);
    });
    return { failures, log: { outcome: outcomes.join(' ') } };
  };

export const handler = queueEndpoint(verifyVersion({ ...backgroundLibrary(), digester: objectDigester() }));
