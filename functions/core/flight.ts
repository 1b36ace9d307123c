import type { MediaFile, Reporter } from './media-file.ts';
import type { WorkspaceId } from './workspace.ts';

/** The counts in a device's messages. */
export interface ReportedCounts {
  readonly expectedFileCount: number;
  readonly uploadedFileCount: number;
}

/**
 * Who uploads a flight. The same id from the other kind of owner is another flight. Docks that share a flight
 * complete it together.
 */
export type FlightOwner = Reporter['kind'];

/** Identifies a flight. */
export interface FlightRef {
  readonly workspaceId: WorkspaceId;
  /** DJI's `file_group_id` from Pilot, `flight_id` from a dock. */
  readonly flightId: string;
  readonly owner: FlightOwner;
}

/** Identifies a flight as a key of a map. */
export const flightText = ({ workspaceId, flightId, owner }: FlightRef): string =>
  JSON.stringify([workspaceId, flightId, owner]);

/** The flight of a file, if a device has named one. */
export function flightOf(file: MediaFile): FlightRef | undefined {
  const { workspaceId, flightId, reporter } = file;
  return flightId !== undefined && reporter !== undefined
    ? { workspaceId, flightId, owner: reporter.kind }
    : undefined;
}

/** What a report says of a file's flight. It can be another flight than that of the file's entry. */
export const flightOfReport = ({ flightId, reporter }: Pick<MediaFile, 'flightId' | 'reporter'>) =>
  flightId !== undefined && reporter !== undefined ? { flightId, reporter } : {};

/** An operator's request that a dock uploads this flight first. Times are ISO 8601, UTC. */
export interface Prioritization {
  readonly gatewaySn: string;
  readonly tid: string;
  readonly bid: string;
  readonly requestedAt: string;
  /** The dock's `result`; absent until it replies. */
  readonly result?: number;
  /** When the dock reported that it uploads this flight first. */
  readonly startedAt?: string;
}

/** Why a file does not count for its flight. */
export type MissingReason = 'removed' | 'mismatch';

/** What is known of a flight. Times are ISO 8601, UTC. */
export interface Flight extends ReportedCounts, FlightRef {
  /** Distinct files of this flight in the library. */
  readonly receivedFileCount: number;
  /** Files that do not count: their bytes were removed, or differ from the device's. */
  readonly missing: readonly { readonly name: string; readonly reason: MissingReason }[];
  /** Bytes of the files that count. */
  readonly receivedInBytes: number;
  /** The last message of a device about this flight. */
  readonly lastHeardAt?: string;
  /** The dock of that message; absent for Pilot's flights. */
  readonly gatewaySn?: string;
  readonly prioritization?: Prioritization;
  /** The state in the last event. */
  readonly announcedState?: FlightState;
  /** When the flight is checked next, unless that message is lost. */
  readonly checkDueAt?: string;
}

export const FLIGHT_STATES = ['uploading', 'complete', 'reported-complete', 'stalled'] as const;

/**
 * `complete`: as many files are here as the device expects. `reported-complete`: the device says that all are
 * uploaded, but fewer are here. Files that it skipped because the library knew them never name the flight.
 * `stalled`: files are missing, and there was no message for a while.
 */
export type FlightState = (typeof FLIGHT_STATES)[number];

export type PrioritizationState = 'requested' | 'accepted' | 'refused' | 'uploading-first' | 'unanswered';

/** With a poor connection, a dock takes minutes for a video. It is also SQS's longest delay. */
export const STALLED_AFTER_IN_SECONDS = 15 * 60;
/** Docks reply to a service within about 10 s or not at all. */
export const UNANSWERED_AFTER_IN_SECONDS = 30;

const secondsSince = (time: string, now: number): number => (now - Date.parse(time)) / 1000;

/** Whether all files of a flight are here. The device's count of uploaded files is no proof. */
export const isComplete = ({ expectedFileCount, receivedFileCount }: Flight): boolean =>
  expectedFileCount > 0 && receivedFileCount >= expectedFileCount;

/**
 * `now` is in milliseconds. Later firmware does not report the number of files: the flight is complete after
 * a while without messages.
 */
export function flightState(flight: Flight, now: number): FlightState {
  if (isComplete(flight)) return 'complete';
  const { lastHeardAt, prioritization, expectedFileCount, uploadedFileCount, receivedFileCount } = flight;
  if (expectedFileCount > 0 && uploadedFileCount >= expectedFileCount) return 'reported-complete';
  // There may be no message yet about a flight that an operator has just prioritized.
  const since = lastHeardAt ?? prioritization?.requestedAt;
  const silence = since === undefined ? Number.POSITIVE_INFINITY : secondsSince(since, now);
  if (silence < STALLED_AFTER_IN_SECONDS) return 'uploading';
  return expectedFileCount === 0 && receivedFileCount > 0 && flight.missing.length === 0
    ? 'complete'
    : 'stalled';
}

/** The state of a prioritization. `now` is in milliseconds. */
export function prioritizationState(prioritization: Prioritization, now: number): PrioritizationState {
  if (prioritization.startedAt !== undefined) return 'uploading-first';
  if (prioritization.result !== undefined) return prioritization.result === 0 ? 'accepted' : 'refused';
  return secondsSince(prioritization.requestedAt, now) > UNANSWERED_AFTER_IN_SECONDS
    ? 'unanswered'
    : 'requested';
}
