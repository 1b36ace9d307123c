import { join } from 'node:path';
import type { LocalService } from '../http/local-service.ts';
import { authorize } from '../iam/authorize.ts';
import { type Identities, type Identity, type Role, trustsService } from '../iam/identities.ts';
import { evaluate, evaluateResourcePolicy } from '../iam/policy.ts';
import { authenticate } from '../iam/sigv4.ts';
import { jsonService } from '../json/json-service.ts';
import { dispatch } from '../json/operations.ts';
import type { Log } from '../log.ts';
import { MAX_BODY_SIZE_IN_BYTES } from './message-body.ts';
import { sqsOperations } from './operations.ts';
import type { QueueDefinition } from './queue.ts';
import { Queues } from './queues.ts';

const SERVICE = 'sqs';

/** The sender id of messages that were sent without a signed request. */
const SERVICE_SENDER_ID = 'AIDALOCALAWSSERVICES0';

/** More than the largest message needs as JSON. */
const BODY_LIMIT_IN_BYTES = 8 * 1024 * 1024;

/** Batch operations need the permission of the single operation. */
const ACTIONS: Readonly<Record<string, string>> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
};

/** The permissions that an event source mapping needs. */
const POLLER_ACTIONS = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

/** How to start the local SQS. */
export interface SqsOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  /** @default 'aws' */
  readonly partition?: string | undefined;
  readonly queues: readonly QueueDefinition[];
  /** Folder of the messages. @default in memory */
  readonly dataDirectory?: string | undefined;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** Multiplies the delays of messages, for tests. @default 1 */
  readonly delayScale?: number | undefined;
  /** Multiplies visibility timeouts, for tests. @default 1 */
  readonly visibilityScale?: number | undefined;
  readonly log: Log;
}

/** A sender without a signed request: a service of AWS that acts as a role. */
export interface QueueSender {
  readonly roleArn: string;
  /** Such as `iot.amazonaws.com`. */
  readonly service: string;
  /** What the service acts for, such as a topic rule. */
  readonly sourceArn?: string | undefined;
}

/** A service of AWS that sends as itself, when the queue's policy allows it. */
export interface ServiceSender {
  /** Such as `s3.amazonaws.com`. */
  readonly service: string;
  /** What the service acts for, such as a bucket. */
  readonly sourceArn: string;
}

/** The message can never be put into its queue. */
export class Undeliverable extends Error {
  override readonly name = 'Undeliverable';
}

/** The parts of SQS that the local stack uses. */
export interface LocalSqs extends LocalService {
  /** The queues themselves, for callers that have checked the permissions. */
  readonly queues: Queues;
  /** Throws unless the queue exists and the service may send to it as the role. */
  checkSender(queueArn: string, sender: QueueSender): void;
  /** Throws unless the queue exists and the role has the permissions of an event source mapping. */
  checkPoller(queueArn: string, roleArn: string): void;
  /** Whether the queue exists and its policy allows the service to send to it. */
  allowsService(queueArn: string, sender: ServiceSender): boolean;
  /** Sends a dead letter, or the record of a failed invocation. Never throws. */
  send(queueArn: string, body: string): void;
  /**
   * Sends a message. It is on disk when this resolves. Rejects with `Undeliverable` when it can never be
   * sent.
   */
  deliver(queueArn: string, body: string, options?: { delayInSeconds?: number }): Promise<void>;
}

/**
 * Starts SQS with the queues of the template. The caller listens. Rejects when the file of messages is
 * damaged.
 */
export async function createSqs(options: SqsOptions): Promise<LocalSqs> {
  const { identities, region, accountId, partition = 'aws', clock = () => new Date() } = options;
  const log = (line: string) => options.log({ source: SERVICE, line, level: 'error' });
  const { dataDirectory } = options;
  const queues = await Queues.open({
    definitions: options.queues,
    // Without queues there is nothing to store, and nothing would close the file.
    path:
      dataDirectory === undefined || options.queues.length === 0
        ? undefined
        : join(dataDirectory, 'queues.jsonl'),
    clock,
    log,
    delayScale: options.delayScale,
    visibilityScale: options.visibilityScale,
  });
  const closing = new AbortController();

  const deliver: LocalSqs['deliver'] = async (queueArn, body, { delayInSeconds } = {}) => {
    const queue = queues.findByArn(queueArn);
    if (!queue) throw new Undeliverable('there is no such queue');
    if (Buffer.byteLength(body) > (queue.definition.maximumMessageSizeInBytes ?? MAX_BODY_SIZE_IN_BYTES)) {
      throw new Undeliverable('it is too large');
    }
    await queues.send(queue, [{ body, senderId: SERVICE_SENDER_ID, delayInSeconds }]);
  };

  const service = jsonService({
    name: SERVICE,
    contentType: 'application/x-amz-json-1.0',
    target: 'AmazonSQS',
    bodyLimitInBytes: BODY_LIMIT_IN_BYTES,
    answer: dispatch(
      sqsOperations({
        queues,
        accountId,
        closing: closing.signal,
        authorize: async ({ request, body, operation }, queueName) => {
          const { identity } = await authenticate(request, {
            service: SERVICE,
            region,
            identities,
            clock,
            body,
          });
          const resource =
            queueName === undefined ? '*' : `arn:${partition}:${SERVICE}:${region}:${accountId}:${queueName}`;
          authorize(
            SERVICE,
            identity,
            { ...sqsRequest(ACTIONS[operation] ?? operation, resource), now: clock() },
            queues.byName.get(queueName ?? '')?.definition.policy,
          );
          return identity.userId ?? identity.principalArn;
        },
      }),
      'SQS',
    ),
    onClose: () => queues.close(),
    log,
  });

  return {
    ...service,
    queues,
    close: async () => {
      closing.abort();
      await service.close();
    },
    checkSender: (queueArn, { roleArn, service: sender, sourceArn }) => {
      const { policy } = existing(queues, queueArn);
      const role = identities.findRole(roleArn);
      const context = { 'aws:SourceAccount': accountId, 'aws:SourceArn': sourceArn };
      if (!role || !trustsService(role, sender, context)) {
        throw new Error(`${sender} may not act as ${roleArn}`);
      }
      if (evaluate(bareRole(role), sqsRequest('SendMessage', queueArn), policy) !== 'allow') {
        throw new Error(`${roleArn} may not send messages to ${queueArn}`);
      }
    },
    checkPoller: (queueArn, roleArn) => {
      const { policy } = existing(queues, queueArn);
      const role = identities.findRole(roleArn);
      const refused = POLLER_ACTIONS.find(
        (action) => !role || evaluate(bareRole(role), sqsRequest(action, queueArn), policy) !== 'allow',
      );
      if (refused !== undefined) {
        throw new Error(`${roleArn} has no permission to call ${refused} on ${queueArn}`);
      }
    },
    allowsService: (queueArn, { service: sender, sourceArn }) => {
      const policy = queues.findByArn(queueArn)?.definition.policy;
      if (!policy) return false;
      const { context, ...request } = sqsRequest('SendMessage', queueArn);
      const source = { 'aws:SourceAccount': accountId, 'aws:SourceArn': sourceArn };
      const decision = evaluateResourcePolicy(
        policy,
        { service: sender },
        { ...request, context: { ...context, ...source }, now: clock() },
      );
      return decision === 'allow';
    },
    send: (queueArn, body) => {
      deliver(queueArn, body).catch((error: Error) =>
        log(`A message for ${queueArn} is dropped: ${error.message}`),
      );
    },
    deliver,
  };
}

function existing(queues: Queues, queueArn: string): QueueDefinition {
  const queue = queues.findByArn(queueArn);
  if (!queue) throw new Error(`there is no queue ${queueArn}`);
  return queue.definition;
}

function sqsRequest(operation: string, resource: string) {
  return { action: `${SERVICE}:${operation}`, resource, context: { 'aws:SecureTransport': 'true' } };
}

/** A role without session, as services of AWS act. */
function bareRole({ arn, policies }: Role): Identity {
  return {
    accessKeyId: '',
    secretAccessKey: '',
    principalArn: arn,
    root: false,
    rolePolicies: policies,
    sessionPolicies: [],
    principalTags: {},
    roleArn: arn,
  };
}
