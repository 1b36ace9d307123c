import type { ErrorCode } from './errors.ts';
import type { FileKind } from './file-kinds.ts';
import type { Integrity } from './fingerprint.ts';
import type { Flight, FlightRef, FlightState } from './flight.ts';
import type { MediaFile, Reporter } from './media-file.ts';

/**
 * Version of the `detail` of all events. It increases when a field changes its meaning or is removed. Fields
 * may be added.
 */
export const EVENT_VERSION = 1;

/** The events of the library: `detail-type` and `detail`. Times are ISO 8601, UTC. */
export interface LibraryEvents {
  /** A file was stored and reported. Sent at least once. */
  FileRecorded: FileDetail;
  /** An upload in parts was read: its bytes are `verified`, or a `mismatch`. */
  FileVerified: FileDetail;
  /** A device's report was refused. The device keeps its copy. */
  UploadRefused: {
    readonly version: typeof EVENT_VERSION;
    readonly workspace_id: string;
    readonly object_key: string;
    readonly name: string;
    readonly reason: RefusalReason;
    readonly reporter: Reporter;
    readonly refused_at: string;
  };
  /** A flight has another state than in the last event. */
  FlightStateChanged: {
    readonly version: typeof EVENT_VERSION;
    readonly workspace_id: string;
    readonly flight_id: string;
    /** Absent for Pilot's flights. */
    readonly gateway_sn?: string;
    readonly state: FlightState;
    /** Absent in the first event. */
    readonly previous_state?: FlightState;
    readonly expected_file_count: number;
    readonly uploaded_file_count: number;
    readonly received_file_count: number;
    /** Bytes of the files that are here. */
    readonly received_bytes: number;
    readonly changed_at: string;
  };
}

/** Why the report of an upload is refused. */
export type RefusalReason = Extract<
  ErrorCode,
  'object-key-outside-workspace' | 'object-missing' | 'integrity-mismatch'
>;

interface FileDetail {
  readonly version: typeof EVENT_VERSION;
  readonly workspace_id: string;
  readonly file_id: string;
  readonly object_key: string;
  readonly version_id: string;
  readonly name: string;
  readonly path?: string;
  readonly kind: FileKind;
  /** Bytes. */
  readonly size: number;
  readonly integrity: Integrity;
  /** MD5 of the stored bytes, when it is known. */
  readonly md5?: string;
  readonly flight_id?: string;
  readonly drone_sn?: string;
  readonly captured_at?: string;
  readonly reporter?: Reporter;
}

export type LibraryEventType = keyof LibraryEvents;

/** One event. */
export type LibraryEvent = {
  [Type in LibraryEventType]: { readonly type: Type; readonly detail: LibraryEvents[Type] };
}[LibraryEventType];

/** Where events are published. Implemented in `adapters/`. */
export interface EventPublisher {
  /** Resolves when all events were accepted. Throws when one was not. */
  publish(events: readonly LibraryEvent[]): Promise<void>;
}

/** An event about a file. */
export function fileEvent(type: 'FileRecorded' | 'FileVerified', file: MediaFile): LibraryEvent {
  const { path, md5, flightId, droneSn, reporter, capture } = file;
  return {
    type,
    detail: {
      version: EVENT_VERSION,
      workspace_id: file.workspaceId,
      file_id: file.fileId,
      object_key: file.objectKey,
      version_id: file.versionId,
      name: file.name,
      ...(path !== undefined && { path }),
      kind: file.kind,
      size: file.sizeInBytes,
      integrity: file.integrity,
      ...(md5 !== undefined && { md5 }),
      ...(flightId !== undefined && { flight_id: flightId }),
      ...(droneSn !== undefined && { drone_sn: droneSn }),
      ...(capture.capturedAt !== undefined && { captured_at: capture.capturedAt }),
      ...(reporter && { reporter }),
    },
  };
}

export function flightEvent(flight: Flight, state: FlightState, changedAt: string): LibraryEvent {
  const { gatewaySn, announcedState } = flight;
  return {
    type: 'FlightStateChanged',
    detail: {
      version: EVENT_VERSION,
      workspace_id: flight.workspaceId,
      flight_id: flight.flightId,
      ...(gatewaySn !== undefined && { gateway_sn: gatewaySn }),
      state,
      ...(announcedState && { previous_state: announcedState }),
      expected_file_count: flight.expectedFileCount,
      uploaded_file_count: flight.uploadedFileCount,
      received_file_count: flight.receivedFileCount,
      received_bytes: flight.receivedInBytes,
      changed_at: changedAt,
    },
  };
}

/** Requests a check of a flight. Implemented in `adapters/`. */
export interface FlightWatch {
  /** `delayInSeconds` is at most 900. */
  lookAgain(flight: FlightRef, delayInSeconds: number): Promise<void>;
}

/** Requests that the bytes of a version are read. Implemented in `adapters/`. */
export interface DigestQueue {
  request(version: Pick<MediaFile, 'workspaceId' | 'objectKey' | 'versionId'>): Promise<void>;
}
