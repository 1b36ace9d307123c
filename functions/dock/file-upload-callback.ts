/**
 * `file_upload_callback` on `thing/product/{sn}/events`
 *
 * A dock reports an upload, by the same rule as Pilot; a reply of 0 means that it may delete its copy.
 */
import { type RecordUploadPorts, recordUpload } from '../core/record-upload.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts, recordUploadPorts } from '../ports.ts';
import {
  FILE_UPLOAD_CALLBACK,
  toDockUploadReport,
  toReportedCounts,
} from '../protocol/file-upload-callback.ts';

export const fileUploadCallback =
  (ports: RecordUploadPorts): DockEndpoint<typeof FILE_UPLOAD_CALLBACK> =>
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
  };

export const handler = dockEndpoint(
  FILE_UPLOAD_CALLBACK,
  fileUploadCallback(recordUploadPorts()),
  dockPorts(),
);
