/**
 * `GET /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}`
 *
 * Returns the progress of a flight, and the state of a request to upload it first.
 */
import { FlightUnknownError } from '../core/errors.ts';
import type { Flights } from '../core/media-catalog.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { flights } from '../ports.ts';
import { FLIGHT, parseFlightId, toFlightOutput } from '../protocol/flight.ts';

export const flight =
  (catalog: Pick<Flights, 'findFlight'>): HttpEndpoint<typeof FLIGHT> =>
  async ({ workspaceId, pathParameters }) => {
    const flightId = parseFlightId(pathParameters['flight_id']);
    const found = await catalog.findFlight(workspaceId, flightId);
    if (found === undefined) throw new FlightUnknownError();
    return toFlightOutput(flightId, found, Date.now());
  };

export const handler = httpEndpoint(FLIGHT, flight(flights()));
