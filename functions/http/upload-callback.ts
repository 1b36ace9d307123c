/**
 * `POST /media/api/v1/workspaces/{workspace_id}/upload-callback`
 *
 * Pilot reports an upload; success means that it may delete its copy.
 */
import { type RecordUploadPorts, recordUpload } from '../core/record-upload.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { recordUploadPorts } from '../ports.ts';
import { toUploadReport, UPLOAD_CALLBACK } from '../protocol/upload-callback.ts';

export const uploadCallback =
  (ports: RecordUploadPorts): HttpEndpoint<typeof UPLOAD_CALLBACK> =>
  async ({ workspaceId, reporter, raw, body }) => {
    await recordUpload(ports, toUploadReport(body, { workspaceId, reporter, raw }));
    return { object_key: body.object_key };
  };

export const handler = httpEndpoint(UPLOAD_CALLBACK, uploadCallback(recordUploadPorts()));
