import { createHash } from 'node:crypto';
import type { FileKind } from './file-kinds.ts';
import type { Fingerprint, Integrity, TinyFingerprint } from './fingerprint.ts';
import type { WorkspaceId } from './workspace.ts';

/** Degrees, WGS-84. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** What a device says of the moment a file was taken, normalised. */
export interface Capture {
  /** ISO 8601: in UTC with `Z` where the device told an offset, else local time without one. */
  readonly capturedAt?: string;
  /** Metres above sea level or the ellipsoid, as the drone reports it. */
  readonly absoluteAltitude?: number;
  /** Metres above the take-off point. */
  readonly relativeAltitude?: number;
  readonly gimbalYawDegree?: number;
  /** Absent when the drone had no fix. */
  readonly shootPosition?: Position;
}

/** What is known of a file apart from its bytes. */
export interface FileDescription {
  readonly name: string;
  /** The business path; absent for a file taken outside a wayline. */
  readonly path?: string;
  readonly fingerprint?: Fingerprint;
  readonly tinyFingerprint?: TinyFingerprint;
  /** DJI's `file_group_id` from Pilot, `flight_id` from a dock: the files of one flight share it. */
  readonly flightId?: string;
  /** DJI's number: 0 normal picture, 1 panorama; others are kept as they come. */
  readonly subFileType?: number;
  /** False for a preview. */
  readonly isOriginal?: boolean;
  readonly droneModelKey?: string;
  readonly payloadModelKey?: string;
  readonly droneSn?: string;
  readonly capture: Capture;
}

/** Who reported a file: a person's controller or a dock. */
export interface Reporter {
  readonly kind: 'pilot' | 'dock';
  /** The user's name, or the gateway's serial number. */
  readonly name: string;
}

/** What object storage says of an object. */
export interface StoredObject {
  readonly sizeInBytes: number;
  /** Without quotes. */
  readonly eTag: string;
  readonly versionId?: string;
  readonly contentType?: string;
}

/** One entry of the library. Several entries may point to one object. */
export interface MediaFile extends FileDescription, StoredObject {
  readonly fileId: string;
  /** The entry whose upload brought the bytes, where this one is a link to them. */
  readonly linkedTo?: string;
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  readonly kind: FileKind;
  readonly integrity: Integrity;
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly recordedAt: string;
  /** The device's message as JSON text, unknown fields and all. */
  readonly raw: string;
}

const digest = (bytes: number, ...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(parts))
    .digest('hex')
    .slice(0, bytes * 2);

/** Names an object within the whole library: 32 hex digits. */
export const objectIdOf = (workspaceId: WorkspaceId, objectKey: string): string =>
  digest(16, workspaceId, objectKey);

/**
 * The id of the entry that an upload itself makes. A repeated report of the same object meets the same id; other bytes
 * put under the same key (a controller whose file counter began again) have another ETag and so another entry.
 */
export const uploadedFileId = (workspaceId: WorkspaceId, objectKey: string, eTag: string): string =>
  objectIdOf(workspaceId, objectKey) + digest(8, eTag);

/** The id of a further entry for the same bytes under another name or path. */
export const linkedFileId = (file: MediaFile, name: string, path: string | undefined): string =>
  objectIdOf(file.workspaceId, file.objectKey) + digest(8, file.eTag, name, path ?? '');

/**
 * What a flight counts files by. A file that went up twice, since the answer to its first report was lost, has two objects and two
 * entries, and is one file of its flight.
 */
export const flightFileId = ({ name, path, fingerprint, eTag }: MediaFile): string =>
  digest(16, name, path ?? '', fingerprint ?? eTag);
