import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../telemetry.ts';
import { logger, metrics } from './log.ts';

/** More names than this tell nobody anything. */
const NAMES_IN_LOG = 20;

/** One line and one count for the fields of a message that were left out. Only their names: what they hold may be secret. */
export function reportIgnoredFields(fields: readonly string[]): void {
  if (fields.length === 0) return;
  logger.warn('fields ignored', { fields: fields.slice(0, NAMES_IN_LOG) });
  metrics.addMetric(METRICS.reportFieldIgnored, MetricUnit.Count, fields.length);
}
