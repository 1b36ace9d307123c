import { MetricUnit } from '@aws-lambda-powertools/metrics';
import middy, { type Request } from '@middy/core';
import type { MetricName } from '../telemetry.ts';
import { answerTo } from './error-answers.ts';
import { logger, metrics } from './log.ts';

/** Leaves time for an answer before Lambda ends the function. */
const TIMEOUT_EARLY_IN_MILLISECONDS = 500;

/** What differs from one kind of chain to another. */
export interface ChainOptions {
  /**
   * Counts every call that was refused or failed, beside the metric that an error may have of its own.
   * @default none
   */
  readonly refusals?: MetricName;
}

const statusOf = (response: unknown): number | undefined =>
  typeof response === 'object' && response !== null && 'statusCode' in response
    ? Number(response.statusCode)
    : undefined;

/** Forgets what an earlier call put into the log lines. */
const requestStart = ({ context }: Request): void => {
  logger.resetKeys();
  logger.appendKeys({ function_request_id: context.awsRequestId });
};

/** One line a call, which says how it went, and the metrics of its error. */
const requestEnd =
  ({ refusals }: ChainOptions) =>
  ({ error, response }: Request): void => {
    const answer = error ? answerTo(error) : undefined;
    const status = statusOf(response) ?? answer?.status;
    const outcome = {
      ...(status !== undefined && { status }),
      ...(answer && { code: answer.code }),
    };
    if (answer !== undefined && answer.status >= 500)
      logger.error('failed', { ...outcome, error: error as Error });
    else if (answer !== undefined && answer.status !== 200)
      logger.warn('refused', { ...outcome, reason: (error as Error).message });
    else logger.info('handled', outcome);

    for (const metric of answer ? [refusals, answer.metric] : [])
      if (metric) metrics.addMetric(metric, MetricUnit.Count, 1);
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };

/**
 * The beginning of every chain, whatever calls the function: HTTP, MQTT or an event. It sets up log and metrics. By middy's own
 * hooks the line is written last, also when a middleware fails that answers errors.
 */
export const observedChain = <Event, Result = unknown>(options: ChainOptions = {}) =>
  middy<Event, Result>({
    timeoutEarlyInMillis: TIMEOUT_EARLY_IN_MILLISECONDS,
    requestStart,
    requestEnd: requestEnd(options),
  });

/** Ends the call of a refusal with a result: there is nobody to tell, or nothing more to tell. Other errors are thrown on. */
export const refusalEndsWith = <Result>(result: Result) => {
  const refusalEndsWithOnError = (request: Request<unknown, Result>): void => {
    if (answerTo(request.error).expected) request.response = result;
  };
  return { onError: refusalEndsWithOnError };
};
