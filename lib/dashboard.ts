import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  GraphWidgetView,
  type IMetric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { METRICS, type MetricName } from '../functions/telemetry.ts';
import { type CostEstimateProps, costEstimate } from './cost-estimate.ts';
import { metricOfFunctions } from './function-metrics.ts';

/** What the dashboard shows. */
export interface DashboardProps extends CostEstimateProps {
  readonly alarms: readonly Alarm[];
  /** Whether docks connect. */
  readonly hasDocks: boolean;
}

const AN_HOUR = { period: Duration.hours(1), statistic: Stats.SUM };
const A_DAY = { period: Duration.days(1), statistic: Stats.SUM };
const WIDTH = 12;
const FULL_WIDTH = 24;
const HEIGHT = 6;

/** The dashboard of the library in CloudWatch: uploads, flights, refusals, and what a day costs. */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { api, queues, alarms, hasDocks } = props;
    const stack = Stack.of(this);
    const counted = (name: MetricName, label: string, options = AN_HOUR): IMetric =>
      metricOfFunctions(stack, name, { ...options, label });

    const dashboard = new CloudWatchDashboard(this, 'Dashboard', {
      defaultInterval: Duration.days(14),
      widgets: [
        [
          graph('Uploads', {
            left: [counted(METRICS.upload, 'files')],
            right: [counted(METRICS.uploadedBytes, 'bytes')],
          }),
          graph('Flights that came into a state, a day', {
            view: GraphWidgetView.BAR,
            left: [
              counted(METRICS.flightUploading, 'uploading', A_DAY),
              counted(METRICS.flightComplete, 'complete', A_DAY),
              counted(METRICS.flightReportedComplete, 'reported-complete', A_DAY),
              counted(METRICS.flightStalled, 'stalled', A_DAY),
            ],
          }),
        ],
        [
          graph('Refusals', {
            left: [
              api.stage.metricClientError({ ...AN_HOUR, label: 'requests (4xx)' }),
              ...(hasDocks
                ? [
                    counted(METRICS.dockMessageRefused, 'messages of docks'),
                    counted(METRICS.deviceRefused, 'sign-ins of docks'),
                  ]
                : []),
              counted(METRICS.integrityMismatch, 'integrity mismatches'),
            ],
          }),
          graph('Requests', {
            left: [
              api.stage.metricCount({ ...AN_HOUR, label: 'requests' }),
              api.stage.metricServerError({ ...AN_HOUR, label: 'server errors (5xx)' }),
            ],
            right: [
              api.stage.metricLatency({ ...AN_HOUR, statistic: Stats.p(99), label: 'latency, p99 (ms)' }),
            ],
          }),
        ],
        [
          graph('Cost estimate, US dollars a day', {
            view: GraphWidgetView.BAR,
            stacked: true,
            left: costEstimate(stack, props),
          }),
          graph('Oldest message of each queue, seconds', {
            left: queues.all.map((queue) =>
              queue.metricApproximateAgeOfOldestMessage({ ...AN_HOUR, statistic: Stats.MAXIMUM }),
            ),
          }),
        ],
        [new AlarmStatusWidget({ alarms: [...alarms], width: FULL_WIDTH, height: HEIGHT })],
      ],
    });
    new CfnOutput(this, 'Name', { value: dashboard.dashboardName }).overrideLogicalId('DashboardName');
  }
}

const graph = (
  title: string,
  options: {
    readonly left: IMetric[];
    readonly right?: IMetric[];
    readonly view?: GraphWidgetView;
    readonly stacked?: boolean;
  },
): GraphWidget => new GraphWidget({ title, width: WIDTH, height: HEIGHT, leftYAxis: { min: 0 }, ...options });
