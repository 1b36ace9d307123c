import { createHash } from 'node:crypto';
import { type FileKind, kindOf } from './file-kinds.ts';
import { type Fingerprint, type Integrity, integrityOf, isMd5, type TinyFingerprint } from './fingerprint.ts';
import type { WorkspaceId } from './workspace.ts';

/** Degrees, WGS-84. */
export interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

/** What a device reports of the moment of capture, normalised. */
export interface Capture {
  /** ISO 8601: in UTC with `Z` when the device reported an offset, else local time without one. */
  readonly capturedAt?: string;
  /** Metres above sea level or the ellipsoid, as the drone reports it. */
  readonly absoluteAltitude?: number;
  /** Metres above the take-off point. */
  readonly relativeAltitude?: number;
  readonly gimbalYawDegree?: number;
  /** Absent without a GPS fix. */
  readonly shootPosition?: Position;
}

/** What is known of a file besides its bytes. */
export interface FileDescription {
  readonly name: string;
  /** The path in the device's report; absent for a file that was not taken on a wayline. */
  readonly path?: string;
  readonly fingerprint?: Fingerprint;
  readonly tinyFingerprint?: TinyFingerprint;
  /** DJI's `file_group_id` from Pilot, `flight_id` from a dock. All files of a flight have the same. */
  readonly flightId?: string;
  /** DJI's number: 0 for a photo, 1 for a panorama. Others are kept as they are. */
  readonly subFileType?: number;
  /** False for a preview. */
  readonly isOriginal?: boolean;
  readonly droneModelKey?: string;
  readonly payloadModelKey?: string;
  readonly droneSn?: string;
  readonly capture: Capture;
}

/** Who reported a file: a user of Pilot, or a dock. */
export interface Reporter {
  readonly kind: 'pilot' | 'dock';
  /** The user's name, or the gateway's serial number. */
  readonly name: string;
}

/** What object storage says about a version of an object. */
export interface StoredObject {
  readonly sizeInBytes: number;
  /** Without quotes, lower case. */
  readonly eTag: string;
  /** `null`, as in S3, in a bucket without versioning. */
  readonly versionId: string;
  readonly contentType?: string;
  /** ISO 8601, UTC. */
  readonly storedAt?: string;
}

/** One version of an object in a workspace. */
export interface ObjectVersion {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  readonly versionId: string;
}

/** Identifies an entry, and the version that it is about. */
export interface EntryRef extends ObjectVersion {
  readonly fileId: string;
}

/** The identity alone, without what else is known of the entry. */
export const entryRefOf = ({ workspaceId, objectKey, versionId, fileId }: EntryRef): EntryRef => ({
  workspaceId,
  objectKey,
  versionId,
  fileId,
});

/** A report that contradicts the bytes. The device was refused and keeps its copy. */
export interface Refusal {
  readonly fingerprint: Fingerprint;
  readonly reporter: Reporter;
  /** ISO 8601, UTC. */
  readonly refusedAt: string;
  /** The device's message as JSON text. */
  readonly raw: string;
}

/**
 * An entry of the library: a version of an object, or another name for one. The device's report and the
 * bucket's notification are merged into it, in either order.
 */
export interface MediaFile extends FileDescription, StoredObject, ObjectVersion {
  readonly fileId: string;
  /** Without a report it is the last part of the object key. */
  readonly name: string;
  readonly kind: FileKind;
  readonly integrity: Integrity;
  /** MD5 of the stored bytes: S3's own, or computed by this library. */
  readonly md5?: Fingerprint;
  /** Why the bytes were not read, when they never will be. */
  readonly unverifiedBecause?: string;
  /** ISO 8601, UTC: when the bucket's notification was processed. */
  readonly arrivedAt?: string;
  /** Who reported it, when, and the device's message as JSON text. Absent until a device does. */
  readonly reporter?: Reporter;
  readonly reportedAt?: string;
  readonly raw?: string;
  readonly refusal?: Refusal;
  /** The entry of the uploaded bytes, when this entry is another name for them. */
  readonly linkedTo?: string;
  /** The listed entry of the same name, path and bytes; this version is a spare. */
  readonly surplusOf?: string;
  /** ISO 8601, UTC: when the library noticed that its bytes are gone, or under a delete marker. */
  readonly removedAt?: string;
}

/** The stored facts of an entry. The rest is derived. */
export type MediaFileFacts = Omit<MediaFile, 'name' | 'kind' | 'integrity' | 'capture'> & {
  readonly name?: string | undefined;
  readonly capture?: Capture;
};

/** The entry with these facts. */
export function toMediaFile({ unverifiedBecause, ...facts }: MediaFileFacts): MediaFile {
  const name = facts.name ?? nameInKey(facts.objectKey);
  return {
    ...facts,
    // A command without a time limit may have read them since.
    ...(unverifiedBecause !== undefined && facts.md5 === undefined && { unverifiedBecause }),
    name,
    kind: kindOf(name),
    integrity: integrityOf(facts),
    capture: facts.capture ?? {},
  };
}

/** The state of an entry. */
export type FileState = 'arriving' | 'unreported' | 'reported' | 'removed';

/** Devices report within seconds. After this time without a report, a file is `unreported`. */
export const UNREPORTED_AFTER_IN_SECONDS = 15 * 60;

/** `now` is in milliseconds. */
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

/** Length of an object's id in hex digits. The ids of its entries begin with it. */
export const OBJECT_ID_LENGTH = 32;

/** Identifies an object in the whole library. */
export const objectIdOf = (workspaceId: WorkspaceId, objectKey: string): string =>
  digest(OBJECT_ID_LENGTH / 2, workspaceId, objectKey);

/** The id of a version's entry. The bucket's notification and all reports of the version have the same id. */
export const uploadedFileId = ({ workspaceId, objectKey, versionId }: ObjectVersion): string =>
  objectIdOf(workspaceId, objectKey) + digest(8, versionId);

/** The id of another entry for the same bytes with another name or path. */
export const linkedFileId = (file: ObjectVersion, name: string, path: string | undefined): string =>
  objectIdOf(file.workspaceId, file.objectKey) + digest(8, file.versionId, name, path ?? '');

/** Whether text has the form of a file id. */
export const isFileId = (text: string): boolean => /^[0-9a-f]{48}$/.test(text);

/** Files with the same bytes are one file when they have the same name and path. */
export const nameIdOf = ({ name, path }: Pick<MediaFile, 'name' | 'path'>): string =>
  digest(8, name, path ?? '');

/**
 * What a flight counts. A file that was uploaded twice, because the response to its first report was lost,
 * has two versions but is one file of its flight.
 */
export const flightFileId = ({ name, path, fingerprint, eTag }: MediaFile): string =>
  digest(12, name, path ?? '', fingerprint !== undefined && isMd5(fingerprint) ? fingerprint : eTag);
