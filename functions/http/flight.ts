/**
 * `GET /media/api/v1/workspaces/{workspace_id}/flights/{flight_id}`
 *
 * How far the files of a flight have come, and what became of a wish to have it first.
 */
import * as v from 'valibot';
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { FlightUnknownError } from '../core/errors.ts';
import type { MediaCatalog } from '../core/media-catalog.ts';
import { MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { parseFlightId, toFlightOutput } from '../protocol/flight.ts';

export const flight =
  (catalog: Pick<MediaCatalog, 'findFlight'>): HttpEndpoint<unknown> =>
  async ({ workspaceId, pathParameters }) => {
    const flightId = parseFlightId(pathParameters['flight_id']);
    const found = await catalog.findFlight(workspaceId, flightId);
    if (found === undefined) throw new FlightUnknownError();
    return toFlightOutput(flightId, found, Date.now());
  };

export const handler = httpEndpoint(v.unknown(), flight(dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME))));
