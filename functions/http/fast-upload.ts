/**
 * `POST /media/api/v1/workspaces/{workspace_id}/fast-upload`
 *
 * Pilot asks whether these bytes are already stored; success means that it skips the upload.
 */
import { linkExistingFile } from '../core/link-existing-file.ts';
import type { RecordUploadPorts } from '../core/record-upload.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { recordUploadPorts } from '../ports.ts';
import { FAST_UPLOAD, toFastUploadOutput, toUploadCandidate } from '../protocol/fast-upload.ts';

export const fastUpload =
  (ports: RecordUploadPorts): HttpEndpoint<typeof FAST_UPLOAD> =>
  async ({ workspaceId, reporter, raw, body }) =>
    toFastUploadOutput(
      await linkExistingFile(ports, toUploadCandidate(body, { workspaceId, reporter, raw })),
    );

export const handler = httpEndpoint(FAST_UPLOAD, fastUpload(recordUploadPorts()));
