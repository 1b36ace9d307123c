/**
 * Queue of flights that somebody looks at again after a silence
 *
 * A flight of which nothing was heard for a while has stalled, or is complete; others are told at that moment.
 */
import { type WatchFlightPorts, watchFlight as watch } from '../core/watch-flight.ts';
import { forEachMessage, type QueueEndpoint, queueEndpoint } from '../middleware/queue-endpoint.ts';
import { flights, flightWatchPorts } from '../ports.ts';
import { toFlightRef } from '../protocol/work-messages.ts';

export const watchFlight =
  (library: WatchFlightPorts): QueueEndpoint =>
  async (messages) => {
    const failures = await forEachMessage(messages, ({ body }) => watch(library, toFlightRef(body)));
    return { failures, log: { flights: messages.length } };
  };

export const handler = queueEndpoint(watchFlight({ catalog: flights(), ...flightWatchPorts() }));
