import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { METRICS, METRICS_NAMESPACE, SERVICE_NAME } from '../telemetry.ts';

/** One JSON line for each call. It never contains bodies, headers, tokens or keys. */
export const logger = new Logger({ serviceName: SERVICE_NAME });

/** CloudWatch metrics in the embedded format, among the log lines. The alarms in `lib/` read them. */
export const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName: SERVICE_NAME });

/** Counts a file whose bytes differ from those of the device. */
export const countMismatch = (): void => {
  metrics.addMetric(METRICS.integrityMismatch, MetricUnit.Count, 1);
};
