import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../iam/policy.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';
import type { SqsOptions } from '../../sqs/sqs.ts';
import { LocalSqsForTests, queueNamed, refusal } from './sqs-service.ts';

const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:jobs';
const MEBIBYTE = 1024 * 1024;

let service: LocalSqsForTests;

/** Starts SQS with the queue `jobs`, and `dead` behind it. */
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

const send = (MessageBody: string, more: { DelaySeconds?: number } = {}) =>
  service.client().send(new SendMessageCommand({ QueueUrl: service.url('jobs'), MessageBody, ...more }));

const attributes = async (name = 'jobs') => {
  const command = new GetQueueAttributesCommand({ QueueUrl: service.url(name), AttributeNames: ['All'] });
  return (await service.client().send(command)).Attributes ?? {};
};

const bodies = async (...input: Parameters<LocalSqsForTests['receive']>) =>
  (await service.receive(...input)).map(({ Body }) => Body);

describe('a queue', () => {
  it('is found by its name and by listing', async () => {
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

  it('hands out a message, hides it meanwhile, and forgets it when it is deleted', async () => {
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
    // Only the last receipt deletes: the first one's owner was too slow.
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

  it('forgets messages after its retention period', async () => {
    await start({ retentionInSeconds: 60 });
    await send('old');
    service.ahead = 61_000;
    expect(await service.receive('jobs')).toEqual([]);
  });

  it('tells its settings', async () => {
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

  it('says so of what it does not implement', async () => {
    const client = (await start()).client();
    const withAttribute = new SendMessageCommand({
      QueueUrl: service.url('jobs'),
      MessageBody: 'x',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } },
    });
    expect(await refusal(client.send(withAttribute))).toMatchObject({ name: 'NotImplemented' });
  });

  it('drops what nobody could take, with a line in the log', async () => {
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
  it('has at least a character and at most a mebibyte, all of which XML could hold', async () => {
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

  it('is no longer than the queue takes', async () => {
    await start({ maximumMessageSizeInBytes: 1024 });
    await send('ü'.repeat(512));
    expect((await refusal(send('ü'.repeat(513)))).message).toContain('shorter than 1024 bytes');
  });
});

describe('a delay', () => {
  it('hides a message at first, the own one before that of the queue', async () => {
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

  it('wakes who waits, and can be shortened for tests', async () => {
    await start({}, { delayScale: 0.005 });
    await send('after a minute', { DelaySeconds: 60 });
    expect(await bodies('jobs', { WaitTimeSeconds: 20 })).toEqual(['after a minute']);
  });
});

describe('a receive', () => {
  it('waits for a message as long as it is asked to', async () => {
    await start();
    const waiting = bodies('jobs', { WaitTimeSeconds: 20 });
    await sleep(50);
    await send('late');
    expect(await waiting).toEqual(['late']);
  });

  it('waits as long as the queue says', async () => {
    await start({ receiveWaitInSeconds: 20 });
    const waiting = bodies('jobs');
    await sleep(50);
    await send('late');
    expect(await waiting).toEqual(['late']);
    expect(await bodies('jobs', { WaitTimeSeconds: 0 })).toEqual([]);
  });

  it('takes nothing for a client that has gone', async () => {
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

describe('the visibility of a message', () => {
  const change = (ReceiptHandle: string | undefined, VisibilityTimeout: number) =>
    service.client().send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: service.url('jobs'),
        ReceiptHandle,
        VisibilityTimeout,
      }),
    );

  it('can be lengthened and ended', async () => {
    await start();
    await send('x');
    const [message] = await service.receive('jobs');
    await change(message?.ReceiptHandle, 120);
    service.ahead = 119_000;
    expect(await bodies('jobs')).toEqual([]);
    await change(message?.ReceiptHandle, 0);
    expect(await bodies('jobs')).toEqual(['x']);
  });

  it('belongs to the last receipt, while that lasts', async () => {
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

  it('moves a message that was received too often, with its age', async () => {
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

  it('leaves the others to be received', async () => {
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

describe('a batch', () => {
  const sendBatch = (entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]) =>
    service.client().send(new SendMessageBatchCommand({ QueueUrl: service.url('jobs'), Entries: entries }));
  const entry = (Id: string, MessageBody = Id) => ({ Id, MessageBody });

  it('sends, hides and deletes several messages', async () => {
    const client = (await start()).client();
    const QueueUrl = service.url('jobs');
    const answer = await sendBatch([entry('a'), { ...entry('b'), DelaySeconds: 60 }]);
    expect(answer).toMatchObject({
      Successful: [
        { Id: 'a', MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' },
        { Id: 'b', MD5OfMessageBody: '92eb5ffee6ae2fec3ad71c777531578f' },
      ],
    });
    expect(answer.Failed).toBeUndefined();
    const [message] = await service.receive('jobs');
    expect(message?.Body).toBe('a');
    const hidden = await client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [
          { Id: '1', ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 60 },
          { Id: '2', ReceiptHandle: 'made up', VisibilityTimeout: 60 },
        ],
      }),
    );
    expect(hidden).toMatchObject({
      Successful: [{ Id: '1' }],
      Failed: [{ Id: '2', Code: 'ReceiptHandleIsInvalid', SenderFault: true }],
    });
    const deleted = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: '1', ReceiptHandle: message?.ReceiptHandle },
          { Id: '2', ReceiptHandle: 'made up' },
        ],
      }),
    );
    expect(deleted).toMatchObject({
      Successful: [{ Id: '1' }],
      Failed: [{ Id: '2', Code: 'ReceiptHandleIsInvalid', SenderFault: true }],
    });
    service.ahead = 60_001;
    expect(await bodies('jobs')).toEqual(['b']);
  });

  it('tells which entry is refused', async () => {
    await start({ maximumMessageSizeInBytes: 1024 });
    const answer = await sendBatch([
      entry('long', 'x'.repeat(1025)),
      entry('good'),
      { ...entry('late'), DelaySeconds: 901 },
      entry('bell', '\u0007'),
    ]);
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(answer.Failed).toMatchObject([
      { Id: 'long', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'bell', Code: 'InvalidMessageContents', SenderFault: true },
    ]);
    expect(await bodies('jobs')).toEqual(['good']);
  });

  it('has one to ten entries, of a mebibyte together, each with an id of its own', async () => {
    await start();
    const half = 'x'.repeat(MEBIBYTE / 2);
    await sendBatch([entry('a', half), entry('b', half)]);
    const names = 'abcdefghijk'.split('');
    await sendBatch(names.slice(0, 10).map((name) => entry(name)));
    expect(await refusal(sendBatch([entry('a', half), entry('b', half), entry('c')]))).toEqual({
      name: 'BatchRequestTooLong',
      message: 'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
    });
    expect((await refusal(sendBatch(names.map((name) => entry(name))))).name).toBe(
      'TooManyEntriesInBatchRequest',
    );
    expect((await refusal(sendBatch([]))).name).toBe('EmptyBatchRequest');
    expect((await refusal(sendBatch([entry('a'), entry('a')]))).name).toBe('BatchEntryIdsNotDistinct');
    expect((await refusal(sendBatch([entry('a b')]))).name).toBe('InvalidBatchEntryId');
  });
});

describe('permissions', () => {
  const sendTo = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE } as const;
  const iot = (roleArn: string) => ({ roleArn, service: 'iot.amazonaws.com' });
  const policyOf = (...statements: PolicyStatement[]) => ({
    policy: { Version: '2012-10-17', Statement: statements },
  });

  it('are those of the role that signs', async () => {
    await start();
    const session = service.session([sendTo]);
    const client = service.client(session);
    const QueueUrl = service.url('jobs');
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', MessageBody: 'x' }] }));
    const [message] = await service.receive('jobs', { MessageSystemAttributeNames: ['SenderId'] });
    expect(message?.Attributes?.SenderId).toBe(session.userId);
    const ReceiptHandle = message?.ReceiptHandle;
    const denied = [
      new DeleteMessageCommand({ QueueUrl, ReceiptHandle }),
      new DeleteMessageBatchCommand({ QueueUrl, Entries: [{ Id: 'a', ReceiptHandle }] }),
      new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl,
        Entries: [{ Id: 'a', ReceiptHandle, VisibilityTimeout: 0 }],
      }),
      new ListQueuesCommand({}),
    ];
    for (const command of denied) {
      expect(await refusal(client.send(command as DeleteMessageCommand))).toMatchObject({
        name: 'AccessDeniedException',
      });
    }
  });

  it('are narrowed by the policy of the queue, which is told that the loopback is safe', async () => {
    const deny = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: QUEUE } as const;
    await start(policyOf({ ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }));
    const role = service.role('rules', [sendTo], 'iot.amazonaws.com');
    service.sqs.checkSender(QUEUE, iot(role));
    await service.restart({ queues: [queueNamed('jobs', policyOf(deny))] });
    expect(() => service.sqs.checkSender(QUEUE, iot(role))).toThrow(
      `${role} may not send messages to ${QUEUE}`,
    );
    expect(await service.client().send(new ListQueuesCommand({}))).toMatchObject({
      QueueUrls: [service.url('jobs')],
    });
    expect((await refusal(send('x'))).name).toBe('AccessDeniedException');
  });

  it('are those of the role that a service acts as', async () => {
    await start();
    const receive = { ...sendTo, Action: 'sqs:ReceiveMessage' };
    const role = service.role('rules', [receive], 'iot.amazonaws.com');
    expect(() => service.sqs.checkSender(QUEUE, iot(role))).toThrow(
      `${role} may not send messages to ${QUEUE}`,
    );
    service.role('rules', [sendTo], 'iot.amazonaws.com');
    service.sqs.checkSender(QUEUE, iot(role));
    expect(() => service.sqs.checkSender(QUEUE, { ...iot(role), service: 'lambda.amazonaws.com' })).toThrow(
      `lambda.amazonaws.com may not act as ${role}`,
    );
    expect(() => service.sqs.checkSender(`${QUEUE}-other`, iot(role))).toThrow(
      `there is no queue ${QUEUE}-other`,
    );
  });

  it('of a service that sends in its own name are those of the policy of the queue', async () => {
    const bucket = { service: 's3.amazonaws.com', sourceArn: 'arn:aws:s3:::media' };
    const allow = (Condition?: PolicyStatement['Condition']) =>
      policyOf({
        ...sendTo,
        Principal: { Service: 's3.amazonaws.com' },
        ...(Condition && { Condition }),
      });
    await start();
    const cases: [allowed: boolean, queue: Partial<QueueDefinition>][] = [
      [false, {}],
      [true, allow()],
      [true, allow({ ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::media' } })],
      [false, allow({ ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::other' } })],
      [true, allow({ StringEquals: { 'aws:SourceAccount': '123456789012' } })],
      [false, allow({ StringEquals: { 'aws:SourceAccount': '210987654321' } })],
      [false, policyOf({ ...sendTo, Principal: { Service: 'events.amazonaws.com' } })],
    ];
    for (const [allowed, queue] of cases) {
      await service.restart({ queues: [queueNamed('jobs', queue)] });
      expect([service.sqs.allowsService(QUEUE, bucket), queue]).toEqual([allowed, queue]);
    }
    expect(service.sqs.allowsService(`${QUEUE}-other`, bucket)).toBe(false);
  });

  it('of an event source mapping are three, all of them', async () => {
    await start();
    const actions = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];
    const role = service.role('worker', [{ Effect: 'Allow', Action: actions, Resource: QUEUE }]);
    service.sqs.checkPoller(QUEUE, role);
    for (const missing of actions) {
      const others = actions.filter((action) => action !== missing);
      service.role('worker', [{ Effect: 'Allow', Action: others, Resource: QUEUE }]);
      expect(() => service.sqs.checkPoller(QUEUE, role)).toThrow(
        `${role} has no permission to call ${missing.slice(4)} on ${QUEUE}`,
      );
    }
  });
});
