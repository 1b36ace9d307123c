import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSqs } from '../../sqs/sqs.ts';
import { LocalSqsForTests, location, queueNamed, refusal, root } from './sqs-service.ts';

const QUEUE = queueNamed('jobs').arn;

let service: LocalSqsForTests;
afterEach(() => service.close());

const start = async () => {
  service = await LocalSqsForTests.start({ queues: [queueNamed('jobs')] });
};

const journal = () => join(service.directory, 'queues.jsonl');

const send = (MessageBody: string, DelaySeconds = 0) =>
  service.client().send(new SendMessageCommand({ QueueUrl: service.url('jobs'), MessageBody, DelaySeconds }));

const bodies = async () => (await service.receive('jobs')).map(({ Body }) => Body);

describe('an acknowledged change of a queue', () => {
  it('is there after a restart: sent, received, invisible, delayed, deleted', async () => {
    await start();
    for (const body of ['received', 'deleted', 'sent']) await send(body);
    await send('delayed', 60);
    const [received, deleted, shown] = await service.receive('jobs', { MaxNumberOfMessages: 3 });
    expect([received?.Body, deleted?.Body, shown?.Body]).toEqual(['received', 'deleted', 'sent']);
    const client = service.client();
    const QueueUrl = service.url('jobs');
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: deleted?.ReceiptHandle }));
    await client.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl,
        ReceiptHandle: shown?.ReceiptHandle,
        VisibilityTimeout: 0,
      }),
    );
    await service.restart();
    expect(await bodies()).toEqual(['sent']);
    service.ahead = 31_000;
    const again = await service.receive('jobs', { MessageSystemAttributeNames: ['All'] });
    expect(again).toMatchObject([
      { Body: 'received', Attributes: { ApproximateReceiveCount: '2' } },
      { Body: 'sent' },
    ]);
    service.ahead = 62_000;
    expect(await bodies()).toContain('delayed');
  });

  it('is there after the process was killed', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'local-sqs-kill-'));
    const sent = new Set<string>();
    for (let run = 0; run < 5; run += 1) {
      const child = fork(new URL('sqs-process.ts', import.meta.url), [directory]);
      const [{ port }] = (await once(child, 'message')) as [{ port: number }];
      const client = new SQSClient({
        endpoint: `http://127.0.0.1:${port}`,
        region: location.region,
        credentials: root,
        maxAttempts: 1,
      });
      const sending = Promise.all(
        [1, 2, 3, 4].map(async (sender) => {
          for (let index = 0; ; index += 1) {
            const body = `${run}-${sender}-${index}`;
            const answered = await client
              .send(new SendMessageCommand({ QueueUrl: 'http://-/1/jobs', MessageBody: body }))
              .then(
                () => true,
                () => false,
              );
            if (!answered) return;
            sent.add(body);
          }
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 100 + 50 * run));
      await kill(child);
      await sending;
      client.destroy();
    }
    expect(sent.size).toBeGreaterThan(20);
    await start();
    const restarted = await createSqs({
      ...location,
      identities: service.identities,
      dataDirectory: directory,
      queues: [queueNamed('jobs')],
      log: () => {},
    });
    const kept = new Set([...(restarted.queues.byName.get('jobs')?.messages ?? [])].map(({ body }) => body));
    await restarted.close();
    rmSync(directory, { recursive: true });
    expect([...sent].filter((body) => !kept.has(body))).toEqual([]);
  });
});

describe('the journal', () => {
  it('ignores a last line that is incomplete, and nothing else', async () => {
    await start();
    await send('whole');
    await service.sqs.close();
    appendFileSync(journal(), '{"op":"send","queue":"jobs","mess');
    await service.restart();
    await send('after');
    await service.restart();
    expect(await bodies()).toEqual(['whole', 'after']);
  });

  it('is refused with invalid contents', async () => {
    await start();
    await send('whole');
    await service.sqs.close();
    const before = readFileSync(journal(), 'utf8');
    writeFileSync(journal(), `{"op":"nonsense"}\n${before}`);
    await expect(service.restart()).rejects.toThrow("does not hold the local SQS's messages");
    writeFileSync(journal(), before);
    await service.restart();
    expect(await bodies()).toEqual(['whole']);
  });

  it('is compacted when most of it is outdated', async () => {
    await start();
    const body = 'x'.repeat(50_000);
    for (let round = 0; round < 40; round += 1) {
      await send(body);
      const [message] = await service.receive('jobs');
      await service.client().send(
        new DeleteMessageCommand({
          QueueUrl: service.url('jobs'),
          ReceiptHandle: message?.ReceiptHandle,
        }),
      );
    }
    await send('left');
    expect(statSync(journal()).size).toBeLessThan(1_100_000);
    await service.restart();
    expect(await bodies()).toEqual(['left']);
  });

  it('makes a message an error on a full disk, and works again when there is space', async () => {
    await start();
    await send('before');
    const probe = await open(journal(), 'r');
    const files = Object.getPrototypeOf(probe) as {
      appendFile(this: unknown, data: Buffer): Promise<void>;
    };
    await probe.close();
    const original = files.appendFile;
    // A part of the line is written before the disk is full.
    const full = vi.spyOn(files, 'appendFile').mockImplementation(async function (this: unknown, data) {
      await original.call(this, data.subarray(0, 20));
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    });
    expect((await refusal(send('lost'))).name).toBe('InternalServerError');
    await expect(service.sqs.deliver(QUEUE, 'lost too')).rejects.toThrow('no space left');
    full.mockRestore();
    await send('after');
    await service.restart();
    expect(await bodies()).toEqual(['before', 'after']);
  });
});

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
