/**
 * Messages without a `method` on `requests`, `services_reply` and `status`
 *
 * Nobody can tell what they ask for, so they stay unanswered: a log line and a metric say that they came.
 */
import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { logger, metrics } from '../middleware/log.ts';

export const handler = async (event: { readonly gateway_sn?: unknown }, context: Context): Promise<void> => {
  logger.resetKeys();
  logger.addContext(context);
  logger.warn('refused', { gateway_sn: event.gateway_sn, reason: 'The message has no method' });
  metrics.addMetric('DockMessageRefused', MetricUnit.Count, 1);
  metrics.publishStoredMetrics();
};
