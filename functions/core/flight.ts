import type { MediaFile, Reporter } from './media-file.ts';
import type { WorkspaceId } from './workspace.ts';

/** What a device's messages say of a group's size. */
export interface ReportedCounts {
  readonly expectedFileCount: number;
  readonly uploadedFileCount: number;
}

/** Whose flight it is. The same id from the other kind is another flight; docks that share a flight finish it together. */
export type FlightOwner = Reporter['kind'];

/** Names one flight. */
export interface FlightRef {
  readonly workspaceId: WorkspaceId;
  /** DJI's `file_group_id` from Pilot, `flight_id` from a dock. */
  readonly flightId: string;
  readonly owner: FlightOwner;
}

/** The flight that a file belongs to, if a device has named one. */
export function flightOf(file: MediaFile): FlightRef | undefined {
  const { workspaceId, flightId, reporter } = file;
  return flightId !== undefined && reporter !== undefined
    ? { workspaceId, flightId, owner: reporter.kind }
    : undefined;
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

/** Why a file of a flight does not count. */
export type MissingReason = 'removed' | 'mismatch';

/** What is known of one flight's files. Times are ISO 8601, UTC. */
export interface Flight extends ReportedCounts, FlightRef {
  /** Distinct files of this flight that are in the library. */
  readonly receivedFileCount: number;
  /** Files that were here, or seemed to be, and do not count. */
  readonly missing: readonly { readonly name: string; readonly reason: MissingReason }[];
  /** Bytes of the files that count. */
  readonly receivedInBytes: number;
  /** The last time that a device said anything of this flight. */
  readonly lastHeardAt?: string;
  /** The dock that was last heard of it; absent for a flight of Pilot's. */
  readonly gatewaySn?: string;
  readonly prioritization?: Prioritization;
  /** The state that was last told to others. */
  readonly announcedState?: FlightState;
  /** When somebody will look again, unless the message is lost. */
  readonly checkDueAt?: string;
}

export const FLIGHT_STATES = ['uploading', 'complete', 'reported-complete', 'stalled'] as const;

/**
 * `complete`: as many files are here as the device expects. `reported-complete`: the device says that all is up, and fewer are here; files that
 * it skipped because the library knew them never name the flight. `stalled`: files are missing and nothing was heard for a while.
 */
export type FlightState = (typeof FLIGHT_STATES)[number];

export type PrioritizationState = 'requested' | 'accepted' | 'refused' | 'uploading-first' | 'unanswered';

/** A dock on a poor link takes minutes for a video; silence for longer than this is worth a look. It is also SQS's longest delay. */
export const STALLED_AFTER_IN_SECONDS = 15 * 60;
/** Docks answer a service within about 10 s or never. */
export const UNANSWERED_AFTER_IN_SECONDS = 30;

const secondsSince = (time: string, now: number): number => (now - Date.parse(time)) / 1000;

/** Whether all of a flight's files are here. What the device counts as uploaded proves nothing. */
export const isComplete = ({ expectedFileCount, receivedFileCount }: Flight): boolean =>
  expectedFileCount > 0 && receivedFileCount >= expectedFileCount;

/** `now` in milliseconds. Later firmware does not tell how many files there are: then silence means that these were all. */
export function flightState(flight: Flight, now: number): FlightState {
  if (isComplete(flight)) return 'complete';
  const { lastHeardAt, prioritization, expectedFileCount, uploadedFileCount, receivedFileCount } = flight;
  if (expectedFileCount > 0 && uploadedFileCount >= expectedFileCount) return 'reported-complete';
  // Of a flight that an operator has just asked for, nothing may have been heard yet.
  const since = lastHeardAt ?? prioritization?.requestedAt;
  const silence = since === undefined ? Number.POSITIVE_INFINITY : secondsSince(since, now);
  if (silence < STALLED_AFTER_IN_SECONDS) return 'uploading';
  return expectedFileCount === 0 && receivedFileCount > 0 && flight.missing.length === 0
    ? 'complete'
    : 'stalled';
}

/** How a dock took the wish. `now` in milliseconds. */
export function prioritizationState(prioritization: Prioritization, now: number): PrioritizationState {
  if (prioritization.startedAt !== undefined) return 'uploading-first';
  if (prioritization.result !== undefined) return prioritization.result === 0 ? 'accepted' : 'refused';
  return secondsSince(prioritization.requestedAt, now) > UNANSWERED_AFTER_IN_SECONDS
    ? 'unanswered'
    : 'requested';
}
