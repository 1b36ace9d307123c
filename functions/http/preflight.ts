/**
 * `OPTIONS /{proxy+}`
 *
 * API Gateway adds the CORS headers of its configuration. Without this route, `$default` would respond 404, and
 * browsers accept only 2xx.
 */
import { httpEndpoint } from '../middleware/http-endpoint.ts';
import { PREFLIGHT } from '../protocol/preflight.ts';

export const handler = httpEndpoint(PREFLIGHT, async () => ({}));
