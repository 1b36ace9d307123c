import { describe, expect, it } from 'vitest';
import type { FoundFile } from '../../devices/common/files.ts';
import type { FileMetadata } from '../../devices/common/metadata.ts';
import {
  businessPath,
  droneOf,
  type FlightFile,
  fileUploadCallbackData,
  keySuffixes,
} from '../../devices/dock/flight-files.ts';
import { kindOf } from '../../functions/core/file-kinds.ts';
import { decode } from '../../functions/middleware/validated-input.ts';
import { FileUploadCallbackData, toDockUploadReport } from '../../functions/protocol/file-upload-callback.ts';
import { WORKSPACE } from '../fixtures/library.ts';

const FLIGHT = '0e1f9b7e-5d2e-4ed6-9a57-8a5b53a2f7a1';
const DRONE = { sn: '1581F5BMD22CK00A1234', modelKey: '0-91-0', payloadModelKey: '1-80-0' };
const CAPTURED = {
  local: { year: 2026, month: 4, day: 12, hour: 9, minute: 3, second: 5 },
  offsetInMinutes: 120,
};
const PHOTO: FileMetadata = {
  captured: CAPTURED,
  absoluteAltitude: 483.4,
  relativeAltitude: 95,
  gimbalYawDegree: -91.4,
  position: { lat: 48.72915, lng: 11.03482 },
};

const found = (path: string): FoundFile => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return {
    absolutePath: `/card/${path}`,
    path,
    directory: path.slice(0, Math.max(0, path.lastIndexOf('/'))),
    name,
    kind: kindOf(name),
    contentType: 'image/jpeg',
    bytes: 1,
    modifiedAtInMilliseconds: 1,
    changedAtInMilliseconds: 1,
    inode: 1,
  };
};

const flightFile = (path: string, metadata: FileMetadata = PHOTO): FlightFile => ({
  ...found(path),
  metadata,
  keySuffix: `${FLIGHT}/${path}`,
  businessPath: 'DJI_202604120928_001',
});

const event = (file: FlightFile) =>
  fileUploadCallbackData(file, `${WORKSPACE}/a/b/${file.keySuffix}`, FLIGHT, DRONE, {
    uploaded: 1,
    expected: 5,
  });

const reported = (file: FlightFile) =>
  toDockUploadReport(decode(FileUploadCallbackData, event(file)), {
    workspaceId: WORKSPACE,
    reporter: { kind: 'dock', name: 'DOCK1' },
    raw: '',
  }).file;

describe('the event that reports a file', () => {
  it('has the documented form since 1.11', () => {
    expect(event(flightFile('DJI_20260412090305_0001_W.JPG'))).toEqual({
      file: {
        object_key: `${WORKSPACE}/a/b/${FLIGHT}/DJI_20260412090305_0001_W.JPG`,
        path: 'DJI_202604120928_001',
        name: 'DJI_20260412090305_0001_W.JPG',
        ext: {
          flight_id: FLIGHT,
          drone_model_key: '0-91-0',
          payload_model_key: '1-80-0',
          is_original: true,
        },
        metadata: {
          create_time: '2026-04-12 09:03:05',
          gimbal_yaw_degree: '-91.40',
          absolute_altitude: 483.4,
          relative_altitude: 95,
          shoot_position: { lat: 48.72915, lng: 11.03482 },
        },
        cloud_to_cloud_id: 'DEFAULT',
      },
      flight_task: { uploaded_file_count: 1, expected_file_count: 5, flight_type: 0 },
    });
  });

  it('leaves out what a video does not have', () => {
    const { capture } = reported(flightFile('DJI_20260412090305_0002_W.MP4', { captured: CAPTURED }));
    expect(capture).toEqual({ capturedAt: '2026-04-12T09:03:05' });
  });

  it('has empty metadata for sidecars', () => {
    expect(event(flightFile('DJI_202604120928_001_Timestamp.MRK', { captured: CAPTURED }))).toMatchObject({
      file: { metadata: { create_time: '', gimbal_yaw_degree: '', shoot_position: { lat: 0, lng: 0 } } },
    });
  });

  it('has the camera of the photo when it is known', () => {
    const metadata = { ...PHOTO, droneModelKey: '0-99-1', payloadModelKey: '1-89-0' };
    expect(reported(flightFile('a.JPG', metadata))).toMatchObject({
      droneModelKey: '0-99-1',
      payloadModelKey: '1-89-0',
      flightId: FLIGHT,
      isOriginal: true,
    });
  });
});

describe('object keys of a flight', () => {
  it('are {flight_id}/{name}, in any folder', () => {
    const suffixes = keySuffixes([found('a/1.JPG'), found('b/2.JPG'), found('3.mrk')], 'F');
    expect([...suffixes.values()]).toEqual(['F/1.JPG', 'F/2.JPG', 'F/3.mrk']);
  });

  it('include the folders of files with the same name', () => {
    const suffixes = keySuffixes([found('a/1.JPG'), found('b/1.JPG'), found('1.JPG'), found('b/2.JPG')], 'F');
    expect([...suffixes.values()]).toEqual(['F/a/1.JPG', 'F/b/1.JPG', 'F/1.JPG', 'F/2.JPG']);
  });

  it('have the folder on the card as their path', () => {
    expect(businessPath(found('DJI_001/1.JPG'), '/media/card')).toBe('DJI_001');
    expect(businessPath(found('1.JPG'), '/media/card')).toBe('card');
  });
});

describe('the drone of a dock', () => {
  it('is the one of most photos', () => {
    const other = { ...PHOTO, droneModelKey: '0-77-0', serialNumber: 'AAA' };
    const most = { ...PHOTO, droneModelKey: '0-91-1', payloadModelKey: '1-81-0', serialNumber: 'BBB' };
    expect(droneOf([other, most, most, { captured: CAPTURED }], 'FALLBACK')).toEqual({
      sn: 'BBB',
      modelKey: '0-91-1',
      payloadModelKey: '1-81-0',
    });
  });

  it('is a Matrice 3D when they have none, or an invalid serial number', () => {
    expect(droneOf([{ ...PHOTO, serialNumber: '../../#' }], 'FALLBACK')).toEqual({
      sn: 'FALLBACK',
      modelKey: '0-91-0',
      payloadModelKey: '1-80-0',
    });
  });
});
