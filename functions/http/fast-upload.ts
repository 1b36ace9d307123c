/**
 * `POST /media/api/v1/workspaces/{workspace_id}/fast-upload`
 *
 * Pilot asks whether these bytes are already stored; success means that it skips the upload.
 */
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { s3ObjectStorage } from '../adapters/s3-object-storage.ts';
import { linkExistingFile } from '../core/link-existing-file.ts';
import type { RecordUploadPorts } from '../core/record-upload.ts';
import { MEDIA_BUCKET_NAME, MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint, REPORT_LIMIT_IN_BYTES } from '../middleware/http-endpoint.ts';
import { FastUploadInput, toFastUploadOutput, toUploadCandidate } from '../protocol/fast-upload.ts';

export const fastUpload =
  (ports: RecordUploadPorts): HttpEndpoint<FastUploadInput> =>
  async ({ workspaceId, reporter, raw, body }) =>
    toFastUploadOutput(
      await linkExistingFile(ports, toUploadCandidate(body, { workspaceId, reporter, raw })),
    );

export const handler = httpEndpoint(
  FastUploadInput,
  fastUpload({
    catalog: dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME)),
    storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
  }),
  { bodyLimitInBytes: REPORT_LIMIT_IN_BYTES },
);
