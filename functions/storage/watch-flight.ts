/**
 * Queue of flights to check after a while without messages
 *
 * Such a flight is stalled, or complete. An event says so.
 */
import { type WatchFlightPorts, watchFlight as watch } from '../core/watch-flight.ts';
import { forEachMessage, type QueueEndpoint, queueEndpoint } from '../middleware/queue-endpoint.ts';
import { flights, flightWatchPorts } from '../ports.ts';
import { toFlightRef } from '../protocol/work-messages.ts';

export const watchFlight =
  (library: WatchFlightPorts): QueueEndpoint =>
  async (messages) => {
    const failures = await forEachMessage(messages, async ({ body }) => {
      await watch(library, toFlightRef(body));
    });
    return { failures, log: { flights: messages.length } };
  };

export const handler = queueEndpoint(watchFlight({ catalog: flights(), ...flightWatchPorts() }));
