import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Aws, CfnOutput, Duration, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { EndpointFunction } from './endpoint-function.ts';

/** How often Lambda retries a failed event, after one minute and after two. It is Lambda's own limit. */
const RETRIES = 2;
/** How long an event waits for a throttled function. A dock has repeated its message long before. */
const LONGEST_WAIT = Duration.hours(1);

/** What may fail. */
export interface DeadLettersProps {
  /** Whether docks send messages. */
  readonly hasDocks: boolean;
}

/** Keeps events that could not be handled, until somebody looks at them and sends them again. */
export class DeadLetters extends Construct {
  /** Messages of docks that did not reach their function. */
  readonly undelivered: Queue | undefined;
  /** Events, with the error, and messages of queues that their function failed at in every attempt. */
  readonly unhandled: Queue;
  private readonly rulesRole: Role | undefined;

  constructor(scope: Construct, id: string, { hasDocks }: DeadLettersProps) {
    super(scope, id);
    this.unhandled = this.queue('Unhandled');
    if (!hasDocks) return;
    this.undelivered = this.queue('Undelivered');
    this.rulesRole = new Role(this, 'RulesRole', {
      description: 'Role of the topic rules that keep what they could not deliver',
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    });
    this.rulesRole.addToPolicy(sendTo(this.undelivered));
  }

  /** Lambda retries failed events, and puts them here after the last attempt. */
  catchFailuresOf(endpoint: EndpointFunction): void {
    endpoint.configureAsyncInvoke({
      retryAttempts: RETRIES,
      maxEventAge: LONGEST_WAIT,
      // CDK's own destination would grant two more actions.
      onFailure: { bind: () => ({ destination: this.unhandled.queueArn }) },
    });
    endpoint.addToRolePolicy(sendTo(this.unhandled));
  }

  /** What a topic rule does with a message that it could not deliver. */
  get ruleErrorAction(): CfnTopicRule.ActionProperty {
    const { undelivered, rulesRole } = this;
    if (!undelivered || !rulesRole) throw new Error('Without docks there are no topic rules');
    return { sqs: { queueUrl: undelivered.queueUrl, roleArn: rulesRole.roleArn, useBase64: false } };
  }

  private queue(id: string): Queue {
    const queue = new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // The longest period that SQS allows.
      retentionPeriod: Duration.days(14),
    });
    new CfnOutput(this, `${id}Url`, { value: queue.queueUrl }).overrideLogicalId(`${id}QueueUrl`);
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue itself.',
    });
    return queue;
  }
}

const sendTo = (queue: Queue): PolicyStatement =>
  new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
