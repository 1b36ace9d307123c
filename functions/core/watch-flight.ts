import { type Flight, type FlightRef, flightState, STALLED_AFTER_IN_SECONDS } from './flight.ts';
import type { Library } from './library.ts';
import { flightEvent } from './library-events.ts';
import type { Flights } from './media-catalog.ts';

/** What it takes to follow a flight. */
export interface WatchFlightPorts extends Pick<Library, 'events' | 'watch'> {
  readonly catalog: Flights;
}

/**
 * Looks at a flight and tells others when its state has changed. While silence may still change it, somebody looks again when it has lasted for
 * {@link STALLED_AFTER_IN_SECONDS}: one message a flight is under way at a time.
 *
 * The event comes before the note that it was sent: a crash in between sends it twice, never not at all.
 */
export async function watchFlight(
  { catalog, events, watch }: WatchFlightPorts,
  { workspaceId, flightId, owner }: FlightRef,
  now: number = Date.now(),
): Promise<void> {
  const flight = await catalog.findFlight(workspaceId, flightId, owner);
  if (flight === undefined) return;
  const state = flightState(flight, now);
  const changed = state !== flight.announcedState;
  // Silence changes no other state.
  const due = state === 'uploading' ? nextCheck(flight, now) : undefined;
  if (changed) await events.publish([flightEvent(flight, state, new Date(now).toISOString())]);
  if (due !== undefined) await watch.lookAgain(flight, due);
  if (changed || due !== undefined) {
    const checkDueAt = due === undefined ? flight.checkDueAt : new Date(now + due * 1000).toISOString();
    await catalog.noteFlight(flight, state, checkDueAt);
  }
}

/** Seconds until the next look, or undefined while one is under way. */
function nextCheck({ checkDueAt, lastHeardAt }: Flight, now: number): number | undefined {
  if (checkDueAt !== undefined && Date.parse(checkDueAt) > now) return undefined;
  const heard = lastHeardAt === undefined ? now : Date.parse(lastHeardAt);
  const left = Math.ceil((heard - now) / 1000) + STALLED_AFTER_IN_SECONDS;
  return left > 0 ? Math.min(left, STALLED_AFTER_IN_SECONDS) : undefined;
}
