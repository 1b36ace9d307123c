import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import type { QueueDefinition } from '../../sqs/queue.ts';
import { LocalSqsForTests, queueNamed, refusal } from './sqs-service.ts';

const MEBIBYTE = 1024 * 1024;

let service: LocalSqsForTests;

/** Starts SQS with the queue `jobs`. */
async function start(queue: Partial<QueueDefinition> = {}): Promise<LocalSqsForTests> {
  service = await LocalSqsForTests.start({
    queues: [queueNamed('jobs', queue)],
  });
  return service;
}

afterEach(() => service.close());

const bodies = (...input: Parameters<LocalSqsForTests['receive']>) => service.bodies(...input);

describe('a batch', () => {
  const sendBatch = (entries: { Id: string; MessageBody: string; DelaySeconds?: number }[]) =>
    service.client().send(new SendMessageBatchCommand({ QueueUrl: service.url('jobs'), Entries: entries }));
  const entry = (Id: string, MessageBody = Id) => ({ Id, MessageBody });

  it('sends, hides and deletes several messages', async () => {
    const client = (await start()).client();
    const QueueUrl = service.url('jobs');
    const result = await sendBatch([entry('a'), { ...entry('b'), DelaySeconds: 60 }]);
    expect(result).toMatchObject({
      Successful: [
        { Id: 'a', MD5OfMessageBody: '0cc175b9c0f1b6a831c399e269772661' },
        { Id: 'b', MD5OfMessageBody: '92eb5ffee6ae2fec3ad71c777531578f' },
      ],
    });
    expect(result.Failed).toBeUndefined();
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

  it('returns which entries are refused', async () => {
    await start({ maximumMessageSizeInBytes: 1024 });
    const result = await sendBatch([
      entry('long', 'x'.repeat(1025)),
      entry('good'),
      { ...entry('late'), DelaySeconds: 901 },
      entry('bell', '\u0007'),
    ]);
    expect(result.Successful?.map(({ Id }) => Id)).toEqual(['good']);
    expect(result.Failed).toMatchObject([
      { Id: 'long', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'late', Code: 'InvalidParameterValue', SenderFault: true },
      { Id: 'bell', Code: 'InvalidMessageContents', SenderFault: true },
    ]);
    expect(await bodies('jobs')).toEqual(['good']);
  });

  it('has one to ten entries, of one mebibyte in all, with distinct ids', async () => {
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
