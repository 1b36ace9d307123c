/**
 * `POST /media/api/v1/workspaces/{workspace_id}/fast-upload`
 *
 * Pilot asks whether these bytes are stored. After success it skips the upload.
 */

import type { Library } from '../core/library.ts';
import { linkExistingFile } from '../core/link-existing-file.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mediaLibrary } from '../ports.ts';
import { FAST_UPLOAD, toFastUploadOutput, toUploadCandidate } from '../protocol/fast-upload.ts';

export const fastUpload =
  (library: Library): HttpEndpoint<typeof FAST_UPLOAD> =>
  async ({ workspaceId, reporter, raw, body }) =>
    toFastUploadOutput(
      await linkExistingFile(library, toUploadCandidate(body, { workspaceId, reporter, raw })),
    );

export const handler = httpEndpoint(FAST_UPLOAD, fastUpload(mediaLibrary()));
