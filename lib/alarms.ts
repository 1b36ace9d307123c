import { Alarm, type CreateAlarmOptions, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Aws, Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { EndpointFunction } from './endpoint-function.ts';
import type { MediaHttpApi } from './media-http-api.ts';

/** Namespace of the metrics that functions write. */
export const METRICS_NAMESPACE = 'MediaLibrary';
/** Name of all functions together, in log lines and in the metrics' `service` dimension. */
export const SERVICE_NAME = 'media-library';
/** Metric of files whose bytes are not those that the device announced. */
export const INTEGRITY_MISMATCH = 'IntegrityMismatch';

/** What is watched, and who hears of it. */
export interface AlarmsProps {
  readonly api: MediaHttpApi;
  readonly functions: readonly EndpointFunction[];
  /**
   * Where alarms are sent to.
   * @default - they are seen in CloudWatch only
   */
  readonly alarmEmail?: string;
}

const PERIOD = { period: Duration.minutes(5), statistic: Stats.SUM };

/** What somebody should look at. Each alarm's description names the section of docs/operations.md to read. */
export class Alarms extends Construct {
  private readonly topic: Topic | undefined;

  constructor(scope: Construct, id: string, { api, functions, alarmEmail }: AlarmsProps) {
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

    const mismatches = new Metric({
      ...PERIOD,
      namespace: METRICS_NAMESPACE,
      metricName: INTEGRITY_MISMATCH,
      dimensionsMap: { service: SERVICE_NAME },
    });
    this.alarm('IntegrityMismatches', mismatches, 1, {
      says: 'The bytes of a stored file are not those that the device announced.',
      section: 'integrity-mismatches',
    });
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
