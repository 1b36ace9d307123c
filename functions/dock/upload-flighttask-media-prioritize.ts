/**
 * `upload_flighttask_media_prioritize` on `thing/product/{sn}/services_reply`
 *
 * A dock's reply to an operator's request, identified by `tid` and `bid`.
 */
import type { PrioritizationLog } from '../core/flight-priority.ts';
import { logger } from '../middleware/log.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { dockPorts, prioritizationLog } from '../ports.ts';
import { UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE } from '../protocol/flight-priority.ts';

export const uploadFlighttaskMediaPrioritize =
  (log: PrioritizationLog): DockEndpoint<typeof UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE> =>
  async ({ gateway, data, tid, bid }) => {
    // False when there was no request, or a newer one has replaced it.
    logger.appendKeys({ awaited: await log.answer(gateway.sn, tid, bid, data.result) });
  };

export const handler = dockEndpoint(
  UPLOAD_FLIGHTTASK_MEDIA_PRIORITIZE,
  uploadFlighttaskMediaPrioritize(prioritizationLog()),
  dockPorts(),
);
