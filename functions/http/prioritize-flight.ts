/**
 * `POST /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}/prioritize`
 *
 * An operator asks the dock to upload this flight before others; what comes of it stands in the flight.
 */
import { dynamoDbDeviceRegistry } from '../adapters/dynamodb-device-registry.ts';
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { dynamoDbPrioritizationLog } from '../adapters/dynamodb-prioritization-log.ts';
import { iotDevicePublisher } from '../adapters/iot-device-publisher.ts';
import { type PrioritizeFlightPorts, prioritizeFlight as prioritize } from '../core/prioritize-flight.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { PrioritizeFlightInput, parseFlightId } from '../protocol/flight.ts';

export const prioritizeFlight =
  (ports: PrioritizeFlightPorts): HttpEndpoint<PrioritizeFlightInput> =>
  async ({ workspaceId, pathParameters, body }) => {
    const flightId = parseFlightId(pathParameters['flight_id']);
    const { tid, bid, gatewaySn } = await prioritize(ports, workspaceId, flightId, body?.gateway_sn);
    return { tid, bid, gateway_sn: gatewaySn };
  };

const tableName = requireEnv(MEDIA_TABLE_NAME);

export const handler = httpEndpoint(
  PrioritizeFlightInput,
  prioritizeFlight({
    catalog: dynamoDbMediaCatalog(tableName),
    log: dynamoDbPrioritizationLog(tableName),
    registry: dynamoDbDeviceRegistry(tableName),
    publisher: iotDevicePublisher(),
  }),
);
