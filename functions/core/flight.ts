/** What a device's messages say of a group's size. */
export interface ReportedCounts {
  readonly expectedFileCount: number;
  readonly uploadedFileCount: number;
}

/** An operator's wish that a dock uploads this flight before others. Times are ISO 8601, UTC. */
export interface Prioritization {
  readonly gatewaySn: string;
  readonly tid: string;
  readonly bid: string;
  readonly requestedAt: string;
  /** The dock's `result`; absent until it answers. */
  readonly result?: number;
  /** When the dock announced that it uploads this flight first. */
  readonly startedAt?: string;
}

/** What is known of one flight's files. */
export interface Flight extends ReportedCounts {
  /** Distinct files of this flight in the library. */
  readonly receivedFileCount: number;
  /** ISO 8601, UTC: the last time that a device said anything of this flight. */
  readonly lastHeardAt?: string;
  /** The dock that flew it; absent for a flight of Pilot's. */
  readonly gatewaySn?: string;
  readonly prioritization?: Prioritization;
}

export type FlightState = 'uploading' | 'complete' | 'stalled';
export type PrioritizationState = 'requested' | 'accepted' | 'refused' | 'uploading-first' | 'unanswered';

/** A dock on a poor link takes minutes for a video; silence for longer than this is worth a look. */
export const STALLED_AFTER_SECONDS = 15 * 60;
/** Docks answer a service within about 10 s or never. */
export const UNANSWERED_AFTER_SECONDS = 30;

const secondsSince = (time: string, now: number): number => (now - Date.parse(time)) / 1000;

/**
 * Whether all of a flight's files are in: those that the library holds, or by Pilot's own count, which includes files that were
 * linked and not uploaded. A dock's own count proves nothing: it reports every file, and a report may have been lost.
 */
export function isComplete(flight: Flight): boolean {
  const { expectedFileCount, uploadedFileCount, receivedFileCount, gatewaySn } = flight;
  const there = gatewaySn === undefined ? Math.max(uploadedFileCount, receivedFileCount) : receivedFileCount;
  return expectedFileCount > 0 && there >= expectedFileCount;
}

/**
 * `stalled` is a flight that misses files and of which nothing was heard for a while. Later firmware does not tell how many
 * there are: then quiet means that these were all. `now` in milliseconds.
 */
export function flightState(flight: Flight, now: number): FlightState {
  if (isComplete(flight)) return 'complete';
  const { lastHeardAt, prioritization, expectedFileCount, receivedFileCount } = flight;
  // Of a flight that an operator has just asked for, nothing may have been heard yet.
  const since = lastHeardAt ?? prioritization?.requestedAt;
  const silence = since === undefined ? Number.POSITIVE_INFINITY : secondsSince(since, now);
  if (silence <= STALLED_AFTER_SECONDS) return 'uploading';
  return expectedFileCount === 0 && receivedFileCount > 0 ? 'complete' : 'stalled';
}

/** How a dock took the wish. `now` in milliseconds. */
export function prioritizationState(prioritization: Prioritization, now: number): PrioritizationState {
  if (prioritization.startedAt !== undefined) return 'uploading-first';
  if (prioritization.result !== undefined) return prioritization.result === 0 ? 'accepted' : 'refused';
  return secondsSince(prioritization.requestedAt, now) > UNANSWERED_AFTER_SECONDS
    ? 'unanswered'
    : 'requested';
}
