/**
 * `POST /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}/prioritize`
 *
 * An operator asks the dock to upload this flight before others. `GET …/flights/{flight_id}` shows the
 * result.
 */
import { type PrioritizeFlightPorts, prioritizeFlight as prioritize } from '../core/prioritize-flight.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { prioritizeFlightPorts } from '../ports.ts';
import { PRIORITIZE_FLIGHT, parseFlightId } from '../protocol/flight.ts';

export const prioritizeFlight =
  (ports: PrioritizeFlightPorts): HttpEndpoint<typeof PRIORITIZE_FLIGHT> =>
  async ({ workspaceId, pathParameters, body }) => {
    const flightId = parseFlightId(pathParameters['flight_id']);
    const { tid, bid, gatewaySn } = await prioritize(ports, workspaceId, flightId, body?.gateway_sn);
    return { tid, bid, gateway_sn: gatewaySn };
  };

export const handler = httpEndpoint(PRIORITIZE_FLIGHT, prioritizeFlight(prioritizeFlightPorts()));
