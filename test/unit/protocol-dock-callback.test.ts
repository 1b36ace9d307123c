import { describe, expect, it } from 'vitest';
import { decode } from '../../functions/middleware/validated-input.ts';
import { DockMessage, wantsReply } from '../../functions/protocol/dock-message.ts';
import {
  FileUploadCallbackData,
  toDockUploadReport,
  toReportedCounts,
} from '../../functions/protocol/file-upload-callback.ts';
import { fixture, fixtures } from '../fixtures/fixture.ts';
import { FINGERPRINT, WORKSPACE } from '../fixtures/library.ts';

const origin = {
  workspaceId: WORKSPACE,
  reporter: { kind: 'dock', name: '4TADKAQ000002J' },
  raw: '',
} as const;

const dataOf = (name: string) => decode(FileUploadCallbackData, fixture('dock', name).body.data);
const reportOf = (name: string) => toDockUploadReport(dataOf(name), origin);

const SHAPES = fixtures('dock', 'file-upload-callback-20');

/** What the shapes say of the same photo; only the zone of the time differs. */
const TIMES: Record<string, string> = {
  'file-upload-callback-2023-10': '2021-05-10T08:04:20.000Z',
  'file-upload-callback-2024-07': '2021-05-10T08:04:20.000Z',
};

describe('file_upload_callback', () => {
  it('has a fixture for every known shape', () => {
    expect(SHAPES.map(({ name }) => name.replace('file-upload-callback-', ''))).toEqual([
      '2022-07',
      '2022-11',
      '2023-03',
      '2023-10',
      '2023-12',
      '2024-07',
      '2025',
    ]);
  });

  it.each(SHAPES)('has the same photo in $name', ({ name, body }) => {
    expect(reportOf(name)).toEqual({
      ...origin,
      objectKey: body.data.file.object_key,
      result: 0,
      file: {
        name: 'DJI_20240516114207_0001_W.JPG',
        path: 'DJI_202405161140_003_0e1f9b7e',
        flightId: '0e1f9b7e-5d2e-4ed6-9a57-8a5b53a2f7a1',
        droneModelKey: '0-67-0',
        payloadModelKey: '1-53-0',
        isOriginal: true,
        ...(name.endsWith('2022-07') && { fingerprint: FINGERPRINT }),
        capture: {
          capturedAt: TIMES[name] ?? '2021-05-10T16:04:20',
          absoluteAltitude: 56.311,
          relativeAltitude: 41.124,
          gimbalYawDegree: -91.4,
          shootPosition: { latitude: 22.1, longitude: 122.5 },
        },
      },
    });
  });

  it.each(SHAPES)('wants a reply in $name, as a number or as a boolean', ({ body }) => {
    expect(wantsReply(decode(DockMessage, body))).toBe(true);
  });

  it('accepts a file with empty metadata', () => {
    expect(reportOf('file-upload-callback-sidecar').file).toMatchObject({
      name: 'DJI_20240516114207_0001_PPKNAV.nav',
      capture: { capturedAt: '2024-05-16T11:42:07', absoluteAltitude: 0, relativeAltitude: 0 },
    });
    expect(reportOf('file-upload-callback-sidecar').file.capture).not.toHaveProperty('shootPosition');
  });

  it('has the counts of the flight when the firmware sends them', () => {
    expect(toReportedCounts(dataOf('file-upload-callback-2024-07'))).toEqual({
      uploadedFileCount: 1,
      expectedFileCount: 2,
    });
    expect(toReportedCounts(dataOf('file-upload-callback-2025'))).toEqual({});
  });
});
