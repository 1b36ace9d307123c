/**
 * `file_upload_callback` on `thing/product/{sn}/events`
 *
 * A dock reports an upload, by the same rule as Pilot; a reply of 0 means that it may delete its copy.
 */
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { s3ObjectStorage } from '../adapters/s3-object-storage.ts';
import { type RecordUploadPorts, recordUpload } from '../core/record-upload.ts';
import { MEDIA_BUCKET_NAME, MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import {
  FileUploadCallbackData,
  toDockUploadReport,
  toReportedCounts,
} from '../protocol/file-upload-callback.ts';

export const fileUploadCallback =
  (ports: RecordUploadPorts): DockEndpoint<FileUploadCallbackData> =>
  async ({ gateway, data, raw }) => {
    const { workspaceId, sn } = gateway;
    const report = toDockUploadReport(data, { workspaceId, reporter: { kind: 'dock', name: sn }, raw });
    await recordUpload(ports, report);
    const { flightId } = report.file;
    if (flightId !== undefined) {
      await ports.catalog.recordGroupProgress(
        workspaceId,
        flightId,
        toReportedCounts(data),
        new Date().toISOString(),
      );
    }
    return undefined;
  };

export const handler = dockEndpoint(
  'file_upload_callback',
  FileUploadCallbackData,
  fileUploadCallback({
    catalog: dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME)),
    storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
  }),
  dockPorts(),
  { replyChannel: 'events_reply' },
);
