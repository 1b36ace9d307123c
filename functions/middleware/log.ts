import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { POWERTOOLS_SERVICE_NAME } from '../environment.ts';
import { METRICS, METRICS_NAMESPACE, SERVICE_NAME } from '../telemetry.ts';

const serviceName = process.env[POWERTOOLS_SERVICE_NAME] || SERVICE_NAME;

/** One JSON line for each call. It never contains bodies, headers, tokens or keys. */
export const logger = new Logger({ serviceName });

/** CloudWatch metrics in the embedded format, among the log lines. The alarms in `lib/` read them. */
export const metrics = new Metrics({ namespace: METRICS_NAMESPACE, serviceName });

/** Counts a file whose bytes differ from those of the device. */
export const countMismatch = (): void => {
  metrics.addMetric(METRICS.integrityMismatch, MetricUnit.Count, 1);
};
