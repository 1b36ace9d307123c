/**
 * `POST /media/api/v1/workspaces/{workspace_id}/upload-callback`
 *
 * Pilot reports an upload. After success it may delete its copy.
 */
import type { LibraryWithDigests } from '../core/library.ts';
import { recordUpload } from '../core/record-upload.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mediaLibrary } from '../ports.ts';
import { toUploadReport, UPLOAD_CALLBACK } from '../protocol/upload-callback.ts';

export const uploadCallback =
  (library: LibraryWithDigests): HttpEndpoint<typeof UPLOAD_CALLBACK> =>
  async ({ workspaceId, reporter, raw, body }) => {
    await recordUpload(library, toUploadReport(body, { workspaceId, reporter, raw }));
    return { object_key: body.object_key };
  };

export const handler = httpEndpoint(UPLOAD_CALLBACK, uploadCallback(mediaLibrary()));
