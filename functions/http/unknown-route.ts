/**
 * `$default`
 *
 * Whatever no other route takes gets a 404 in the envelope that DJI's clients can read.
 */
import { RouteUnknownError } from '../core/errors.ts';
import { httpEndpoint } from '../middleware/http-endpoint.ts';
import { UNKNOWN_ROUTE } from '../protocol/unknown-route.ts';

export const handler = httpEndpoint(UNKNOWN_ROUTE, async ({ asked }) => {
  throw new RouteUnknownError(asked);
});
