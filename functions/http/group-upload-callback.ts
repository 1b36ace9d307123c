/**
 * `POST /media/api/v1/workspaces/{workspace_id}/group-upload-callback`
 *
 * Pilot repeatedly reports how many files a flight has, and how many are uploaded.
 */
import { recordGroupProgress } from '../core/record-group-progress.ts';
import type { WatchFlightPorts } from '../core/watch-flight.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { flights, flightWatchPorts } from '../ports.ts';
import { GROUP_UPLOAD_CALLBACK } from '../protocol/group-upload-callback.ts';

export const groupUploadCallback =
  (library: WatchFlightPorts): HttpEndpoint<typeof GROUP_UPLOAD_CALLBACK> =>
  async ({ workspaceId, body }) => {
    // Without an id, the counts belong to no group.
    if (body.file_group_id === undefined) return {};
    const flight = { workspaceId, flightId: body.file_group_id, owner: 'pilot' } as const;
    const counts = { expectedFileCount: body.file_count, uploadedFileCount: body.file_uploaded_count };
    await recordGroupProgress(library, flight, counts);
    return {};
  };

export const handler = httpEndpoint(
  GROUP_UPLOAD_CALLBACK,
  groupUploadCallback({ catalog: flights(), ...flightWatchPorts() }),
);
