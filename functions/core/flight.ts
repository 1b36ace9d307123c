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
 * Whether all of a flight's files are in: by the device's own count, which includes files that were linked and not
 * uploaded, or by the files that the library holds.
 */
export const isComplete = ({ expectedFileCount, uploadedFileCount, receivedFileCount }: Flight): boolean =>
  expectedFileCount > 0 && Math.max(uploadedFileCount, receivedFileCount) >= expectedFileCount;

/** `stalled` is a flight that misses files and of which nothing was heard for a while. `now` in milliseconds. */
export function flightState(flight: Flight, now: number): FlightState {
  if (isComplete(flight)) return 'complete';
  const silence =
    flight.lastHeardAt === undefined ? Number.POSITIVE_INFINITY : secondsSince(flight.lastHeardAt, now);
  return silence > STALLED_AFTER_SECONDS ? 'stalled' : 'uploading';
}

/** How a dock took the wish. `now` in milliseconds. */
export function prioritizationState(prioritization: Prioritization, now: number): PrioritizationState {
  if (prioritization.startedAt !== undefined) return 'uploading-first';
  if (prioritization.result !== undefined) return prioritization.result === 0 ? 'accepted' : 'refused';
  return secondsSince(prioritization.requestedAt, now) > UNANSWERED_AFTER_SECONDS
    ? 'unanswered'
    : 'requested';
}
