/** A `file_upload_callback` as docks sent it in 2024, about an object that a benchmark has uploaded. */
import { randomUUID } from 'node:crypto';

/** The file that the event reports. */
export interface DockUpload {
  readonly gatewaySn: string;
  readonly flightId: string;
  readonly objectKey: string;
}

/** The event, with new ids. */
export function fileUploadCallbackEvent({ gatewaySn, flightId, objectKey }: DockUpload) {
  const name = objectKey.slice(objectKey.lastIndexOf('/') + 1);
  return {
    tid: randomUUID(),
    bid: randomUUID(),
    timestamp: Date.now(),
    gateway: gatewaySn,
    method: 'file_upload_callback',
    need_reply: 1,
    data: {
      file: {
        object_key: objectKey,
        path: 'DJI_202405161140_003_0e1f9b7e',
        name,
        ext: {
          flight_id: flightId,
          drone_model_key: '0-67-0',
          payload_model_key: '1-53-0',
          is_original: true,
        },
        metadata: {
          absolute_altitude: 56.311,
          relative_altitude: 41.124,
          shoot_position: { lat: 22.1, lng: 122.5 },
          gimbal_yaw_degree: '-91.40',
          create_time: '2021-05-10T08:04:20Z',
        },
        cloud_to_cloud_id: 'DEFAULT',
      },
    },
  };
}
