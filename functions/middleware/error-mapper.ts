import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { failure } from '../protocol/envelope.ts';
import { answerTo } from './error-answers.ts';
import type { HttpRequestState } from './http-event.ts';
import { jsonAnswer } from './json-answer.ts';
import { logger, metrics } from './log.ts';

/** Turns every error into the envelope. An unexpected one is logged whole and told with nothing but the request's id. */
export const errorMapper = () => {
  const errorMapperOnError = (request: HttpRequestState): void => {
    const { error, event } = request;
    const { status, code, metric, expected } = answerTo(error);
    if (metric) {
      metrics.addMetric(metric, MetricUnit.Count, 1);
      metrics.publishStoredMetrics();
    }
    if (status >= 500) logger.error('failed', error as Error);
    else if (status !== 200) logger.warn('refused', { code, reason: (error as Error).message });
    const message = expected && error ? error.message : 'The server failed';
    request.response = jsonAnswer(
      status,
      failure(code, status >= 500 ? `${message}; try again (request ${event.requestId})` : message),
    );
  };
  return { onError: errorMapperOnError };
};
