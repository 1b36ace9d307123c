import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../telemetry.ts';
import { logger, metrics } from './log.ts';

/** The maximum number of names in a log line. */
const NAMES_IN_LOG = 20;

/**
 * Adds the names of fields that were left out to the log line, and counts them in a metric. Their values may
 * be secret.
 */
export function reportIgnoredFields(fields: readonly string[]): void {
  if (fields.length === 0) return;
  logger.appendKeys({ ignored_fields: fields.slice(0, NAMES_IN_LOG) });
  metrics.addMetric(METRICS.reportFieldIgnored, MetricUnit.Count, fields.length);
}
