import {
  Alarm,
  ComparisonOperator,
  type CreateAlarmOptions,
  type Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Aws, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { METRICS, type MetricName } from '../functions/telemetry.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { DockSettings } from './dock-settings.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import { metricOfFunctions } from './function-metrics.ts';
import type { HostedBridge } from './hosted-bridge.ts';
import type { MediaHttpApi } from './media-http-api.ts';
import type { WorkQueues } from './work-queues.ts';

/** What the alarms watch, and where they are sent. */
export interface AlarmsProps {
  readonly api: MediaHttpApi;
  readonly functions: readonly EndpointFunction[];
  readonly deadLetters: DeadLetters;
  readonly queues: WorkQueues;
  /** Undefined when no function replies to `config`. */
  readonly dockSettings: DockSettings | undefined;
  /** Undefined without a bridge. */
  readonly bridge: HostedBridge | undefined;
  /**
   * Address that alarms are sent to.
   * @default - alarms are only visible in CloudWatch
   */
  readonly alarmEmail?: string;
}

/** After this time the catalog calls a file unreported, so it must know it by then. */
const LATE_IN_SECONDS = 15 * 60;

const PERIOD = { period: Duration.minutes(5), statistic: Stats.SUM };

/**
 * The alarms. Each description names its section in docs/operations.md. Refused messages of docks have a
 * metric, `DockMessageRefused`, but no alarm: a dock that asks for storage of PSDK files, or reports a file
 * too early, is refused in normal operation. Faults of the library have other alarms.
 */
export class Alarms extends Construct {
  /** All alarms. */
  readonly all: Alarm[] = [];
  private readonly topic: Topic | undefined;

  constructor(
    scope: Construct,
    id: string,
    { api, functions, deadLetters, queues, dockSettings, bridge, alarmEmail }: AlarmsProps,
  ) {
    super(scope, id);
    this.topic = alarmEmail ? this.topicTo(alarmEmail) : undefined;
    const metric = (name: MetricName): Metric => metricOfFunctions(Stack.of(this), name, PERIOD);

    for (const endpoint of functions)
      this.alarm(`${endpoint.node.id}Errors`, endpoint.metricErrors(PERIOD), 1, {
        says: `The function ${endpoint.node.id} crashed or ran out of time.`,
        section: 'function-errors',
      });

    // Throttling by Lambda is included: API Gateway responds 503 then.
    this.alarm('ApiServerErrors', api.stage.metricServerError(PERIOD), 5, {
      says: 'Devices got five or more responses with status 5xx within five minutes.',
      section: 'api-server-errors',
    });

    this.alarm('IntegrityMismatches', metric(METRICS.integrityMismatch), 1, {
      says: 'The bytes of a stored file differ from those of the device.',
      section: 'integrity-mismatches',
    });

    if (deadLetters.undelivered) this.alarmsOfDocks(deadLetters.undelivered, metric);
    if (dockSettings)
      this.alarm('DockSettingsMissing', metric(METRICS.dockSettingsMissing), 1, {
        says: 'A dock asked for its settings and got none: it cannot go online.',
        section: 'dock-settings-missing',
      });

    if (bridge)
      this.alarm(
        'BridgeDown',
        bridge.healthy({ ...PERIOD, statistic: Stats.MAXIMUM }),
        1,
        { says: 'The bridge has taken no connections for five minutes.', section: 'bridge-down' },
        // Without a container there may be no count either.
        {
          comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
          treatMissingData: TreatMissingData.BREACHING,
        },
      );

    const visible = { ...PERIOD, statistic: Stats.MAXIMUM };
    this.alarm(
      'UnhandledEvents',
      deadLetters.unhandled.metricApproximateNumberOfMessagesVisible(visible),
      1,
      {
        says: 'A function failed at an event or message in every attempt.',
        section: 'unhandled-events',
      },
    );
    this.alarm(
      'LateChanges',
      queues.of('changes').metricApproximateAgeOfOldestMessage(visible),
      LATE_IN_SECONDS,
      {
        says: 'Changes of the bucket have waited for 15 minutes: unreported files are in no list yet.',
        section: 'late-changes',
      },
    );
  }

  private alarmsOfDocks(undelivered: Queue, metric: (name: MetricName) => Metric): void {
    // More than somebody who mistypes a password.
    this.alarm('RefusedDevices', metric(METRICS.deviceRefused), 10, {
      says: 'The sign-in of devices was refused ten times or more within five minutes: a wrong password, or somebody who guesses.',
      section: 'refused-devices',
    });

    const visible = { ...PERIOD, statistic: Stats.MAXIMUM };
    this.alarm('UndeliveredMessages', undelivered.metricApproximateNumberOfMessagesVisible(visible), 1, {
      says: 'Messages of docks did not reach their function.',
      section: 'undelivered-messages',
    });
  }

  private alarm(
    id: string,
    metric: Metric,
    threshold: CreateAlarmOptions['threshold'],
    { says, section }: { says: string; section: string },
    options: Partial<CreateAlarmOptions> = {},
  ): void {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${says} See docs/operations.md#${section}`,
      ...options,
    });
    this.all.push(alarm);
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
  }

  private topicTo(email: string): Topic {
    const topic = new Topic(this, 'Topic', { enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    // With its own policy, a topic loses the default one, which allows the account's alarms to publish.
    topic.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sns:Publish'],
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    return topic;
  }
}
