/**
 * Messages without a `method` on `requests`, `services_reply` and `status`
 *
 * It is not known what they ask for, so they get no reply. They are logged and counted.
 */
import { MalformedRequestError } from '../core/errors.ts';
import { eventEndpoint } from '../middleware/event-endpoint.ts';
import { logger } from '../middleware/log.ts';
import { METRICS } from '../telemetry.ts';

export const handler = eventEndpoint(
  async ({ gateway_sn }: { readonly gateway_sn?: unknown }) => {
    logger.appendKeys({ gateway_sn });
    throw new MalformedRequestError('The message has no method');
  },
  { refusals: METRICS.dockMessageRefused },
);
