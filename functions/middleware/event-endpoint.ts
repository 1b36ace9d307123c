import type { MetricName } from '../telemetry.ts';
import { logger } from './log.ts';
import { observedChain, refusalEndsWith } from './observed-chain.ts';

/** What the log line of an event tells, besides how it went. Nothing that is secret. */
export type LogKeys = Readonly<Record<string, string | number | boolean | undefined>>;

/** Handles an event that nobody waits for. Resolves to what its log line tells. */
export type EventEndpoint<Event> = (event: Event) => Promise<LogKeys>;

/**
 * The chain of what AWS tells by an event. A refusal ends it; at any other error Lambda repeats the event, and in the end keeps it
 * at the on-failure destination.
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
