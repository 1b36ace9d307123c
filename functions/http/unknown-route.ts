/**
 * `$default`
 *
 * Whatever no other route takes gets a 404 in the envelope that DJI's clients can read.
 */
import { RouteUnknownError } from '../core/errors.ts';
import { bodilessHttpEndpoint } from '../middleware/http-endpoint.ts';

export const handler = bodilessHttpEndpoint(async (asked) => {
  throw new RouteUnknownError(asked);
});
