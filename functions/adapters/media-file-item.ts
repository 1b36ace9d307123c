import type { Fingerprint, TinyFingerprint } from '../core/fingerprint.ts';
import type { EntryFacts, FileReport } from '../core/media-catalog.ts';
import { type MediaFile, type Reporter, type StoredObject, toMediaFile } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { FILE_PREFIX, type ItemKey, workspaceOf } from './media-table-keys.ts';

/** An entry in the table, with DJI's and S3's names in snake_case. Unknown values are absent. */
export interface MediaFileItem extends ItemKey {
  entity: 'file';
  object_key: string;
  version_id: string;
  linked_to?: string;
  surplus_of?: string;
  removed_at?: string;
  size?: number;
  etag?: string;
  content_type?: string;
  stored_at?: string;
  arrived_at?: string;
  md5?: string;
  unverified_because?: string;
  name?: string;
  path?: string;
  fingerprint?: string;
  tiny_fingerprint?: string;
  flight_id?: string;
  sub_file_type?: number;
  is_original?: boolean;
  drone_model_key?: string;
  payload_model_key?: string;
  drone_sn?: string;
  captured_at?: string;
  absolute_altitude?: number;
  relative_altitude?: number;
  gimbal_yaw_degree?: number;
  shoot_position?: { lat: number; lng: number };
  reported_by?: Reporter;
  reported_at?: string;
  raw?: string;
  refusal?: { fingerprint: string; reported_by: Reporter; refused_at: string; raw: string };
}

/** The attributes that a report sets, and which are removed when it is withdrawn. */
export const REPORT_ATTRIBUTES = [
  'name',
  'path',
  'fingerprint',
  'tiny_fingerprint',
  'flight_id',
  'sub_file_type',
  'is_original',
  'drone_model_key',
  'payload_model_key',
  'drone_sn',
  'captured_at',
  'absolute_altitude',
  'relative_altitude',
  'gimbal_yaw_degree',
  'shoot_position',
  'reported_by',
  'reported_at',
  'raw',
] as const satisfies readonly (keyof MediaFileItem)[];

type ReportAttributes = Pick<MediaFileItem, (typeof REPORT_ATTRIBUTES)[number]>;

const reportAttributes = (report: FileReport): ReportAttributes => {
  const { capture } = report;
  return present({
    name: report.name,
    // Empty when the device sent none: a later report must not give the entry another path.
    path: report.path ?? '',
    fingerprint: report.fingerprint as string | undefined,
    tiny_fingerprint: report.tinyFingerprint as string | undefined,
    flight_id: report.flightId,
    sub_file_type: report.subFileType,
    is_original: report.isOriginal,
    drone_model_key: report.droneModelKey,
    payload_model_key: report.payloadModelKey,
    drone_sn: report.droneSn,
    captured_at: capture.capturedAt,
    absolute_altitude: capture.absoluteAltitude,
    relative_altitude: capture.relativeAltitude,
    gimbal_yaw_degree: capture.gimbalYawDegree,
    shoot_position: capture.shootPosition && {
      lat: capture.shootPosition.latitude,
      lng: capture.shootPosition.longitude,
    },
    reported_by: report.reporter,
    reported_at: report.reportedAt,
    raw: report.raw,
  });
};

const storedAttributes = (stored: StoredObject | undefined) => ({
  size: stored?.sizeInBytes,
  etag: stored?.eTag,
  content_type: stored?.contentType,
  stored_at: stored?.storedAt,
});

/** The attributes that facts set. Each is kept once it is set. */
export const attributesOf = ({ report, ...facts }: EntryFacts): Partial<MediaFileItem> =>
  present({
    entity: 'file',
    object_key: facts.objectKey,
    version_id: facts.versionId,
    linked_to: facts.linkedTo,
    ...storedAttributes(facts.stored),
    arrived_at: facts.arrivedAt,
    md5: facts.md5 as string | undefined,
    unverified_because: facts.unverifiedBecause,
    ...(report && reportAttributes(report)),
  } as const);

export const fromItem = (item: MediaFileItem): MediaFile =>
  toMediaFile({
    workspaceId: workspaceOf(item.pk),
    fileId: item.sk.slice(FILE_PREFIX.length),
    objectKey: item.object_key,
    versionId: item.version_id,
    sizeInBytes: item.size ?? 0,
    eTag: item.etag ?? '',
    ...present({
      name: item.name,
      contentType: item.content_type,
      storedAt: item.stored_at,
      arrivedAt: item.arrived_at,
      md5: item.md5 as Fingerprint | undefined,
      unverifiedBecause: item.unverified_because,
      linkedTo: item.linked_to,
      surplusOf: item.surplus_of,
      removedAt: item.removed_at,
      path: item.path || undefined,
      fingerprint: item.fingerprint as Fingerprint | undefined,
      tinyFingerprint: item.tiny_fingerprint as TinyFingerprint | undefined,
      flightId: item.flight_id,
      subFileType: item.sub_file_type,
      isOriginal: item.is_original,
      droneModelKey: item.drone_model_key,
      payloadModelKey: item.payload_model_key,
      droneSn: item.drone_sn,
      reporter: item.reported_by,
      reportedAt: item.reported_at,
      raw: item.raw,
      refusal: item.refusal && {
        fingerprint: item.refusal.fingerprint as Fingerprint,
        reporter: item.refusal.reported_by,
        refusedAt: item.refusal.refused_at,
        raw: item.refusal.raw,
      },
    }),
    capture: present({
      capturedAt: item.captured_at,
      absoluteAltitude: item.absolute_altitude,
      relativeAltitude: item.relative_altitude,
      gimbalYawDegree: item.gimbal_yaw_degree,
      shootPosition: item.shoot_position && {
        latitude: item.shoot_position.lat,
        longitude: item.shoot_position.lng,
      },
    }),
  });
