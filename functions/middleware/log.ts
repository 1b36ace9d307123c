import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, SERVICE_NAME } from '../telemetry.ts';

/** One JSON line an event. Bodies, headers, tokens and keys never go in. */
export const logger = new Logger({ serviceName: SERVICE_NAME });

/** CloudWatch metrics in the embedded format, beside the log lines; the alarms of `lib/` read them. */
export const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: SERVICE_NAME });

/** Counts a file whose bytes are not those that the device announced. */
export const countMismatch = (): void => {
  metrics.addMetric(METRICS.integrityMismatch, MetricUnit.Count, 1);
};
