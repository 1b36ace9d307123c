import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { JsonCall } from '../json/json-service.ts';
import { type Operation, operation } from '../json/operations.ts';
import { batch, type EntryOutcome } from './batch.ts';
import { MAX_BODY_SIZE_IN_BYTES, messageBody, sqsError } from './message-body.ts';
import { md5Of, type Queue, type StoredMessage } from './queue.ts';
import type { OutgoingMessage, Queues } from './queues.ts';
import { receiptAttributes } from './receipt-attributes.ts';

/** Twelve hours, from when the message was received. */
const MAX_VISIBILITY_TIMEOUT_IN_SECONDS = 43_200;
const MAX_DELAY_IN_SECONDS = 900;

const UrlSchema = v.object({ QueueUrl: v.string() });

const MESSAGE_ATTRIBUTES = [
  'All',
  'ApproximateFirstReceiveTimestamp',
  'ApproximateReceiveCount',
  'DeadLetterQueueSourceArn',
  'SenderId',
  'SentTimestamp',
] as const;

const AttributeNamesSchema = v.optional(v.array(v.picklist(MESSAGE_ATTRIBUTES)), []);

/** What the operations use. */
export interface OperationContext {
  readonly queues: Queues;
  readonly accountId: string;
  /**
   * Throws unless the caller has signed the request and has the permission for the queue, or for all queues.
   * Returns the caller's unique id.
   */
  authorize(call: JsonCall, queueName: string | undefined): Promise<string>;
  /** Aborted when the service closes. */
  readonly closing: AbortSignal;
}

/** The supported operations of SQS. */
export function sqsOperations(context: OperationContext): Record<string, Operation> {
  const { queues, accountId, authorize, closing } = context;
  const define = <Schema extends v.GenericSchema>(
    schema: Schema,
    run: (input: v.InferOutput<Schema>, call: JsonCall) => Promise<object>,
  ): Operation => operation(schema, 'InvalidParameterValue', run);

  const authorizedQueue = async (
    call: JsonCall,
    queueName: string,
  ): Promise<{ queue: Queue; senderId: string }> => {
    const senderId = await authorize(call, queueName);
    const queue = queues.byName.get(queueName);
    if (!queue) throw sqsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return { queue, senderId };
  };
  const getQueue = async (call: JsonCall, url: string): Promise<Queue> =>
    (await authorizedQueue(call, nameIn(url))).queue;
  const urlOf = ({ request }: JsonCall, name: string): string =>
    `http://${request.headers.host ?? 'localhost'}/${accountId}/${name}`;

  const changeVisibility = async (
    queue: Queue,
    { ReceiptHandle: receiptHandle, VisibilityTimeout: seconds }: VisibilityChange,
  ): Promise<void> => {
    checkReceiptHandle(receiptHandle);
    checkWholeNumber('VisibilityTimeout', seconds, MAX_VISIBILITY_TIMEOUT_IN_SECONDS);
    const message = queue.findByReceipt(receiptHandle);
    if (!message || !queue.isInFlight(message)) {
      throw sqsError('MessageNotInflight', `The message of receipt ${receiptHandle} is not in flight.`);
    }
    await queues.hide(queue, message, seconds);
  };

  return {
    SendMessage: define(
      v.strictObject({ ...UrlSchema.entries, ...MessageSchema.entries }),
      async (input, call) => {
        const { queue, senderId } = await authorizedQueue(call, nameIn(input.QueueUrl));
        const [message] = await queues.send(queue, [outgoing(queue, senderId, input)]);
        return sent(message);
      },
    ),

    SendMessageBatch: define(
      v.strictObject({
        ...UrlSchema.entries,
        Entries: v.array(v.strictObject({ Id: v.string(), ...MessageSchema.entries })),
      }),
      async (input, call) => {
        const { queue, senderId } = await authorizedQueue(call, nameIn(input.QueueUrl));
        const bytes = input.Entries.reduce((sum, entry) => sum + Buffer.byteLength(entry.MessageBody), 0);
        if (bytes > MAX_BODY_SIZE_IN_BYTES) {
          throw sqsError(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${MAX_BODY_SIZE_IN_BYTES} bytes. You have sent ${bytes} bytes.`,
          );
        }
        return batch(input.Entries, async (entries) => {
          const outcomes: EntryOutcome[] = [];
          const messages: OutgoingMessage[] = [];
          for (const entry of entries) {
            try {
              messages.push(outgoing(queue, senderId, entry));
              outcomes.push({});
            } catch (error) {
              if (!(error instanceof AwsError)) throw error;
              outcomes.push(error);
            }
          }
          const stored = await queues.send(queue, messages);
          return outcomes.map((outcome) => (outcome instanceof AwsError ? outcome : sent(stored.shift())));
        });
      },
    ),

    ReceiveMessage: define(
      v.strictObject({
        ...UrlSchema.entries,
        MaxNumberOfMessages: v.optional(wholeNumber(1, 10), 1),
        VisibilityTimeout: v.optional(wholeNumber(0, MAX_VISIBILITY_TIMEOUT_IN_SECONDS)),
        WaitTimeSeconds: v.optional(wholeNumber(0, 20)),
        AttributeNames: AttributeNamesSchema,
        MessageSystemAttributeNames: AttributeNamesSchema,
        // Messages have no attributes here, so there are none to return.
        MessageAttributeNames: v.optional(v.array(v.string())),
      }),
      async (input, call) => {
        const queue = await getQueue(call, input.QueueUrl);
        const waitInSeconds = input.WaitTimeSeconds ?? queue.definition.receiveWaitInSeconds ?? 0;
        using gone = clientGone(call);
        const messages = await queues.receiveOrWait(queue, input.MaxNumberOfMessages, {
          visibilityTimeoutInSeconds: input.VisibilityTimeout,
          waitInMilliseconds: waitInSeconds * 1000,
          signal: AbortSignal.any([closing, gone.signal]),
        });
        const names = [...input.AttributeNames, ...input.MessageSystemAttributeNames];
        return messages.length > 0 ? { Messages: messages.map((message) => received(message, names)) } : {};
      },
    ),

    DeleteMessage: define(
      v.strictObject({ ...UrlSchema.entries, ReceiptHandle: v.string() }),
      async (input, call) => {
        const queue = await getQueue(call, input.QueueUrl);
        checkReceiptHandle(input.ReceiptHandle);
        await queues.deleteReceived(queue, [input.ReceiptHandle]);
        return {};
      },
    ),

    DeleteMessageBatch: define(
      v.strictObject({
        ...UrlSchema.entries,
        Entries: v.array(v.strictObject({ Id: v.string(), ReceiptHandle: v.string() })),
      }),
      async (input, call) => {
        const queue = await getQueue(call, input.QueueUrl);
        return batch(input.Entries, async (entries) => {
          const known = entries.filter(({ ReceiptHandle: handle }) => isReceiptHandle(handle));
          await queues.deleteReceived(
            queue,
            known.map(({ ReceiptHandle: handle }) => handle),
          );
          return entries.map((entry) =>
            known.includes(entry) ? {} : invalidReceiptHandle(entry.ReceiptHandle),
          );
        });
      },
    ),

    ChangeMessageVisibility: define(
      v.strictObject({ ...UrlSchema.entries, ...VisibilityChangeSchema.entries }),
      async (input, call) => {
        await changeVisibility(await getQueue(call, input.QueueUrl), input);
        return {};
      },
    ),

    ChangeMessageVisibilityBatch: define(
      v.strictObject({
        ...UrlSchema.entries,
        Entries: v.array(v.strictObject({ Id: v.string(), ...VisibilityChangeSchema.entries })),
      }),
      async (input, call) => {
        const queue = await getQueue(call, input.QueueUrl);
        return batch(input.Entries, (entries) =>
          Promise.all(
            entries.map((entry) =>
              changeVisibility(queue, entry).then(
                () => ({}),
                (error: unknown) => {
                  if (error instanceof AwsError) return error;
                  throw error;
                },
              ),
            ),
          ),
        );
      },
    ),

    PurgeQueue: define(v.strictObject(UrlSchema.entries), async (input, call) => {
      await queues.purge(await getQueue(call, input.QueueUrl));
      return {};
    }),

    GetQueueAttributes: define(
      v.strictObject({ ...UrlSchema.entries, AttributeNames: v.optional(v.array(v.string()), []) }),
      async (input, call) => {
        const attributes = queueAttributes(await getQueue(call, input.QueueUrl));
        const unknown = input.AttributeNames.find((name) => name !== 'All' && !(name in attributes));
        if (unknown !== undefined && !OPTIONAL_ATTRIBUTES.includes(unknown)) {
          throw sqsError('InvalidAttributeName', `Unknown attribute ${unknown}.`);
        }
        const wanted = Object.entries(attributes).filter(
          ([name]) => input.AttributeNames.includes('All') || input.AttributeNames.includes(name),
        );
        return { Attributes: Object.fromEntries(wanted) };
      },
    ),

    GetQueueUrl: define(v.strictObject({ QueueName: v.string() }), async (input, call) => {
      const { queue } = await authorizedQueue(call, input.QueueName);
      return { QueueUrl: urlOf(call, queue.definition.name) };
    }),

    ListQueues: define(
      v.strictObject({ QueueNamePrefix: v.optional(v.string(), '') }),
      async (input, call) => {
        await authorize(call, undefined);
        const names = [...queues.byName.keys()].filter((name) => name.startsWith(input.QueueNamePrefix));
        return { QueueUrls: names.map((name) => urlOf(call, name)) };
      },
    ),
  };
}

const MessageSchema = v.object({ MessageBody: v.string(), DelaySeconds: v.optional(v.number()) });

const VisibilityChangeSchema = v.object({ ReceiptHandle: v.string(), VisibilityTimeout: v.number() });

type VisibilityChange = v.InferOutput<typeof VisibilityChangeSchema>;

/** Attributes that a queue has only when they were set. */
const OPTIONAL_ATTRIBUTES: readonly string[] = ['Policy', 'RedrivePolicy'];

/** A message of the request. Throws when SQS would refuse it. */
function outgoing(
  { definition }: Queue,
  senderId: string,
  input: v.InferOutput<typeof MessageSchema>,
): OutgoingMessage {
  const { MessageBody: body, DelaySeconds: delayInSeconds } = input;
  if (delayInSeconds !== undefined) checkWholeNumber('DelaySeconds', delayInSeconds, MAX_DELAY_IN_SECONDS);
  return { body: messageBody(definition, body), senderId, delayInSeconds };
}

function wholeNumber(least: number, most: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
}

function checkWholeNumber(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new AwsError(
    'InvalidParameterValue',
    `Value ${value} for parameter ${name} is invalid. Reason: ${name} must be >= 0 and <= ${most}.`,
  );
}

function isReceiptHandle(handle: string): boolean {
  return /^[0-9a-f-]{36}\/[0-9a-f-]{36}$/.test(handle);
}

function checkReceiptHandle(handle: string): void {
  if (!isReceiptHandle(handle)) throw invalidReceiptHandle(handle);
}

function invalidReceiptHandle(handle: string): AwsError {
  return sqsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
  );
}

/** A signal that aborts when the client closes the connection: it could not delete what it receives. */
function clientGone({ request: { socket } }: JsonCall): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  socket.once('close', abort);
  if (socket.destroyed) abort();
  return { signal: controller.signal, [Symbol.dispose]: () => socket.off('close', abort) };
}

/** The last part of a queue's URL. The host does not matter. */
function nameIn(queueUrl: string): string {
  return queueUrl.split('/').at(-1) ?? '';
}

function sent(message: StoredMessage | undefined): object {
  return message ? { MessageId: message.id, MD5OfMessageBody: md5Of(message.body) } : {};
}

function received(message: StoredMessage, names: readonly string[]): object {
  const wanted = Object.entries(receiptAttributes(message)).filter(
    ([name]) => names.includes('All') || names.includes(name),
  );
  return {
    MessageId: message.id,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: md5Of(message.body),
    ...(wanted.length > 0 && { Attributes: Object.fromEntries(wanted) }),
  };
}

function queueAttributes(queue: Queue): Record<string, string> {
  const { definition } = queue;
  const { redrive } = definition;
  const { visible, inFlight, delayed } = queue.count();
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    DelaySeconds: String(definition.delayInSeconds ?? 0),
    MaximumMessageSize: String(definition.maximumMessageSizeInBytes ?? MAX_BODY_SIZE_IN_BYTES),
    MessageRetentionPeriod: String(definition.retentionInSeconds),
    QueueArn: definition.arn,
    ReceiveMessageWaitTimeSeconds: String(definition.receiveWaitInSeconds ?? 0),
    VisibilityTimeout: String(definition.visibilityTimeoutInSeconds),
    ...(definition.policy && { Policy: JSON.stringify(definition.policy) }),
    ...(redrive && {
      RedrivePolicy: JSON.stringify({
        deadLetterTargetArn: redrive.deadLetterQueueArn,
        maxReceiveCount: redrive.maxReceiveCount,
      }),
    }),
  };
}
