/**
 * `$default`
 *
 * Requests without another route get a 404 with DJI's envelope.
 */
import { RouteUnknownError } from '../core/errors.ts';
import { httpEndpoint } from '../middleware/http-endpoint.ts';
import { UNKNOWN_ROUTE } from '../protocol/unknown-route.ts';

export const handler = httpEndpoint(UNKNOWN_ROUTE, async ({ asked }) => {
  throw new RouteUnknownError(asked);
});
