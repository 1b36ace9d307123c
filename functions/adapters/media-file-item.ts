import type { FileKind } from '../core/file-kinds.ts';
import type { Fingerprint, Integrity, TinyFingerprint } from '../core/fingerprint.ts';
import type { MediaFile, Position } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import type { WorkspaceId } from '../core/workspace.ts';

/** A file as it stands in the table: DJI's and S3's names, snake_case, absent where unknown. */
export interface MediaFileItem {
  file_id: string;
  linked_to?: string;
  workspace_id: string;
  object_key: string;
  name: string;
  path?: string;
  kind: FileKind;
  fingerprint?: string;
  tiny_fingerprint?: string;
  integrity: Integrity;
  size: number;
  etag: string;
  version_id?: string;
  content_type?: string;
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
  reported_by: { kind: 'pilot' | 'dock'; name: string };
  recorded_at: string;
  raw: string;
}

const toWirePosition = (position: Position | undefined) =>
  position && { lat: position.latitude, lng: position.longitude };

export const toItem = (file: MediaFile): MediaFileItem =>
  present({
    file_id: file.fileId,
    linked_to: file.linkedTo,
    workspace_id: file.workspaceId,
    object_key: file.objectKey,
    name: file.name,
    path: file.path,
    kind: file.kind,
    fingerprint: file.fingerprint,
    tiny_fingerprint: file.tinyFingerprint,
    integrity: file.integrity,
    size: file.sizeInBytes,
    etag: file.eTag,
    version_id: file.versionId,
    content_type: file.contentType,
    flight_id: file.flightId,
    sub_file_type: file.subFileType,
    is_original: file.isOriginal,
    drone_model_key: file.droneModelKey,
    payload_model_key: file.payloadModelKey,
    drone_sn: file.droneSn,
    captured_at: file.capture.capturedAt,
    absolute_altitude: file.capture.absoluteAltitude,
    relative_altitude: file.capture.relativeAltitude,
    gimbal_yaw_degree: file.capture.gimbalYawDegree,
    shoot_position: toWirePosition(file.capture.shootPosition),
    reported_by: file.reporter,
    recorded_at: file.recordedAt,
    raw: file.raw,
  }) as MediaFileItem;

export const fromItem = (item: MediaFileItem): MediaFile => ({
  fileId: item.file_id,
  workspaceId: item.workspace_id as WorkspaceId,
  objectKey: item.object_key,
  name: item.name,
  kind: item.kind,
  integrity: item.integrity,
  sizeInBytes: item.size,
  eTag: item.etag,
  reporter: item.reported_by,
  recordedAt: item.recorded_at,
  raw: item.raw,
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
  ...present({
    linkedTo: item.linked_to,
    path: item.path,
    fingerprint: item.fingerprint as Fingerprint | undefined,
    tinyFingerprint: item.tiny_fingerprint as TinyFingerprint | undefined,
    versionId: item.version_id,
    contentType: item.content_type,
    flightId: item.flight_id,
    subFileType: item.sub_file_type,
    isOriginal: item.is_original,
    droneModelKey: item.drone_model_key,
    payloadModelKey: item.payload_model_key,
    droneSn: item.drone_sn,
  }),
});
