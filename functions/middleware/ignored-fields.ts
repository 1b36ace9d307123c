import { MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS } from '../telemetry.ts';
import { logger, metrics } from './log.ts';

/** More names than this tell nobody anything. */
const NAMES_IN_LOG = 20;

/** The log line of the call names the fields of its message that were left out, and a metric counts them. What they hold may be secret. */
export function reportIgnoredFields(fields: readonly string[]): void {
  if (fields.length === 0) return;
  logger.appendKeys({ ignored_fields: fields.slice(0, NAMES_IN_LOG) });
  metrics.addMetric(METRICS.reportFieldIgnored, MetricUnit.Count, fields.length);
}
