import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import type { QueueDefinition } from '../../sqs/queue.ts';
import type { SqsOptions } from '../../sqs/sqs.ts';
import { LocalSqsForTests, queueNamed, refusal } from './sqs-service.ts';

const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:jobs';
const MEBIBYTE = 1024 * 1024;

let service: LocalSqsForTests;

/** Starts SQS with the queue `jobs`, and `dead` as its dead-letter queue. */
async function start(
  queue: Partial<QueueDefinition> = {},
  options: Partial<SqsOptions> = {},
): Promise<LocalSqsForTests> {
  service = await LocalSqsForTests.start({
    queues: [queueNamed('jobs', queue), queueNamed('dead')],
    ...options,
  });
  return service;
}

afterEach(() => service.close());

const send = (...message: [body: string, more?: { DelaySeconds?: number }]) =>
  service.send('jobs', ...message);
const bodies = (...input: Parameters<LocalSqsForTests['receive']>) => service.bodies(...input);

const attributes = async (name = 'jobs') => {
  const command = new GetQueueAttributesCommand({ QueueUrl: service.url(name), AttributeNames: ['All'] });
  return (await service.client().send(command)).Attributes ?? {};
};

describe('a queue', () => {
  it('is found by its name, and listed', async () => {
    const client = (await start()).client();
    const url = service.url('jobs');
    expect(await client.send(new GetQueueUrlCommand({ QueueName: 'jobs' }))).toMatchObject({ QueueUrl: url });
    const all = await client.send(new ListQueuesCommand({}));
    expect(all.QueueUrls).toEqual([url, service.url('dead')]);
    const some = await client.send(new ListQueuesCommand({ QueueNamePrefix: 'other' }));
    expect(some.QueueUrls).toEqual([]);
    expect(await refusal(client.send(new GetQueueUrlCommand({ QueueName: 'other' })))).toMatchObject({
      name: 'QueueDoesNotExist',
    });
  });

  it('returns a message, makes it invisible, and deletes it with its receipt handle', async () => {
    await start();
    expect(await send('hello')).toMatchObject({ MD5OfMessageBody: '5d41402abc4b2a76b9719d911017c592' });
    const [first] = await service.receive('jobs', { MessageSystemAttributeNames: ['All'] });
    expect(first).toMatchObject({
      Body: 'hello',
      MD5OfBody: '5d41402abc4b2a76b9719d911017c592',
      Attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
        SenderId: '123456789012',
      },
    });
    expect(await service.receive('jobs')).toEqual([]);
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessages: '0',
      ApproximateNumberOfMessagesNotVisible: '1',
      QueueArn: QUEUE,
    });
    service.ahead = 30_001;
    const [second] = await service.receive('jobs', {
      MessageSystemAttributeNames: ['ApproximateReceiveCount'],
    });
    expect(second).toMatchObject({ Body: 'hello', Attributes: { ApproximateReceiveCount: '2' } });
    // Only the receipt handle of the last receive deletes.
    for (const ReceiptHandle of [first?.ReceiptHandle, second?.ReceiptHandle]) {
      expect((await attributes())['ApproximateNumberOfMessagesNotVisible']).toBe('1');
      await service.client().send(new DeleteMessageCommand({ QueueUrl: service.url('jobs'), ReceiptHandle }));
    }
    service.ahead = 60_002;
    expect(await service.receive('jobs')).toEqual([]);
  });

  it('can be purged', async () => {
    await start();
    for (const body of ['1', '2']) await send(body);
    await service.client().send(new PurgeQueueCommand({ QueueUrl: service.url('jobs') }));
    expect(await service.receive('jobs')).toEqual([]);
  });

  it('deletes messages after its retention period', async () => {
    await start({ retentionInSeconds: 60 });
    await send('old');
    service.ahead = 61_000;
    expect(await service.receive('jobs')).toEqual([]);
  });

  it('returns its attributes', async () => {
    await start({
      delayInSeconds: 5,
      maximumMessageSizeInBytes: 2048,
      receiveWaitInSeconds: 20,
      redrive: { deadLetterQueueArn: `arn:aws:sqs:eu-central-1:123456789012:dead`, maxReceiveCount: 3 },
    });
    expect(await attributes()).toMatchObject({
      DelaySeconds: '5',
      MaximumMessageSize: '2048',
      MessageRetentionPeriod: '345600',
      ReceiveMessageWaitTimeSeconds: '20',
      RedrivePolicy:
        '{"deadLetterTargetArn":"arn:aws:sqs:eu-central-1:123456789012:dead","maxReceiveCount":3}',
      VisibilityTimeout: '30',
    });
    expect(await attributes('dead')).toMatchObject({ DelaySeconds: '0', MaximumMessageSize: '1048576' });
  });

  it('refuses parameters that are not implemented', async () => {
    const client = (await start()).client();
    const withAttribute = new SendMessageCommand({
      QueueUrl: service.url('jobs'),
      MessageBody: 'x',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } },
    });
    expect(await refusal(client.send(withAttribute))).toMatchObject({ name: 'NotImplemented' });
  });

  it('drops messages that cannot be stored, with a line in the log', async () => {
    await start();
    service.sqs.send(`${QUEUE}-other`, 'x');
    service.sqs.send(QUEUE, 'x'.repeat(MEBIBYTE + 1));
    await sleep(1);
    expect(service.lines).toEqual([
      `A message for ${QUEUE}-other is dropped: there is no such queue`,
      `A message for ${QUEUE} is dropped: it is too large`,
    ]);
  });
});

describe('a body', () => {
  it('has one byte to one mebibyte, of characters that XML allows', async () => {
    await start();
    await send('x'.repeat(MEBIBYTE));
    await send('tab\tline\n😀');
    const tooLong = await refusal(send('x'.repeat(MEBIBYTE + 1)));
    expect(tooLong).toEqual({
      name: 'InvalidParameterValue',
      message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    });
    expect((await refusal(send(''))).name).toBe('MissingParameter');
    for (const body of ['\u0000', 'bell \u0007', '\uFFFE']) {
      expect((await refusal(send(body))).name).toBe('InvalidMessageContents');
    }
  });

  it('is limited by the maximum message size of the queue', async () => {
    await start({ maximumMessageSizeInBytes: 1024 });
    await send('ü'.repeat(512));
    expect((await refusal(send('ü'.repeat(513)))).message).toContain('shorter than 1024 bytes');
  });
});

describe('a delay', () => {
  it('makes a message invisible at first; that of the message overrides that of the queue', async () => {
    await start({ delayInSeconds: 10 });
    await send('queue');
    await send('longest', { DelaySeconds: 900 });
    await send('own', { DelaySeconds: 60 });
    await send('none', { DelaySeconds: 0 });
    expect(await bodies('jobs')).toEqual(['none']);
    expect(await attributes()).toMatchObject({
      ApproximateNumberOfMessagesDelayed: '3',
      ApproximateNumberOfMessagesNotVisible: '1',
    });
    service.ahead = 10_001;
    expect(await bodies('jobs')).toEqual(['queue']);
    service.ahead = 60_001;
    expect(await bodies('jobs')).toEqual(['queue', 'own', 'none']);
  });

  it.each([901, -1, 1.5])('of %d seconds is refused', async (DelaySeconds) => {
    await start();
    expect(await refusal(send('x', { DelaySeconds }))).toMatchObject({ name: 'InvalidParameterValue' });
  });

  it('ends a long poll, and can be shortened for tests', async () => {
    await start({}, { delayScale: 0.005 });
    await send('after a minute', { DelaySeconds: 60 });
    expect(await bodies('jobs', { WaitTimeSeconds: 20 })).toEqual(['after a minute']);
  });
});

describe('a receive', () => {
  it('waits for a message for the requested time', async () => {
    await start();
    const waiting = bodies('jobs', { WaitTimeSeconds: 20 });
    await sleep(50);
    await send('late');
    expect(await waiting).toEqual(['late']);
  });

  it('waits for the time of the queue', async () => {
    await start({ receiveWaitInSeconds: 20 });
    const waiting = bodies('jobs');
    await sleep(50);
    await send('late');
    expect(await waiting).toEqual(['late']);
    expect(await bodies('jobs', { WaitTimeSeconds: 0 })).toEqual([]);
  });

  it('takes no message for a client that has disconnected', async () => {
    await start();
    const gone = new AbortController();
    const command = new ReceiveMessageCommand({ QueueUrl: service.url('jobs'), WaitTimeSeconds: 20 });
    const waiting = service.client().send(command, { abortSignal: gone.signal });
    await sleep(100);
    gone.abort();
    await expect(waiting).rejects.toThrow();
    await sleep(100);
    await send('for the next');
    expect(await bodies('jobs')).toEqual(['for the next']);
  });

  it('ends when the service closes', async () => {
    await start();
    const waiting = service.receive('jobs', { WaitTimeSeconds: 20 }).catch(() => 'ended');
    await sleep(50);
    await service.sqs.close();
    expect(await waiting).toBe('ended');
  });
});

describe('the visibility timeout of a message', () => {
  const change = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
    service.client().send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: service.url('jobs'),
        ReceiptHandle,
        VisibilityTimeout,
      }),
    );

  it('can be extended and ended', async () => {
    await start();
    await send('x');
    const [message] = await service.receive('jobs');
    await change(message?.ReceiptHandle, 120);
    service.ahead = 119_000;
    expect(await bodies('jobs')).toEqual([]);
    await change(message?.ReceiptHandle, 0);
    expect(await bodies('jobs')).toEqual(['x']);
  });

  it('can be changed with the receipt handle of the last receive, until it ends', async () => {
    await start();
    await send('x');
    const [message] = await service.receive('jobs');
    service.ahead = 30_001;
    expect((await refusal(change(message?.ReceiptHandle, 10))).name).toBe('MessageNotInflight');
    await service.receive('jobs');
    expect((await refusal(change(message?.ReceiptHandle, 10))).name).toBe('MessageNotInflight');
    expect((await refusal(change('made up', 10))).name).toBe('ReceiptHandleIsInvalid');
    expect((await refusal(change(message?.ReceiptHandle, 43_201))).name).toBe('InvalidParameterValue');
  });
});

describe('a redrive policy', () => {
  const redrive = { deadLetterQueueArn: 'arn:aws:sqs:eu-central-1:123456789012:dead', maxReceiveCount: 2 };

  it('moves a message that was received too often, with its sent timestamp', async () => {
    await start({ redrive });
    const { MessageId } = await send('poison');
    const sentAt = (await service.receive('jobs', { MessageSystemAttributeNames: ['SentTimestamp'] }))[0]
      ?.Attributes?.SentTimestamp;
    service.ahead = 31_000;
    expect(await bodies('jobs')).toEqual(['poison']);
    expect(await bodies('dead')).toEqual([]);
    service.ahead = 62_000;
    expect(await bodies('jobs')).toEqual([]);
    expect(await service.receive('dead', { MessageSystemAttributeNames: ['All'] })).toMatchObject([
      {
        MessageId,
        Body: 'poison',
        Attributes: {
          ApproximateReceiveCount: '3',
          DeadLetterQueueSourceArn: QUEUE,
          SentTimestamp: sentAt,
        },
      },
    ]);
    service.ahead = 100_000;
    expect(await bodies('jobs')).toEqual([]);
  });

  it('does not affect other messages', async () => {
    await start({ redrive });
    await send('poison');
    for (const ahead of [0, 31_000]) {
      service.ahead = ahead;
      expect(await bodies('jobs')).toEqual(['poison']);
    }
    await send('good');
    service.ahead = 62_000;
    expect(await bodies('jobs')).toEqual(['good']);
    expect(await bodies('dead')).toEqual(['poison']);
  });
});
