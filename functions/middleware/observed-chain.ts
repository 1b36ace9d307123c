import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type Request } from '@middy/core';
import type { MetricName } from '../telemetry.ts';
import { responseTo } from './error-responses.ts';
import { logger, metrics } from './log.ts';

/** Time for a response before Lambda ends the function. */
const TIMEOUT_EARLY_IN_MILLISECONDS = 500;

/** What differs between kinds of chains. */
export interface ChainOptions {
  /**
   * Counts all calls that were refused or failed, besides the metric of the error.
   * @default none
   */
  readonly refusals?: MetricName;
}

const statusOf = (response: unknown): number | undefined =>
  typeof response === 'object' && response !== null && 'statusCode' in response
    ? Number(response.statusCode)
    : undefined;

/** Removes the log keys of an earlier call. */
const requestStart = ({ context }: Request): void => {
  logger.resetKeys();
  logger.appendKeys({ function_request_id: context.awsRequestId });
};

/** Logs one line for each call, with its result, and counts the metric of its error. */
const requestEnd =
  ({ refusals }: ChainOptions) =>
  ({ error, response }: Request): void => {
    const failure = error ? responseTo(error) : undefined;
    const status = statusOf(response) ?? failure?.status;
    const outcome = {
      ...(status !== undefined && { status }),
      ...(failure && { code: failure.code }),
    };
    if (failure !== undefined && failure.status >= 500)
      logger.error('failed', { ...outcome, error: error as Error });
    else if (failure !== undefined && failure.status !== 200)
      logger.warn('refused', { ...outcome, reason: (error as Error).message });
    else logger.info('handled', outcome);

    for (const metric of failure ? [refusals, failure.metric] : [])
      if (metric) metrics.addMetric(metric, MetricUnit.Count, 1);
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };

/**
 * The beginning of all chains: HTTP, MQTT, events and queues. It sets up log and metrics. It uses middy's own
 * hooks, so the line is written last, also when a middleware that handles errors fails.
 */
export const observedChain = <Event, Result = unknown>(options: ChainOptions = {}) =>
  middy<Event, Result>({
    timeoutEarlyInMillis: TIMEOUT_EARLY_IN_MILLISECONDS,
    requestStart,
    requestEnd: requestEnd(options),
  });

/** Ends a refused call with a result, since nobody receives the error. Other errors are thrown again. */
export const refusalEndsWith = <Result>(result: Result) => {
  const refusalEndsWithOnError = (request: Request<unknown, Result>): void => {
    if (responseTo(request.error).expected) request.response = result;
  };
  return { onError: refusalEndsWithOnError };
};
