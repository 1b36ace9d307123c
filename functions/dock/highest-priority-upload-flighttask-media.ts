/**
 * `highest_priority_upload_flighttask_media` on `thing/product/{sn}/events`
 *
 * A dock reports the flight that it uploads first. DJI's example leaves out `method`, so a second rule passes
 * on events without one. They are malformed unless they name a flight.
 */
import type { PrioritizationLog } from '../core/flight-priority.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts, prioritizationLog } from '../ports.ts';
import { HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA } from '../protocol/flight-priority.ts';

export const highestPriorityUploadFlighttaskMedia =
  (log: PrioritizationLog): DockEndpoint<typeof HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA> =>
  async ({ gateway, data }) => {
    await log.started(gateway.workspaceId, data.flight_id, gateway.sn, new Date().toISOString());
  };

export const handler = dockEndpoint(
  HIGHEST_PRIORITY_UPLOAD_FLIGHTTASK_MEDIA,
  highestPriorityUploadFlighttaskMedia(prioritizationLog()),
  dockPorts(),
);
