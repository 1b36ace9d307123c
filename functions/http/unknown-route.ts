/**
 * `$default`
 *
 * Whatever no other route takes gets a 404 in the envelope that DJI's clients can read.
 */
import * as v from 'valibot';
import { RouteUnknownError } from '../core/errors.ts';
import { openHttpEndpoint } from '../middleware/http-endpoint.ts';

export const handler = openHttpEndpoint(v.unknown(), async ({ asked }) => {
  throw new RouteUnknownError(asked);
});
