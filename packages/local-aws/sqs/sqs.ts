import { join } from 'node:path';
import * as v from 'valibot';
import type { LocalService } from '../http/local-service.ts';
import { authorize } from '../iam/authorize.ts';
import { type Identities, type Identity, type Role, trustsService } from '../iam/identities.ts';
import { evaluate } from '../iam/policy.ts';
import { authenticate } from '../iam/sigv4.ts';
import { jsonFile } from '../json/json-file.ts';
import { jsonService } from '../json/json-service.ts';
import { dispatch } from '../json/operations.ts';
import type { Log } from '../log.ts';
import { MAX_BODY_BYTES, sqsOperations } from './operations.ts';
import { Queue, type QueueDefinition, type StoredMessage, StoredMessageSchema } from './queue.ts';

const SERVICE = 'sqs';

/** Above the largest message as JSON. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;

const StateSchema = v.object({
  version: v.literal(1),
  queues: v.record(v.string(), v.array(StoredMessageSchema)),
});

/** What the local SQS needs to start. */
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
  readonly log: Log;
}

/** Who sends to a queue without signing a request: a service of AWS as a role. */
export interface QueueSender {
  readonly roleArn: string;
  /** Such as `iot.amazonaws.com`. */
  readonly service: string;
  /** For whom the service acts, such as a topic rule. */
  readonly sourceArn?: string | undefined;
}

/** SQS with what other services of the local stack use of it. */
export interface LocalSqs extends LocalService {
  /** Throws unless there is such a queue and the service may send to it as the role. */
  checkSender(queueArn: string, sender: QueueSender): void;
  /** Puts a message into a queue: a dead letter, or the record of a failed invocation. Never throws. */
  send(queueArn: string, body: string): void;
}

/** Starts SQS with the queues of the template; the caller listens. Rejects when the file of messages is damaged. */
export async function createSqs(options: SqsOptions): Promise<LocalSqs> {
  const { identities, region, accountId, partition = 'aws', clock = () => new Date() } = options;
  const log = (line: string) => options.log({ source: SERVICE, line, level: 'error' });
  const queues = new Map<string, Queue>();
  const { dataDirectory } = options;
  const path = dataDirectory === undefined ? undefined : join(dataDirectory, 'queues.json');
  const file = jsonFile(path, () => ({
    version: 1,
    queues: Object.fromEntries([...queues].map(([name, { messages }]) => [name, messages])),
  }));
  const kept = readState(await file.read(), path);
  for (const definition of options.queues) {
    queues.set(definition.name, new Queue(definition, kept[definition.name] ?? [], clock));
  }
  const save = () =>
    file.write().catch((error: unknown) => log(`The queues are not saved: ${String(error)}`));
  const findByArn = (arn: string): Queue | undefined =>
    [...queues.values()].find(({ definition }) => definition.arn === arn);

  const sendTo = (queue: Queue, body: string): StoredMessage => {
    const { message, dropped } = queue.send(body);
    if (dropped > 0) log(`${queue.definition.name} is full: ${dropped} of its oldest messages are dropped`);
    return message;
  };

  const service = jsonService({
    name: SERVICE,
    contentType: 'application/x-amz-json-1.0',
    target: 'AmazonSQS',
    bodyLimitBytes: BODY_LIMIT_BYTES,
    answer: dispatch(
      sqsOperations({
        queues,
        accountId,
        clock,
        changed: save,
        send: sendTo,
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
            { ...sqsRequest(operation, resource), now: clock() },
            queues.get(queueName ?? '')?.definition.policy,
          );
        },
      }),
      'SQS',
    ),
    onClose: save,
    log,
  });

  return {
    ...service,
    close: async () => {
      for (const queue of queues.values()) queue.close();
      await service.close();
    },
    checkSender: (queueArn, { roleArn, service: sender, sourceArn }) => {
      const queue = findByArn(queueArn);
      if (!queue) throw new Error(`there is no queue ${queueArn}`);
      const role = identities.findRole(roleArn);
      const context = { 'aws:SourceAccount': accountId, 'aws:SourceArn': sourceArn };
      if (!role || !trustsService(role, sender, context)) {
        throw new Error(`${sender} may not act as ${roleArn}`);
      }
      const decision = evaluate(bareRole(role), sqsRequest('SendMessage', queueArn), queue.definition.policy);
      if (decision !== 'allow') throw new Error(`${roleArn} may not send messages to ${queueArn}`);
    },
    send: (queueArn, body) => {
      const queue = findByArn(queueArn);
      if (!queue || Buffer.byteLength(body) > MAX_BODY_BYTES) {
        log(`A message for ${queueArn} is dropped: ${queue ? 'it is too large' : 'there is no such queue'}`);
        return;
      }
      sendTo(queue, body);
      void save();
    },
  };
}

function sqsRequest(operation: string, resource: string) {
  return { action: `${SERVICE}:${operation}`, resource, context: { 'aws:SecureTransport': 'true' } };
}

/** A role by itself, as a service of AWS acts as it. */
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

function readState(content: unknown, path: string | undefined): Record<string, StoredMessage[]> {
  if (content === undefined) return {};
  const stored = v.safeParse(StateSchema, content);
  if (!stored.success) throw new Error(`${path} does not hold the local SQS's messages`);
  return stored.output.queues;
}
