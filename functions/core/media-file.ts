import { createHash } from 'node:crypto';
import { type FileKind, kindOf } from './file-kinds.ts';
import { type Fingerprint, type Integrity, integrityOf, isMd5, type TinyFingerprint } from './fingerprint.ts';
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

/** What object storage says of one version of an object. */
export interface StoredObject {
  readonly sizeInBytes: number;
  /** Without quotes, lower case. */
  readonly eTag: string;
  /** `null`, as S3 has it, in a bucket that keeps no versions. */
  readonly versionId: string;
  readonly contentType?: string;
  /** ISO 8601, UTC. */
  readonly storedAt?: string;
}

/** Where bytes are: one version of one object of a workspace. */
export interface ObjectVersion {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  readonly versionId: string;
}

/** What becomes of a report that contradicts the bytes: the device was refused and keeps its copy. */
export interface Refusal {
  readonly fingerprint: Fingerprint;
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly refusedAt: string;
  /** The device's message as JSON text. */
  readonly raw: string;
}

/**
 * One entry of the library: a version of an object, or a further name for one. What a device reports and what the bucket tells merge into it in
 * either order.
 */
export interface MediaFile extends FileDescription, StoredObject, ObjectVersion {
  readonly fileId: string;
  /** The name's last word where no device has reported the file: the last part of its object key. */
  readonly name: string;
  readonly kind: FileKind;
  readonly integrity: Integrity;
  /** MD5 of the stored bytes: S3's own, or computed by this library. */
  readonly md5?: Fingerprint;
  /** Why the bytes were not read, where they never will be. */
  readonly unverifiedBecause?: string;
  /** ISO 8601, UTC: when the bucket's notification was taken in. */
  readonly arrivedAt?: string;
  /** Who reported it, when, and the device's message as JSON text, unknown fields and all. Absent until a device does. */
  readonly reporter?: Reporter;
  readonly reportedAt?: string;
  readonly raw?: string;
  readonly refusal?: Refusal;
  /** The entry whose upload brought the bytes, where this one is a further name for them. */
  readonly linkedTo?: string;
  /** The entry that stands for the same name, path and bytes; this version is a spare. */
  readonly surplusOf?: string;
  /** ISO 8601, UTC: when its bytes, or the delete marker over them, were noticed to be gone. */
  readonly removedAt?: string;
}

/** What an entry is made of; the rest follows from it. */
export type MediaFileFacts = Omit<MediaFile, 'name' | 'kind' | 'integrity' | 'capture'> & {
  readonly name?: string | undefined;
  readonly capture?: Capture;
};

/** The entry that facts amount to. */
export function toMediaFile(facts: MediaFileFacts): MediaFile {
  const name = facts.name ?? nameInKey(facts.objectKey);
  return {
    ...facts,
    name,
    kind: kindOf(name),
    integrity: integrityOf(facts),
    capture: facts.capture ?? {},
  };
}

/** How far an entry is. */
export type FileState = 'arriving' | 'unreported' | 'reported' | 'removed';

/** A device reports within seconds; whatever nobody reported for this long is shown as such. */
export const UNREPORTED_AFTER_IN_SECONDS = 15 * 60;

/** `now` in milliseconds. */
export function fileState(
  { removedAt, reportedAt, arrivedAt }: Pick<MediaFile, 'removedAt' | 'reportedAt' | 'arrivedAt'>,
  now: number,
): FileState {
  if (removedAt !== undefined) return 'removed';
  if (reportedAt !== undefined) return 'reported';
  const ageInSeconds = arrivedAt === undefined ? 0 : (now - Date.parse(arrivedAt)) / 1000;
  return ageInSeconds > UNREPORTED_AFTER_IN_SECONDS ? 'unreported' : 'arriving';
}

/** The last part of an object key. */
export const nameInKey = (objectKey: string): string => objectKey.slice(objectKey.lastIndexOf('/') + 1);

const digest = (bytes: number, ...parts: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify(parts))
    .digest('hex')
    .slice(0, bytes * 2);

/** Hex digits of an object's id, with which the ids of its entries begin. */
export const OBJECT_ID_LENGTH = 32;

/** Names an object within the whole library. */
export const objectIdOf = (workspaceId: WorkspaceId, objectKey: string): string =>
  digest(OBJECT_ID_LENGTH / 2, workspaceId, objectKey);

/** The id of a version's entry. The bucket's notification and every report of the version meet the same id. */
export const uploadedFileId = ({ workspaceId, objectKey, versionId }: ObjectVersion): string =>
  objectIdOf(workspaceId, objectKey) + digest(8, versionId);

/** The id of a further entry for the same bytes under another name or path. */
export const linkedFileId = (file: ObjectVersion, name: string, path: string | undefined): string =>
  objectIdOf(file.workspaceId, file.objectKey) + digest(8, file.versionId, name, path ?? '');

/** Whether a text has the form of a file id. */
export const isFileId = (text: string): boolean => /^[0-9a-f]{48}$/.test(text);

/** Files of the same bytes are one file when they have the same name and path, too. */
export const nameIdOf = ({ name, path }: Pick<MediaFile, 'name' | 'path'>): string =>
  digest(8, name, path ?? '');

/**
 * What a flight counts files by. A file that went up twice, since the answer to its first report was lost, has two versions and is one file of
 * its flight.
 */
export const flightFileId = ({ name, path, fingerprint, eTag }: MediaFile): string =>
  digest(12, name, path ?? '', fingerprint !== undefined && isMd5(fingerprint) ? fingerprint : eTag);
