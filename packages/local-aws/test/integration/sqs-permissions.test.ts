import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  ListQueuesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import type { PolicyStatement } from '../../iam/policy.ts';
import type { QueueDefinition } from '../../sqs/queue.ts';
import { LocalSqsForTests, queueNamed, refusal } from './sqs-service.ts';

const QUEUE = 'arn:aws:sqs:eu-central-1:123456789012:jobs';

let service: LocalSqsForTests;

/** Starts SQS with the queue `jobs`. */
async function start(queue: Partial<QueueDefinition> = {}): Promise<LocalSqsForTests> {
  service = await LocalSqsForTests.start({
    queues: [queueNamed('jobs', queue)],
  });
  return service;
}

afterEach(() => service.close());

describe('permissions', () => {
  const sendTo = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: QUEUE } as const;
  const iot = (roleArn: string) => ({ roleArn, service: 'iot.amazonaws.com' });
  const policyOf = (...statements: PolicyStatement[]) => ({
    policy: { Version: '2012-10-17', Statement: statements },
  });

  it('are those of the role that signs the request', async () => {
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

  it('are limited by the policy of the queue, with aws:SecureTransport true', async () => {
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
    expect((await refusal(service.send('jobs', 'x'))).name).toBe('AccessDeniedException');
  });

  it('of a service with a role are those of the role', async () => {
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

  it('of a service without a role are those of the policy of the queue', async () => {
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

  it('of an event source mapping are three, and all are required', async () => {
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
