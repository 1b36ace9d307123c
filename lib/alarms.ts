import { Alarm, type CreateAlarmOptions, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Aws, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { METRICS, METRICS_NAMESPACE, type MetricName, SERVICE_NAME } from '../functions/telemetry.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EndpointFunction } from './endpoint-function.ts';
import type { MediaHttpApi } from './media-http-api.ts';
import type { WorkQueues } from './work-queues.ts';

/** What is watched, and who hears of it. */
export interface AlarmsProps {
  readonly api: MediaHttpApi;
  readonly functions: readonly EndpointFunction[];
  readonly deadLetters: DeadLetters;
  readonly queues: WorkQueues;
  /**
   * Where alarms are sent to.
   * @default - they are seen in CloudWatch only
   */
  readonly alarmEmail?: string;
}

/** The catalog calls a file unreported after this time, so it must have heard of it by then. */
const LATE_IN_SECONDS = 15 * 60;

const PERIOD = { period: Duration.minutes(5), statistic: Stats.SUM };

const metricOfFunctions = (metricName: MetricName): Metric =>
  new Metric({
    ...PERIOD,
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { service: SERVICE_NAME },
  });

/**
 * What somebody should look at. Refused messages of docks have a metric, `DockMessageRefused`, and no alarm: a dock that asks for storage of
 * PSDK files, or reports a file before it has arrived, is refused in the normal course, and whatever is our fault rings otherwise. Each alarm's description names the section of docs/operations.md to read. */
export class Alarms extends Construct {
  private readonly topic: Topic | undefined;

  constructor(
    scope: Construct,
    id: string,
    { api, functions, deadLetters, queues, alarmEmail }: AlarmsProps,
  ) {
    super(scope, id);
    this.topic = alarmEmail ? this.topicTo(alarmEmail) : undefined;

    for (const endpoint of functions)
      this.alarm(`${endpoint.node.id}Errors`, endpoint.metricErrors(PERIOD), 1, {
        says: `The function ${endpoint.node.id} crashed or ran out of time.`,
        section: 'function-errors',
      });

    // A function that Lambda throttles is among these: API Gateway answers 503 for it.
    this.alarm('ApiServerErrors', api.stage.metricServerError(PERIOD), 5, {
      says: 'Devices got five or more answers with status 5xx within five minutes.',
      section: 'api-server-errors',
    });

    this.alarm('IntegrityMismatches', metricOfFunctions(METRICS.integrityMismatch), 1, {
      says: 'The bytes of a stored file are not those that the device announced.',
      section: 'integrity-mismatches',
    });

    // More than somebody who mistypes a password.
    this.alarm('RefusedDevices', metricOfFunctions(METRICS.deviceRefused), 10, {
      says: 'Devices were refused ten times or more within five minutes: a wrong password, or somebody who guesses.',
      section: 'refused-devices',
    });

    this.alarm('DockSettingsMissing', metricOfFunctions(METRICS.dockSettingsMissing), 1, {
      says: 'A dock asked for its settings and got none: it will not get online.',
      section: 'dock-settings-missing',
    });

    const visible = { ...PERIOD, statistic: Stats.MAXIMUM };
    this.alarm(
      'UndeliveredMessages',
      deadLetters.undelivered.metricApproximateNumberOfMessagesVisible(visible),
      1,
      {
        says: 'Messages of docks, or events of the bucket, did not reach their function.',
        section: 'undelivered-messages',
      },
    );
    this.alarm(
      'UnhandledEvents',
      deadLetters.unhandled.metricApproximateNumberOfMessagesVisible(visible),
      1,
      {
        says: 'A function failed every time at the same event or message.',
        section: 'unhandled-events',
      },
    );
    this.alarm(
      'LateChanges',
      queues.of('changes').metricApproximateAgeOfOldestMessage(visible),
      LATE_IN_SECONDS,
      {
        says: 'What the bucket tells has waited for a quarter of an hour: files that nobody reported are in no list yet.',
        section: 'late-changes',
      },
    );
  }

  private alarm(
    id: string,
    metric: Metric,
    threshold: CreateAlarmOptions['threshold'],
    { says, section }: { says: string; section: string },
  ): void {
    const alarm = new Alarm(this, id, {
      metric,
      threshold,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${says} See docs/operations.md#${section}`,
    });
    if (this.topic) alarm.addAlarmAction(new SnsAction(this.topic));
  }

  private topicTo(email: string): Topic {
    const topic = new Topic(this, 'Topic', { enforceSSL: true });
    topic.addSubscription(new EmailSubscription(email));
    // A topic with a policy of its own has lost the default one, which lets the account's alarms in.
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
