/**
 * `POST /media/api/v1/workspaces/{workspace_id}/group-upload-callback`
 *
 * Pilot tells how many files of a flight there are and how many have gone up, again and again.
 */
import type { MediaCatalog } from '../core/media-catalog.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mediaCatalog } from '../ports.ts';
import { GROUP_UPLOAD_CALLBACK } from '../protocol/group-upload-callback.ts';

export const groupUploadCallback =
  (catalog: MediaCatalog): HttpEndpoint<typeof GROUP_UPLOAD_CALLBACK> =>
  async ({ workspaceId, body }) => {
    // Without an id there is no group to keep the counts of.
    if (body.file_group_id === undefined) return {};
    const counts = { expectedFileCount: body.file_count, uploadedFileCount: body.file_uploaded_count };
    await catalog.recordGroupProgress(workspaceId, body.file_group_id, counts, new Date().toISOString());
    return {};
  };

export const handler = httpEndpoint(GROUP_UPLOAD_CALLBACK, groupUploadCallback(mediaCatalog()));
