import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { JsonCall } from '../json/json-service.ts';
import { type Operation, operation } from '../json/operations.ts';
import { md5Of, type Queue, type StoredMessage } from './queue.ts';

/** SQS's limit for a message. */
export const MAX_BODY_BYTES = 1024 * 1024;

const NAMESPACE = 'com.amazonaws.sqs#';

const UrlSchema = v.object({ QueueUrl: v.string() });

const MESSAGE_ATTRIBUTES = [
  'All',
  'ApproximateFirstReceiveTimestamp',
  'ApproximateReceiveCount',
  'SentTimestamp',
] as const;

const AttributeNamesSchema = v.optional(v.array(v.picklist(MESSAGE_ATTRIBUTES)), []);

/** What the operations work with. */
export interface OperationContext {
  readonly queues: ReadonlyMap<string, Queue>;
  readonly accountId: string;
  /** Throws unless the caller signed the request and may do it to the queue, or to all of them. */
  authorize(call: JsonCall, queueName: string | undefined): Promise<void>;
  /** Called when a queue's messages have changed. */
  changed(): Promise<void>;
  send(queue: Queue, body: string): StoredMessage;
  readonly clock: () => Date;
}

/** The operations of SQS that the local stack has. */
export function sqsOperations(context: OperationContext): Record<string, Operation> {
  const { queues, accountId, authorize, changed, clock } = context;
  const define = <Schema extends v.GenericSchema>(
    schema: Schema,
    run: (input: v.InferOutput<Schema>, call: JsonCall) => Promise<object>,
  ): Operation => operation(schema, 'InvalidParameterValue', run);

  const getQueue = async (call: JsonCall, queueName: string): Promise<Queue> => {
    await authorize(call, queueName);
    const queue = queues.get(queueName);
    if (!queue) {
      throw new AwsError(`${NAMESPACE}QueueDoesNotExist`, 'The specified queue does not exist.');
    }
    return queue;
  };
  const urlOf = ({ request }: JsonCall, name: string): string =>
    `http://${request.headers.host ?? 'localhost'}/${accountId}/${name}`;

  return {
    SendMessage: define(
      v.strictObject({
        ...UrlSchema.entries,
        MessageBody: v.pipe(v.string(), v.minLength(1), v.maxBytes(MAX_BODY_BYTES)),
      }),
      async (input, call) => {
        const { id, body } = context.send(await getQueue(call, nameIn(input.QueueUrl)), input.MessageBody);
        await changed();
        return { MessageId: id, MD5OfMessageBody: md5Of(body) };
      },
    ),

    ReceiveMessage: define(
      v.strictObject({
        ...UrlSchema.entries,
        MaxNumberOfMessages: v.optional(wholeNumber(1, 10), 1),
        VisibilityTimeout: v.optional(wholeNumber(0, 43_200)),
        WaitTimeSeconds: v.optional(wholeNumber(0, 20), 0),
        AttributeNames: AttributeNamesSchema,
        MessageSystemAttributeNames: AttributeNamesSchema,
      }),
      async (input, call) => {
        const queue = await getQueue(call, nameIn(input.QueueUrl));
        const timeout = input.VisibilityTimeout ?? queue.definition.visibilityTimeoutSeconds;
        const receive = () => queue.receive(input.MaxNumberOfMessages, timeout);
        let messages = receive();
        if (messages.length === 0 && input.WaitTimeSeconds > 0) {
          await queue.arrival(input.WaitTimeSeconds * 1000);
          messages = receive();
        }
        if (messages.length > 0) await changed();
        const names = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
        return messages.length > 0 ? { Messages: messages.map((message) => received(message, names)) } : {};
      },
    ),

    DeleteMessage: define(
      v.strictObject({ ...UrlSchema.entries, ReceiptHandle: v.string() }),
      async (input, call) => {
        (await getQueue(call, nameIn(input.QueueUrl))).delete(input.ReceiptHandle);
        await changed();
        return {};
      },
    ),

    PurgeQueue: define(v.strictObject(UrlSchema.entries), async (input, call) => {
      (await getQueue(call, nameIn(input.QueueUrl))).purge();
      await changed();
      return {};
    }),

    GetQueueAttributes: define(
      v.strictObject({ ...UrlSchema.entries, AttributeNames: v.optional(v.array(v.string()), []) }),
      async (input, call) => {
        const attributes = queueAttributes(await getQueue(call, nameIn(input.QueueUrl)), clock());
        const unknown = input.AttributeNames.find((name) => name !== 'All' && !(name in attributes));
        if (unknown !== undefined) {
          throw new AwsError(`${NAMESPACE}InvalidAttributeName`, `Unknown attribute ${unknown}.`);
        }
        const wanted = Object.entries(attributes).filter(
          ([name]) => input.AttributeNames.includes('All') || input.AttributeNames.includes(name),
        );
        return { Attributes: Object.fromEntries(wanted) };
      },
    ),

    GetQueueUrl: define(v.strictObject({ QueueName: v.string() }), async (input, call) => {
      const { definition } = await getQueue(call, input.QueueName);
      return { QueueUrl: urlOf(call, definition.name) };
    }),

    ListQueues: define(
      v.strictObject({ QueueNamePrefix: v.optional(v.string(), '') }),
      async (input, call) => {
        await authorize(call, undefined);
        const names = [...queues.keys()].filter((name) => name.startsWith(input.QueueNamePrefix));
        return { QueueUrls: names.map((name) => urlOf(call, name)) };
      },
    ),
  };
}

function wholeNumber(least: number, most: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

/** The last part of a queue's URL, whatever address it was made for. */
function nameIn(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

function received(message: StoredMessage, names: readonly string[]): object {
  const attributes: Record<string, string> = {
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAt),
  };
  const wanted = Object.entries(attributes).filter(([name]) => names.includes('All') || names.includes(name));
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5Of(message.body),
    ...(wanted.length > 0 && { Attributes: Object.fromEntries(wanted) }),
  };
}

function queueAttributes({ definition, messages }: Queue, now: Date): Record<string, string> {
  const visible = messages.filter(({ visibleAt }) => visibleAt <= now.getTime()).length;
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesDelayed: '0',
    ApproximateNumberOfMessagesNotVisible: String(messages.length - visible),
    MessageRetentionPeriod: String(definition.retentionSeconds),
    QueueArn: definition.arn,
    VisibilityTimeout: String(definition.visibilityTimeoutSeconds),
    ...(definition.policy && { Policy: JSON.stringify(definition.policy) }),
  };
}
