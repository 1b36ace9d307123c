import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { Duration, type Stack } from 'aws-cdk-lib/core';
import { METRICS } from '../functions/telemetry.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import { metricOfFunctions } from './function-metrics.ts';
import type { MediaBucket } from './media-bucket.ts';
import type { MediaHttpApi } from './media-http-api.ts';
import type { MediaTable } from './media-table.ts';
import { PRICES } from './prices.ts';
import type { WorkQueues } from './work-queues.ts';

/** What the estimate is made from. */
export interface CostEstimateProps {
  readonly api: MediaHttpApi;
  readonly functions: readonly EndpointFunction[];
  readonly table: MediaTable;
  readonly bucket: MediaBucket;
  readonly queues: WorkQueues;
}

const A_DAY = { period: Duration.days(1), statistic: Stats.SUM };

/** Metrics that are charged alike. */
interface Charge {
  readonly metrics: readonly IMetric[];
  readonly price: number;
}

const REQUESTS_TO_QUEUES = [
  'NumberOfMessagesSent',
  'NumberOfMessagesReceived',
  'NumberOfMessagesDeleted',
  'NumberOfEmptyReceives',
];

/**
 * Dollars a day for each service, at list prices. Not in it are downloads, which S3 counts only for a price of
 * its own, and what AWS counts for the whole account: AWS IoT, alarms, users.
 */
export function costEstimate(stack: Stack, props: CostEstimateProps): IMetric[] {
  const { api, functions, table, bucket, queues } = props;
  const byMemory = Map.groupBy(functions, ({ memorySize }) => memorySize);
  const sizes = Object.entries(PRICES.storageByteDay);

  return [
    cost('HTTP API', [{ metrics: [api.stage.metricCount(A_DAY)], price: PRICES.apiRequest }]),
    cost('Functions', [
      {
        metrics: functions.map((endpoint) => endpoint.metricInvocations(A_DAY)),
        price: PRICES.functionCall,
      },
      ...[...byMemory].map(([memorySize, alike]) => ({
        metrics: alike.map((endpoint) => endpoint.metricDuration(A_DAY)),
        // The metric counts milliseconds.
        price: (PRICES.functionGbSecond * memorySize) / 1024 / 1000,
      })),
    ]),
    cost('Table', [
      { metrics: table.consumed('Write', A_DAY), price: PRICES.writeUnit },
      { metrics: table.consumed('Read', A_DAY), price: PRICES.readUnit },
    ]),
    cost('Queues', [
      {
        metrics: queues.all.flatMap((queue) => REQUESTS_TO_QUEUES.map((name) => queue.metric(name, A_DAY))),
        price: PRICES.queueRequest,
      },
    ]),
    cost('Logs', [
      {
        metrics: [api.accessLogs, ...functions.map(({ logGroup }) => logGroup)].map(
          ({ logGroupName }) =>
            new Metric({
              ...A_DAY,
              namespace: 'AWS/Logs',
              metricName: 'IncomingBytes',
              dimensionsMap: { LogGroupName: logGroupName },
            }),
        ),
        price: PRICES.logByte,
      },
    ]),
    cost('Uploads', [{ metrics: [metricOfFunctions(stack, METRICS.upload, A_DAY)], price: PRICES.s3Put }]),
    cost(
      'Storage',
      sizes.map(([storageType, price]) => ({ metrics: [bucket.storedBytes(storageType)], price })),
    ),
  ];
}

/** Without an exponent, which metric math may not know. */
const inDigits = (price: number): string => price.toFixed(18).replace(/0+$/, '');

/** The cost of a service: the sum of its charges. `SUM` of a list leaves out metrics without data. */
function cost(label: string, charges: readonly Charge[]): MathExpression {
  const id = label.toLowerCase().replaceAll(' ', '');
  const expressions = charges.map(({ metrics, price }, index) => {
    const usingMetrics = Object.fromEntries(
      metrics.map((metric, position) => [`${id}${index}m${position}`, metric]),
    );
    const sum = `SUM([${Object.keys(usingMetrics).join(',')}])`;
    return new MathExpression({
      label,
      expression: `${inDigits(price)} * ${sum}`,
      usingMetrics,
      period: A_DAY.period,
    });
  });
  const [first, ...others] = expressions;
  if (first && others.length === 0) return first;
  const parts = Object.fromEntries(expressions.map((expression, index) => [`${id}${index}`, expression]));
  return new MathExpression({
    label,
    expression: `SUM([${Object.keys(parts).join(',')}])`,
    usingMetrics: parts,
    period: A_DAY.period,
  });
}
