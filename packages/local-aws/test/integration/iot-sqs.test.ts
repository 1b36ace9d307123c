import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, describe, expect, it } from 'vitest';
import { Identities, type Identity } from '../../iam/identities.ts';
import type { PolicyStatement } from '../../iam/policy.ts';
import { createSqs, type LocalSqs, type SqsOptions } from '../../sqs/sqs.ts';
import { LOCATION, listen } from './iot-stack.ts';

const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:dead-letters';
const ROLE = 'arn:aws:iam::123456789012:role/rules';

const identities = new Identities({ root: { accessKeyId: 'AKIAROOT', secretAccessKey: 'root-secret' } });

const grant = (statements: PolicyStatement[]) =>
  identities.addRole({
    arn: ROLE,
    name: 'rules',
    trustPolicy: {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'iot.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    },
    policies: [{ Version: '2012-10-17', Statement: statements }],
    maxSessionDurationSeconds: 3600,
  });

let sqs: LocalSqs;
let port: number;
const lines: string[] = [];

async function start(options: Partial<SqsOptions> = {}): Promise<void> {
  const queue = { name: 'dead-letters', arn: QUEUE, retentionSeconds: 345_600, visibilityTimeoutSeconds: 30 };
  sqs = await createSqs({
    ...LOCATION,
    identities,
    queues: [queue],
    log: ({ line }) => lines.push(line),
    ...options,
  });
  port = await listen(sqs.server);
}

afterEach(async () => {
  await sqs.close();
  lines.splice(0);
});

/** Calls SQS as its SDK does. */
async function call(
  operation: string,
  input: Record<string, unknown>,
  by: Pick<Identity, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'> = {
    accessKeyId: 'AKIAROOT',
    secretAccessKey: 'root-secret',
  },
): Promise<Record<string, unknown>> {
  const { accessKeyId, secretAccessKey, sessionToken } = by;
  const signer = new SignatureV4({
    service: 'sqs',
    region: LOCATION.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) },
    sha256: Sha256,
  });
  const body = JSON.stringify(input);
  const signed = await signer.sign(
    new HttpRequest({
      method: 'POST',
      protocol: 'http:',
      hostname: '127.0.0.1',
      port,
      path: '/',
      headers: {
        host: `127.0.0.1:${port}`,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
      },
      body,
    }),
  );
  const { host: _host, ...headers } = signed.headers;
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  return { status: response.status, ...((await response.json()) as object) };
}

const url = () => `http://127.0.0.1:${port}/123456789012/dead-letters`;

const receive = async (more: object = {}) => {
  const { Messages = [] } = await call('ReceiveMessage', {
    QueueUrl: url(),
    MaxNumberOfMessages: 10,
    ...more,
  });
  return Messages as { Body: string; ReceiptHandle: string; MD5OfBody: string; Attributes?: object }[];
};

describe('a queue', () => {
  it('is found by its name and by listing', async () => {
    await start();
    expect(await call('GetQueueUrl', { QueueName: 'dead-letters' })).toEqual({
      status: 200,
      QueueUrl: url(),
    });
    expect(await call('ListQueues', {})).toEqual({ status: 200, QueueUrls: [url()] });
    expect(await call('ListQueues', { QueueNamePrefix: 'other' })).toEqual({ status: 200, QueueUrls: [] });
    expect(await call('GetQueueUrl', { QueueName: 'other' })).toMatchObject({
      status: 400,
      __type: 'com.amazonaws.sqs#QueueDoesNotExist',
    });
  });

  it('hands out a message, hides it meanwhile, and forgets it when it is deleted', async () => {
    let ahead = 0;
    await start({ clock: () => new Date(Date.now() + ahead) });
    const sent = await call('SendMessage', { QueueUrl: url(), MessageBody: 'hello' });
    expect(sent).toMatchObject({ status: 200, MD5OfMessageBody: '5d41402abc4b2a76b9719d911017c592' });
    const [first] = await receive({ MessageSystemAttributeNames: ['All'] });
    expect(first).toMatchObject({
      Body: 'hello',
      MD5OfBody: '5d41402abc4b2a76b9719d911017c592',
      Attributes: { ApproximateReceiveCount: '1', SentTimestamp: expect.stringMatching(/^\d{13}$/) },
    });
    expect(await receive()).toEqual([]);
    expect(await call('GetQueueAttributes', { QueueUrl: url(), AttributeNames: ['All'] })).toMatchObject({
      Attributes: {
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesNotVisible: '1',
        QueueArn: QUEUE,
      },
    });
    ahead = 30_001;
    const [second] = await receive({ AttributeNames: ['ApproximateReceiveCount'] });
    expect(second).toMatchObject({ Body: 'hello', Attributes: { ApproximateReceiveCount: '2' } });
    await call('DeleteMessage', { QueueUrl: url(), ReceiptHandle: first?.ReceiptHandle });
    await call('DeleteMessage', { QueueUrl: url(), ReceiptHandle: second?.ReceiptHandle });
    ahead = 60_002;
    expect(await receive()).toEqual([]);
  });

  it('waits for a message as long as it is asked to', async () => {
    await start();
    const waiting = receive({ WaitTimeSeconds: 20 });
    setTimeout(() => sqs.send(QUEUE, 'late'), 50);
    expect(await waiting).toMatchObject([{ Body: 'late' }]);
  });

  it('closes while somebody waits', async () => {
    await start();
    const waiting = receive({ WaitTimeSeconds: 20 }).catch(() => 'ended');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await sqs.close();
    await waiting;
  });

  it('can be purged', async () => {
    await start();
    for (const body of ['1', '2']) sqs.send(QUEUE, body);
    expect(await call('PurgeQueue', { QueueUrl: url() })).toMatchObject({ status: 200 });
    expect(await receive()).toEqual([]);
  });

  it('forgets messages after its retention period', async () => {
    let ahead = 0;
    await start({
      clock: () => new Date(Date.now() + ahead),
      queues: [{ name: 'dead-letters', arn: QUEUE, retentionSeconds: 60, visibilityTimeoutSeconds: 30 }],
    });
    sqs.send(QUEUE, 'old');
    ahead = 61_000;
    expect(await receive()).toEqual([]);
  });

  it('keeps its messages over a restart', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'sqs-'));
    await start({ dataDirectory });
    sqs.send(QUEUE, 'kept');
    await sqs.close();
    await start({ dataDirectory });
    expect(await receive()).toMatchObject([{ Body: 'kept' }]);
    await rm(dataDirectory, { recursive: true });
  });

  it('says so of what it does not implement', async () => {
    await start();
    const notImplemented = { status: 501, __type: 'NotImplemented' };
    expect(await call('SendMessageBatch', {})).toMatchObject(notImplemented);
    expect(await call('SendMessage', { QueueUrl: url(), MessageBody: 'x', DelaySeconds: 1 })).toMatchObject(
      notImplemented,
    );
  });

  it('drops what nobody could take, with a line in the log', async () => {
    await start();
    sqs.send(`${QUEUE}-other`, 'x');
    sqs.send(QUEUE, 'x'.repeat(1024 * 1024 + 1));
    expect(lines).toEqual([
      `A message for ${QUEUE}-other is dropped: there is no such queue`,
      `A message for ${QUEUE} is dropped: it is too large`,
    ]);
  });
});

describe('permissions', () => {
  const session = () => identities.mintForRole(ROLE, { sessionName: 'test', durationSeconds: 900 });
  const send = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE } as const;
  const iot = { roleArn: ROLE, service: 'iot.amazonaws.com' };

  it('are those of the role that signs', async () => {
    grant([send]);
    await start();
    expect(await call('SendMessage', { QueueUrl: url(), MessageBody: 'x' }, session())).toMatchObject({
      status: 200,
    });
    expect(await call('ReceiveMessage', { QueueUrl: url() }, session())).toMatchObject({
      status: 400,
      __type: 'AccessDeniedException',
    });
    expect(await call('ListQueues', {}, session())).toMatchObject({ __type: 'AccessDeniedException' });
  });

  it('are narrowed by the policy of the queue, which is told that the loopback is safe', async () => {
    grant([send]);
    const deny = { Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: QUEUE } as const;
    const queue = { name: 'dead-letters', arn: QUEUE, retentionSeconds: 60, visibilityTimeoutSeconds: 30 };
    const withPolicy = (statement: PolicyStatement) => ({
      queues: [{ ...queue, policy: { Version: '2012-10-17', Statement: [statement] } }],
    });
    await start(withPolicy({ ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } }));
    sqs.checkSender(QUEUE, iot);
    await sqs.close();
    await start(withPolicy(deny));
    expect(() => sqs.checkSender(QUEUE, iot)).toThrow(`${ROLE} may not send messages to ${QUEUE}`);
    expect(await call('ListQueues', {})).toMatchObject({ status: 200 });
    expect(await call('SendMessage', { QueueUrl: url(), MessageBody: 'x' })).toMatchObject({
      __type: 'AccessDeniedException',
    });
  });

  it('are those of the role that a service acts as', async () => {
    grant([{ ...send, Action: 'sqs:ReceiveMessage' }]);
    await start();
    expect(() => sqs.checkSender(QUEUE, iot)).toThrow(`${ROLE} may not send messages to ${QUEUE}`);
    grant([send]);
    sqs.checkSender(QUEUE, iot);
    expect(() => sqs.checkSender(QUEUE, { ...iot, service: 'lambda.amazonaws.com' })).toThrow(
      `lambda.amazonaws.com may not act as ${ROLE}`,
    );
    expect(() => sqs.checkSender(`${QUEUE}-other`, iot)).toThrow(`there is no queue ${QUEUE}-other`);
  });
});
