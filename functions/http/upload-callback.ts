/**
 * `POST /media/api/v1/workspaces/{workspace_id}/upload-callback`
 *
 * Pilot reports an upload; success means that it may delete its copy.
 */
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { s3ObjectStorage } from '../adapters/s3-object-storage.ts';
import { type RecordUploadPorts, recordUpload } from '../core/record-upload.ts';
import { MEDIA_BUCKET_NAME, MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint, REPORT_LIMIT_IN_BYTES } from '../middleware/http-endpoint.ts';
import { toUploadReport, UploadCallbackInput } from '../protocol/upload-callback.ts';

export const uploadCallback =
  (ports: RecordUploadPorts): HttpEndpoint<UploadCallbackInput> =>
  async ({ workspaceId, reporter, raw, body }) => {
    await recordUpload(ports, toUploadReport(body, { workspaceId, reporter, raw }));
    return { object_key: body.object_key };
  };

export const handler = httpEndpoint(
  UploadCallbackInput,
  uploadCallback({
    catalog: dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME)),
    storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
  }),
  { bodyLimitInBytes: REPORT_LIMIT_IN_BYTES },
);
