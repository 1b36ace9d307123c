import { type Flight, type FlightRef, flightState, STALLED_AFTER_IN_SECONDS } from './flight.ts';
import type { Library } from './library.ts';
import { flightEvent } from './library-events.ts';
import type { Flights } from './media-catalog.ts';

/** The ports for following a flight. */
export interface WatchFlightPorts extends Pick<Library, 'events' | 'watch'> {
  readonly catalog: Flights;
}

/**
 * Checks a flight, and sends an event when its state has changed. While the state can still change by
 * silence, the flight is checked again after {@link STALLED_AFTER_IN_SECONDS}. There is one such message for
 * a flight at a time.
 *
 * The event is sent before that is recorded: after a crash in between it is sent twice, but never lost.
 * Resolves to whether an event was sent.
 */
export async function watchFlight(
  ports: WatchFlightPorts,
  { workspaceId, flightId, owner }: FlightRef,
  now: number = Date.now(),
): Promise<boolean> {
  const { catalog, events, watch } = ports;
  const flight = await catalog.findFlight(workspaceId, flightId, owner);
  if (flight === undefined) return false;
  const state = flightState(flight, now);
  const changed = state !== flight.announcedState;
  // Silence changes no other state.
  const due = state === 'uploading' ? nextCheck(flight, now) : undefined;
  await Promise.all([
    changed && events.publish([flightEvent(flight, state, new Date(now).toISOString())]),
    due !== undefined && watch.lookAgain(flight, due),
  ]);
  if (changed || due !== undefined) {
    const checkDueAt = due === undefined ? flight.checkDueAt : new Date(now + due * 1000).toISOString();
    // Otherwise somebody else has seen it meanwhile, maybe with another file.
    const isLatest = await catalog.noteFlight(flight, state, checkDueAt);
    if (!isLatest) await watchFlight(ports, flight, now);
  }
  return changed;
}

/** Seconds until the next check; undefined while one is scheduled. */
function nextCheck({ checkDueAt, lastHeardAt }: Flight, now: number): number | undefined {
  if (checkDueAt !== undefined && Date.parse(checkDueAt) > now) return undefined;
  const heard = lastHeardAt === undefined ? now : Date.parse(lastHeardAt);
  const left = Math.ceil((heard - now) / 1000) + STALLED_AFTER_IN_SECONDS;
  return left > 0 ? Math.min(left, STALLED_AFTER_IN_SECONDS) : undefined;
}
