import { describe, expect, it } from 'vitest';
import { interpretTemplate } from '../../template/interpreter.ts';
import { readBuckets, S3_TYPES } from '../../template/resources/s3.ts';

const environment = {
  region: 'eu-central-1',
  accountId: '123456789012',
  partition: 'aws',
  urlSuffix: 'amazonaws.com',
  stackName: 'Stack',
};

const Queue = 'arn:aws:sqs:eu-central-1:123456789012:jobs';

const notificationsOf = (NotificationConfiguration: object) => {
  const Media = { Type: 'AWS::S3::Bucket', Properties: { NotificationConfiguration } };
  const template = interpretTemplate({ Resources: { Media } as never }, { environment, types: S3_TYPES });
  return readBuckets(template)[0]?.notifications;
};
const filter = (...Rules: object[]) => ({ Filter: { S3Key: { Rules } } });
const prefix = (Value: string) => ({ Name: 'prefix', Value });
const suffix = (Value: string) => ({ Name: 'Suffix', Value });
const created = (properties: object = {}) => ({ Event: 's3:ObjectCreated:*', Queue, ...properties });

describe('notifications of a bucket', () => {
  it('are read with their event types and filters, and those to EventBridge', () => {
    expect(
      notificationsOf({
        EventBridgeConfiguration: { EventBridgeEnabled: true },
        QueueConfigurations: [
          created(filter(prefix('in/'), suffix('.jpg'))),
          { Event: 's3:ObjectRemoved:Delete', Queue },
        ],
      }),
    ).toEqual({
      eventBridge: true,
      queues: [
        {
          id: expect.any(String),
          queueArn: Queue,
          events: ['ObjectCreated:Put', 'ObjectCreated:Copy', 'ObjectCreated:CompleteMultipartUpload'],
          prefix: 'in/',
          suffix: '.jpg',
        },
        { id: expect.any(String), queueArn: Queue, events: ['ObjectRemoved:Delete'], prefix: '', suffix: '' },
      ],
    });
  });

  it('may have expiration events, which never happen here', () => {
    const [expiry] = notificationsOf({ QueueConfigurations: [{ Event: 's3:LifecycleExpiration:*', Queue }] })
      ?.queues ?? [undefined];
    expect(expiry?.events.every((name) => name.startsWith('LifecycleExpiration:'))).toBe(true);
  });

  it.each([
    [[created(), created(filter(prefix('in/')))], 'share an event type for the same keys'],
    [[created(filter(suffix('.jpg'))), created(filter(prefix('in/')))], 'share an event type'],
    [[created(), { Event: 's3:ObjectCreated:Copy', Queue }], 'share an event type'],
    [[created({ Event: 's3:ObjectTagging:*' })], 'supports no bucket event s3:ObjectTagging:*'],
    [[created({ Event: 'ObjectCreated:*' })], 'supports no bucket event'],
    [[created(filter({ Name: 'size', Value: '1' }))], 'filters by prefix and suffix, not by size'],
    [[created(filter(prefix('a'), prefix('b')))], 'a filter has one prefix'],
    [[created({ Topic: 'x' })], 'does not support Topic'],
    [[created({ Filter: { Tags: [] } })], 'does not support Tags'],
    [[{ Event: 's3:ObjectCreated:*' }], 'Queue is missing'],
  ])('are refused: %j', (QueueConfigurations, reason) => {
    expect(() => notificationsOf({ QueueConfigurations })).toThrow(reason);
  });

  it('go to queues and EventBridge only', () => {
    expect(() => notificationsOf({ LambdaConfigurations: [] })).toThrow(
      'does not support LambdaConfigurations',
    );
  });

  it.each([
    [filter(prefix('in/')), filter(prefix('out/'))],
    [filter(suffix('.jpg')), filter(suffix('.png'))],
    [filter(prefix('in/'), suffix('.jpg')), filter(prefix('in/'), suffix('.png'))],
  ])('may have the same event type for other keys: %j, %j', (one, other) => {
    expect(notificationsOf({ QueueConfigurations: [created(one), created(other)] })?.queues).toHaveLength(2);
  });
});
