/**
 * `highest_priority_upload_flighttask_media` on `thing/product/{sn}/events`
 *
 * A dock announces the flight that it uploads before others. DJI's own example leaves `method` out, so a second rule hands over events
 * without one; they are malformed unless they name a flight.
 */
import * as v from 'valibot';
import { dynamoDbPrioritizationLog } from '../adapters/dynamodb-prioritization-log.ts';
import type { PrioritizationLog } from '../core/flight-priority.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { dockPorts } from '../middleware/dock-ports.ts';
import { type DockEndpoint, dockEndpoint } from '../middleware/mqtt-endpoint.ts';
import { RequiredDeviceIdentifier } from '../protocol/fields.ts';

const HighestPriorityData = v.object({ flight_id: RequiredDeviceIdentifier });

export const highestPriorityUploadFlighttaskMedia =
  (log: PrioritizationLog): DockEndpoint<v.InferOutput<typeof HighestPriorityData>> =>
  async ({ gateway, data }) => {
    await log.started(gateway.workspaceId, data.flight_id, gateway.sn, new Date().toISOString());
    return undefined;
  };

export const handler = dockEndpoint(
  'highest_priority_upload_flighttask_media',
  HighestPriorityData,
  highestPriorityUploadFlighttaskMedia(dynamoDbPrioritizationLog(requireEnv(MEDIA_TABLE_NAME))),
  dockPorts(),
  { replyChannel: 'events_reply' },
);
