import type { MetricName } from '../telemetry.ts';
import { logger } from './log.ts';
import { observedChain, refusalEndsWith } from './observed-chain.ts';

/** Keys of an event's log line. They must not be secret. */
export type LogKeys = Readonly<Record<string, string | number | boolean | undefined>>;

/** Handles an asynchronous event. Resolves to the keys of its log line. */
export type EventEndpoint<Event> = (event: Event) => Promise<LogKeys>;

/**
 * The chain of functions with events. A refusal ends the call. After any other error Lambda retries the
 * event, and sends it to the on-failure destination in the end.
 */
export const eventEndpoint = <Event>(
  endpoint: EventEndpoint<Event>,
  { refusals }: { readonly refusals?: MetricName } = {},
) =>
  observedChain<Event, null>(refusals ? { refusals } : {})
    .use(refusalEndsWith(null))
    .handler(async (event: Event) => {
      logger.appendKeys(await endpoint(event));
      return null;
    });
