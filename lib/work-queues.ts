import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import { Queue, QueueEncryption, type QueuePolicy } from 'aws-cdk-lib/aws-sqs';
import { Aws, CfnOutput, Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import {
  CHANGES_QUEUE_URL,
  DIGESTS_QUEUE_URL,
  EVENT_SOURCE,
  FLIGHT_CHECKS_QUEUE_URL,
} from '../functions/environment.ts';
import { functionsOf, type QueueBatch, type WorkQueueName } from '../functions/manifest.ts';
import { constructId } from './construct-id.ts';
import type { DeadLetters } from './dead-letters.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/** What the queues are made from. */
export interface WorkQueuesProps {
  readonly deadLetters: DeadLetters;
}

/** The environment variable with the URL of each queue. */
const URL_VARIABLE: Record<WorkQueueName, string> = {
  changes: CHANGES_QUEUE_URL,
  digests: DIGESTS_QUEUE_URL,
  'flight-checks': FLIGHT_CHECKS_QUEUE_URL,
};

/** Attempts before a message goes to the dead letters. */
const TRIES = 5;
/** AWS's recommendation: six times the timeout of the function. */
const VISIBILITY_IN_TIMEOUTS = 6;
/** Functions may run for 15 minutes, and six times that would be too long between two attempts. */
const LONGEST_VISIBILITY_IN_SECONDS = 1200;

/**
 * Queues for work that no device waits for: changes of the bucket, versions to read, and flights to check.
 */
export class WorkQueues extends Construct {
  private readonly queues: ReadonlyMap<WorkQueueName, Queue>;

  constructor(scope: Construct, id: string, { deadLetters }: WorkQueuesProps) {
    super(scope, id);
    this.queues = new Map(
      functionsOf('queue').map(({ trigger: { queue }, timeoutInSeconds = 20 }) => [
        queue,
        new Queue(this, constructId(queue), {
          encryption: QueueEncryption.SQS_MANAGED,
          enforceSSL: true,
          // The longest period that SQS allows: files in these messages are in no list yet.
          retentionPeriod: Duration.days(14),
          visibilityTimeout: Duration.seconds(
            Math.min(
              timeoutInSeconds * VISIBILITY_IN_TIMEOUTS,
              Math.max(timeoutInSeconds, LONGEST_VISIBILITY_IN_SECONDS),
            ),
          ),
          deadLetterQueue: { queue: deadLetters.unhandled, maxReceiveCount: TRIES },
        }),
      ]),
    );
    for (const [name, queue] of this.queues) {
      const id = `${constructId(name)}QueueUrl`;
      new CfnOutput(this, id, { value: queue.queueUrl }).overrideLogicalId(id);
    }
  }

  /** All queues. */
  get all(): Queue[] {
    return [...this.queues.values()];
  }

  /** The queue of one kind of work. */
  of(name: WorkQueueName): Queue {
    const queue = this.queues.get(name);
    if (!queue) throw new Error(`No function takes messages of the queue ${name}`);
    return queue;
  }

  /**
   * Allows the account's buckets to send to a queue. The policy names the account, since the bucket cannot be
   * created before the policy, which would have to name the bucket.
   */
  allowBuckets(name: WorkQueueName): QueuePolicy | undefined {
    const queue = this.of(name);
    queue.addToResourcePolicy(
      new PolicyStatement({
        actions: ['sqs:SendMessage'],
        principals: [new ServicePrincipal('s3.amazonaws.com')],
        resources: [queue.queueArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
    );
    return queue.node.tryFindChild('Policy') as QueuePolicy | undefined;
  }

  /** Allows the function to send to a queue, and sets the variable with its URL. */
  grantSend(endpoint: EndpointFunction, name: WorkQueueName): void {
    const queue = this.of(name);
    endpoint.addToRolePolicy(
      new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }),
    );
    endpoint.addEnvironment(URL_VARIABLE[name], queue.queueUrl);
  }

  /** Sends the messages of a queue to its function. */
  feed(endpoint: EndpointFunction, name: WorkQueueName, { size, windowInSeconds }: QueueBatch): void {
    const queue = this.of(name);
    endpoint.addToRolePolicy(
      new PolicyStatement({
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        resources: [queue.queueArn],
      }),
    );
    const mapping = new CfnEventSourceMapping(endpoint, 'Messages', {
      eventSourceArn: queue.queueArn,
      functionName: endpoint.functionName,
      batchSize: size,
      maximumBatchingWindowInSeconds: windowInSeconds,
      functionResponseTypes: ['ReportBatchItemFailures'],
    });
    // Lambda checks the role's permission for the queue when the mapping is created.
    mapping.node.addDependency(endpoint.role);
  }
}

/** Allows the function to put events on the account's default bus. */
export function grantPublishEvents(endpoint: EndpointFunction): void {
  endpoint.addToRolePolicy(
    new PolicyStatement({
      actions: ['events:PutEvents'],
      resources: [`arn:${Aws.PARTITION}:events:${Aws.REGION}:${Aws.ACCOUNT_ID}:event-bus/default`],
    }),
  );
  endpoint.addEnvironment(EVENT_SOURCE, Stack.of(endpoint).stackName);
}
