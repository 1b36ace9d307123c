import { Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Stack } from 'aws-cdk-lib/core';
import { METRICS_NAMESPACE, type MetricName } from '../functions/telemetry.ts';

/** A metric that the functions of a stack write. */
export const metricOfFunctions = (stack: Stack, metricName: MetricName, options: MetricOptions): Metric =>
  new Metric({
    ...options,
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: stack.stackName },
  });
