import { mkdtempSync } from 'node:fs';
import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import type { FunctionDefinition } from '../../lambda/definitions.ts';
import { EventSourceMapping, type EventSourceMappingDefinition } from '../../lambda/event-source-mapping.ts';
import { Lambda } from '../../lambda/lambda.ts';
import type { LogEntry } from '../../log.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';
import { bundled, credentials } from './lambda-fixture.ts';
import { LocalSqsForTests, location, queueNamed } from './sqs-service.ts';

const QUEUE = queueNamed('jobs').arn;
const POLL = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

let service: LocalSqsForTests;
let lambda: Lambda;
let mapping: EventSourceMapping | undefined;
const entries: LogEntry[] = [];

afterEach(async () => {
  await mapping?.close();
  await lambda?.close();
  await service.close();
  mapping = undefined;
  entries.length = 0;
});

interface Setup {
  readonly definition?: Partial<EventSourceMappingDefinition>;
  readonly queue?: Partial<QueueDefinition>;
  readonly windowScale?: number;
  readonly perFunction?: number;
}

/** Starts SQS with the queue `jobs`, and maps it to the function. */
async function start(fn: FunctionDefinition, setup: Setup = {}): Promise<void> {
  service = await LocalSqsForTests.start({
    queues: [queueNamed('jobs', { visibilityTimeoutInSeconds: 5, ...setup.queue }), queueNamed('dead')],
  });
  service.role(fn.name, [{ Effect: 'Allow', Action: POLL, Resource: QUEUE }]);
  map(fn, setup);
}

function map(fn: FunctionDefinition, { definition, windowScale, perFunction = 4 }: Setup = {}): void {
  lambda = new Lambda({
    functions: [fn],
    permissions: [],
    ...location,
    endpoints: () => ({}),
    credentials: ({ name }) => credentials(name, 3600),
    log: (entry) => entries.push(entry),
    limits: { perFunction, growAfterInMilliseconds: 5 },
  });
  mapping = new EventSourceMapping({
    definition: {
      name: 'Mapping',
      queueArn: QUEUE,
      functionArn: fn.arn,
      enabled: true,
      batchSize: 10,
      batchingWindowInSeconds: 0,
      reportsBatchItemFailures: false,
      ...definition,
    },
    functions: lambda,
    sqs: service.sqs,
    region: location.region,
    log: (entry) => entries.push(entry),
    batchingWindowScale: windowScale,
  });
  mapping.start();
}

const send = (MessageBody: string) =>
  service.client().send(new SendMessageCommand({ QueueUrl: service.url('jobs'), MessageBody }));

async function sendAll(bodies: readonly string[]): Promise<void> {
  for (let from = 0; from < bodies.length; from += 10) {
    await service.client().send(
      new SendMessageBatchCommand({
        QueueUrl: service.url('jobs'),
        Entries: bodies.slice(from, from + 10).map((MessageBody, Id) => ({ Id: String(Id), MessageBody })),
      }),
    );
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

/** The bodies of every batch that the function logged. */
const batches = (fn: FunctionDefinition): string[][] =>
  entries
    .filter(({ source, line }) => source === fn.label && line.startsWith('['))
    .map(({ line }) => JSON.parse(line) as string[]);

const counts = () => service.sqs.queues.byName.get('jobs')?.count();
const EMPTY = { visible: 0, inFlight: 0, delayed: 0 };

const logging = `const log = ({ Records }) => console.log(JSON.stringify(Records.map(({ body }) => body)));`;

const taking = (name: string, overrides?: Partial<FunctionDefinition>) =>
  bundled(name, `${logging} export const handler = async (event) => log(event);`, overrides);

describe('a function with an event source mapping', () => {
  it("gets messages in Lambda's form, and they are deleted after success", async () => {
    const fn = bundled(
      'whole',
      'export const handler = async (event) => console.log(JSON.stringify(event));',
    );
    await start(fn);
    const { MessageId } = await send('{"a":"ü"}');
    await expect.poll(() => entries.length).toBe(1);
    expect(JSON.parse(entries[0]?.line ?? '')).toEqual({
      Records: [
        {
          messageId: MessageId,
          receiptHandle: expect.stringContaining(MessageId ?? '?'),
          body: '{"a":"ü"}',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: '123456789012',
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {},
          md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
          eventSource: 'aws:sqs',
          eventSourceARN: QUEUE,
          awsRegion: 'eu-central-1',
        },
      ],
    });
    await expect.poll(counts).toEqual(EMPTY);
  });

  it('gets at most the batch size', async () => {
    const fn = taking('sized');
    service = await LocalSqsForTests.start({ queues: [queueNamed('jobs')] });
    service.role(fn.name, [{ Effect: 'Allow', Action: POLL, Resource: QUEUE }]);
    await sendAll(numbers(25));
    map(fn, { definition: { batchSize: 4 } });
    await expect.poll(counts).toEqual(EMPTY);
    expect(
      batches(fn)
        .map(({ length }) => length)
        .sort(),
    ).toEqual([1, 4, 4, 4, 4, 4, 4]);
    expect(batches(fn).flat().sort()).toEqual(numbers(25).sort());
  });

  it('gets more than one receive returns, within the batching window', async () => {
    const fn = taking('gathered');
    service = await LocalSqsForTests.start({ queues: [queueNamed('jobs')] });
    service.role(fn.name, [{ Effect: 'Allow', Action: POLL, Resource: QUEUE }]);
    await sendAll(numbers(45));
    map(fn, { definition: { batchSize: 40, batchingWindowInSeconds: 60 }, windowScale: 0.01 });
    await expect.poll(counts).toEqual(EMPTY);
    expect(batches(fn).map(({ length }) => length)).toEqual([40, 5]);
  });

  it('gets a partial batch at the end of the window', async () => {
    const fn = taking('window');
    await start(fn, { definition: { batchSize: 10, batchingWindowInSeconds: 1 } });
    await send('first');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await send('second');
    await expect.poll(() => batches(fn), { timeout: 5_000 }).toEqual([['first', 'second']]);
  });

  it('gets at most six megabytes', async () => {
    const fn = bundled('large', 'export const handler = async ({ Records }) => console.log(Records.length);');
    const body = 'x'.repeat(1024 * 1024);
    service = await LocalSqsForTests.start({ queues: [queueNamed('jobs')] });
    service.role(fn.name, [{ Effect: 'Allow', Action: POLL, Resource: QUEUE }]);
    for (let count = 0; count < 8; count += 1) await service.sqs.deliver(QUEUE, body);
    map(fn);
    await expect.poll(counts, { timeout: 5_000 }).toEqual(EMPTY);
    expect(entries.map(({ line }) => line).sort()).toEqual(['3', '5']);
  });

  it('runs with the maximum concurrency of its mapping', async () => {
    const fn = bundled(
      'crowd',
      `import { writeFileSync, readdirSync, mkdirSync, rmSync } from 'node:fs';
       import { threadId } from 'node:worker_threads';
       const folder = process.env.FOLDER;
       export const handler = async () => {
         writeFileSync(folder + '/' + threadId, '');
         await new Promise((resolve) => setTimeout(resolve, 30));
         console.log(readdirSync(folder).length);
         rmSync(folder + '/' + threadId);
       };`,
    );
    service = await LocalSqsForTests.start({ queues: [queueNamed('jobs')] });
    service.role(fn.name, [{ Effect: 'Allow', Action: POLL, Resource: QUEUE }]);
    const folder = mkdtempSync(`${service.directory}/running-`);
    await sendAll(numbers(20));
    map({ ...fn, environment: { FOLDER: folder } }, { definition: { batchSize: 1, maximumConcurrency: 2 } });
    await expect.poll(counts, { timeout: 10_000 }).toEqual(EMPTY);
    const atOnce = entries.map(({ line }) => Number(line));
    expect(atOnce).toHaveLength(20);
    expect(Math.max(...atOnce)).toBe(2);
  });

  it('gets nothing while the mapping is disabled', async () => {
    const fn = taking('disabled');
    await start(fn, { definition: { enabled: false } });
    await send('waits');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect([batches(fn), counts()]).toEqual([[], { ...EMPTY, visible: 1 }]);
  });
});

describe('a function that fails', () => {
  it('gets the whole batch again after the visibility timeout, and not before', async () => {
    const fn = bundled(
      'failing',
      `${logging}
       let calls = 0;
       export const handler = async (event) => {
         log(event);
         calls += 1;
         if (calls === 1) throw new Error('not yet');
       };`,
      { timeoutInSeconds: 1 },
    );
    await start(fn, {
      queue: { visibilityTimeoutInSeconds: 60 },
      definition: { batchingWindowInSeconds: 1 },
    });
    await sendAll(['a', 'b']);
    await expect.poll(() => batches(fn), { timeout: 5_000 }).toEqual([['a', 'b']]);
    await expect.poll(() => entries.some(({ line }) => line.includes('not yet'))).toBe(true);
    expect(counts()).toEqual({ ...EMPTY, inFlight: 2 });
    service.ahead = 61_000;
    // Time does not wake the waiting by itself in a test.
    await send('c');
    await expect
      .poll(() => batches(fn), { timeout: 5_000 })
      .toEqual([
        ['a', 'b'],
        ['a', 'b', 'c'],
      ]);
    await expect.poll(counts).toEqual(EMPTY);
  });

  it('has its messages moved to the dead-letter queue in the end', async () => {
    const fn = bundled('hopeless', `export const handler = async () => { throw new Error('never'); };`, {
      timeoutInSeconds: 1,
    });
    await start(fn, {
      queue: {
        visibilityTimeoutInSeconds: 1,
        redrive: { deadLetterQueueArn: queueNamed('dead').arn, maxReceiveCount: 2 },
      },
    });
    await send('poison');
    const dead = await service.receive('dead', {
      WaitTimeSeconds: 20,
      MessageSystemAttributeNames: ['All'],
    });
    expect(dead).toMatchObject([{ Body: 'poison', Attributes: { DeadLetterQueueSourceArn: QUEUE } }]);
    expect(entries.filter(({ line }) => line.includes('never'))).toHaveLength(2);
  });
});

describe('a function that reports batch item failures', () => {
  const reporting = (name: string, answer: string) =>
    bundled(
      name,
      `${logging}
       let calls = 0;
       export const handler = async (event) => {
         log(event);
         calls += 1;
         if (calls > 1) return;
         const failed = event.Records.find(({ body }) => body === 'bad')?.messageId;
         return ${answer};
       };`,
      { timeoutInSeconds: 1 },
    );
  const definition = { reportsBatchItemFailures: true, batchingWindowInSeconds: 1 };

  it('gets only the failed messages again', async () => {
    const fn = reporting('partial', '{ batchItemFailures: [{ itemIdentifier: failed }] }');
    await start(fn, { definition });
    await sendAll(['good', 'bad', 'fine']);
    await expect.poll(counts, { timeout: 5_000 }).toEqual({ ...EMPTY, inFlight: 1 });
    service.ahead = 6_000;
    await send('next');
    await expect
      .poll(() => batches(fn), { timeout: 5_000 })
      .toEqual([
        ['good', 'bad', 'fine'],
        ['bad', 'next'],
      ]);
    await expect.poll(counts).toEqual(EMPTY);
  });

  it('fails the whole batch with an invalid response', async () => {
    const fn = reporting('nonsense', '{ batchItemFailures: [{ itemIdentifier: "other" }] }');
    await start(fn, { definition });
    await sendAll(['good', 'bad']);
    await expect.poll(() => entries.some(({ source }) => source === 'lambda'), { timeout: 5_000 }).toBe(true);
    expect(counts()).toEqual({ ...EMPTY, inFlight: 2 });
    expect(entries.find(({ source }) => source === 'lambda')).toMatchObject({
      level: 'error',
      line: expect.stringContaining('counts as failure of the whole batch'),
    });
  });

  it('gets no partial retries without the setting', async () => {
    const fn = reporting('unheard', '{ batchItemFailures: [{ itemIdentifier: failed }] }');
    await start(fn);
    await send('bad');
    await expect.poll(() => batches(fn)).toHaveLength(1);
    await expect.poll(counts).toEqual(EMPTY);
  });
});

describe('a mapping', () => {
  it('is refused for the same reasons as by Lambda', async () => {
    const fn = taking('refused', { timeoutInSeconds: 30 });
    await expect(start(fn, { queue: { visibilityTimeoutInSeconds: 29 } })).rejects.toThrow(
      'Mapping: Queue visibility timeout: 29 seconds is less than Function timeout: 30 seconds',
    );
    service.role(fn.name, [{ Effect: 'Allow', Action: POLL.slice(1), Resource: QUEUE }]);
    expect(() => map(fn)).toThrow(`${fn.roleArn} has no permission to call ReceiveMessage on ${QUEUE}`);
    expect(() => map(fn, { definition: { queueArn: `${QUEUE}-other` } })).toThrow(
      `there is no queue ${QUEUE}-other`,
    );
  });

  it('keeps the messages of running invocations when it closes', async () => {
    const fn = bundled(
      'cut-off',
      `${logging}
       export const handler = async (event) => {
         log(event);
         if (process.env.SLOW) await new Promise((resolve) => setTimeout(resolve, 60_000));
       };`,
      { timeoutInSeconds: 300, environment: { SLOW: 'yes' } },
    );
    await start(fn, { queue: { visibilityTimeoutInSeconds: 300 } });
    await send('kept');
    await expect.poll(() => batches(fn)).toEqual([['kept']]);
    await mapping?.close(10);
    await lambda.close(10);
    // The invocation ended with its process, so the message does not stay hidden for five minutes.
    await service.restart();
    map({ ...fn, environment: {} });
    await expect.poll(() => batches(fn)).toEqual([['kept'], ['kept']]);
    await expect.poll(counts).toEqual(EMPTY);
  });
});
