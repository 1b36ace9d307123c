import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../template/interpreter.ts';
import { readQueues, SQS_TYPES } from '../../template/resources/sqs.ts';

const environment = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'Stack',
};

const QUEUE = 'AWS::SQS::Queue';

const queue = (Properties: object = {}) => ({ Type: QUEUE, Properties });

const queuesOf = (Resources: Record<string, { Type: string; Properties: object }>) =>
  readQueues(interpretTemplate({ Resources: Resources as never }, { environment, types: SQS_TYPES }));

describe('queues of the template', () => {
  it('are read with their settings and policies', () => {
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*' }],
    };
    const [jobs, dead] = queuesOf({
      Jobs: queue({
        QueueName: 'jobs',
        DelaySeconds: 5,
        MaximumMessageSize: 2048,
        ReceiveMessageWaitTimeSeconds: 20,
        VisibilityTimeout: 90,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 5 },
      }),
      Dead: queue({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true }),
      Policy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: { PolicyDocument: policy, Queues: [{ Ref: 'Dead' }] },
      },
    });
    expect(jobs).toEqual({
      name: 'jobs',
      arn: 'arn:aws:sqs:eu-central-1:123456789012:jobs',
      delayInSeconds: 5,
      maximumMessageSizeInBytes: 2048,
      receiveWaitInSeconds: 20,
      retentionInSeconds: 345_600,
      visibilityTimeoutInSeconds: 90,
      redrive: {
        deadLetterQueueArn: 'arn:aws:sqs:eu-central-1:123456789012:Stack-Dead',
        maxReceiveCount: 5,
      },
      policy: undefined,
    });
    expect(dead).toEqual({
      name: 'Stack-Dead',
      arn: 'arn:aws:sqs:eu-central-1:123456789012:Stack-Dead',
      retentionInSeconds: 1_209_600,
      visibilityTimeoutInSeconds: 30,
      policy,
    });
  });

  it.each([
    [{ DelaySeconds: 901 }, 'Jobs: DelaySeconds is 901, and SQS takes 0 to 900'],
    [{ MaximumMessageSize: 1023 }, 'MaximumMessageSize is 1023'],
    [{ MaximumMessageSize: 1_048_577 }, 'SQS takes 1024 to 1048576'],
    [{ MessageRetentionPeriod: 59 }, 'MessageRetentionPeriod is 59'],
    [{ ReceiveMessageWaitTimeSeconds: 21 }, 'ReceiveMessageWaitTimeSeconds is 21'],
    [{ VisibilityTimeout: 1.5 }, 'VisibilityTimeout is 1.5'],
    [{ FifoQueue: true }, 'FifoQueue'],
    [{ KmsMasterKeyId: 'alias/aws/sqs' }, 'KmsMasterKeyId'],
    [{ RedrivePolicy: { deadLetterTargetArn: 'arn:aws:sqs:x:1:other', maxReceiveCount: 5 } }, 'no queue'],
    [
      { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceiveCount: 0 } },
      'maxReceiveCount is not a whole number from 1 to 1000',
    ],
    [
      { RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] }, maxReceives: 3 } },
      'a RedrivePolicy has no maxReceives',
    ],
  ])('are refused with %j', (properties, reason) => {
    expect(() => queuesOf({ Jobs: queue(properties), Dead: queue() })).toThrow(reason);
  });

  it.each([
    [{ redrivePermission: 'denyAll' }, 'does not allow it to redrive'],
    [
      { redrivePermission: 'byQueue', sourceQueueArns: ['arn:aws:sqs:x:1:y'] },
      'does not allow it to redrive',
    ],
    [{ redrivePermission: 'other' }, 'has no redrivePermission other'],
    [{ redrivePermission: 'byQueue', sourceQueueArns: [{ 'Fn::GetAtt': ['Jobs', 'Arn'] }] }, undefined],
    [{ redrivePermission: 'allowAll' }, undefined],
  ])('are checked with their RedriveAllowPolicy: %j', (RedriveAllowPolicy, reason) => {
    const RedrivePolicy = {
      deadLetterTargetArn: { 'Fn::GetAtt': ['Dead', 'Arn'] },
      maxReceiveCount: 5,
    };
    const read = () => queuesOf({ Jobs: queue({ RedrivePolicy }), Dead: queue({ RedriveAllowPolicy }) });
    if (reason === undefined) expect(read()).toHaveLength(2);
    else expect(read).toThrow(reason);
  });
});
