import { createHash, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { PolicyDocument } from '../iam/policy.ts';

/** A standard queue of the template. */
export interface QueueDefinition {
  readonly name: string;
  readonly arn: string;
  readonly retentionInSeconds: number;
  readonly visibilityTimeoutInSeconds: number;
  /** The delay of messages that have none. @default 0 */
  readonly delayInSeconds?: number | undefined;
  /** The wait of receive calls that have none. @default 0 */
  readonly receiveWaitInSeconds?: number | undefined;
  /** @default SQS's limit */
  readonly maximumMessageSizeInBytes?: number | undefined;
  /** @default messages are received until they expire */
  readonly redrive?: RedrivePolicy | undefined;
  /** @default access depends only on the policies of callers */
  readonly policy?: PolicyDocument | undefined;
}

/** The dead-letter queue, and after how many receives a message goes there. */
export interface RedrivePolicy {
  readonly deadLetterQueueArn: string;
  readonly maxReceiveCount: number;
}

/** A stored message. Times are epoch milliseconds. */
export const StoredMessageSchema = v.object({
  id: v.string(),
  body: v.string(),
  /** Unique id of the sender, such as `AROA…:session`. */
  senderId: v.string(),
  sentAt: v.number(),
  visibleAt: v.number(),
  receiveCount: v.number(),
  firstReceivedAt: v.optional(v.number()),
  /** The handle of the last receive. */
  receiptHandle: v.optional(v.string()),
  /** Received by an event source mapping, whose invocation ends with this process. */
  polled: v.optional(v.boolean()),
  /** The queue from which it went to this dead-letter queue. */
  deadLetterSourceArn: v.optional(v.string()),
});

/** A message in a queue. */
export type StoredMessage = v.InferOutput<typeof StoredMessageSchema>;

/** The result of a receive call. */
export interface Receipt {
  readonly received: readonly StoredMessage[];
  /** Hidden messages that must be moved: they were received as often as the redrive policy allows. */
  readonly exhausted: readonly StoredMessage[];
}

/** The numbers of messages by state. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** The memory limit of a queue that nobody empties. */
const MAX_SIZE_IN_BYTES = 256 * 1024 * 1024;

/** The longest timeout of a timer in Node.js. */
const LONGEST_TIMER_IN_MILLISECONDS = 2 ** 31 - 1;

/** The messages of a standard queue, in memory. */
export class Queue {
  readonly definition: QueueDefinition;
  readonly #clock: () => Date;
  readonly #messages = new Map<string, StoredMessage>();
  #bytes = 0;
  /** No message in the queue was sent earlier. */
  #oldestSentAt = Number.POSITIVE_INFINITY;
  readonly #waiting = new Set<() => void>();

  constructor(definition: QueueDefinition, clock: () => Date) {
    this.definition = definition;
    this.#clock = clock;
  }

  /** All messages, hidden ones included. */
  get messages(): Iterable<StoredMessage> {
    this.#expire();
    return this.#messages.values();
  }

  /** A new message. It is not in the queue yet. */
  draft(body: string, options: { senderId: string; delayInMilliseconds: number }): StoredMessage {
    const now = this.#clock().getTime();
    return {
      id: randomUUID(),
      body,
      senderId: options.senderId,
      sentAt: now,
      visibleAt: now + options.delayInMilliseconds,
      receiveCount: 0,
    };
  }

  /** Adds a message. Returns old messages that were dropped to make room. */
  add(message: StoredMessage): StoredMessage[] {
    this.#messages.set(message.id, message);
    this.#bytes += message.body.length;
    this.#oldestSentAt = Math.min(this.#oldestSentAt, message.sentAt);
    const dropped: StoredMessage[] = [];
    for (const oldest of this.#messages.values()) {
      if (this.#bytes <= MAX_SIZE_IN_BYTES || oldest === message) break;
      this.#remove(oldest);
      dropped.push(oldest);
    }
    this.#wake();
    return dropped;
  }

  /** Returns messages, and hides them for a while. */
  receive(limit: number, hiddenForInMilliseconds: number, polled = false): Receipt {
    const now = this.#clock().getTime();
    const { redrive } = this.definition;
    const received: StoredMessage[] = [];
    const exhausted: StoredMessage[] = [];
    for (const message of this.messages) {
      if (received.length === limit) break;
      if (message.visibleAt > now) continue;
      message.visibleAt = now + hiddenForInMilliseconds;
      if (redrive && message.receiveCount >= redrive.maxReceiveCount) {
        exhausted.push(message);
        continue;
      }
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.receiptHandle = `${message.id}/${randomUUID()}`;
      message.polled = polled;
      received.push(message);
    }
    return { received, exhausted };
  }

  /** Resolves when a message may have become visible, after the time, or when the signal aborts. */
  async arrival(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const now = this.#clock().getTime();
    let wait = milliseconds;
    for (const { visibleAt } of this.messages) wait = Math.min(wait, Math.max(visibleAt - now, 0));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(wait, LONGEST_TIMER_IN_MILLISECONDS));
    const done = () => resolve();
    signal?.addEventListener('abort', done);
    this.#waiting.add(done);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', done);
    this.#waiting.delete(done);
  }

  /** The message of a receipt; undefined when it was deleted, or received again since. */
  findByReceipt(receiptHandle: string): StoredMessage | undefined {
    const message = this.#messages.get(receiptHandle.slice(0, receiptHandle.indexOf('/')));
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  /** Hides a received message for this long from now on. */
  hide(message: StoredMessage, milliseconds: number): void {
    message.visibleAt = this.#clock().getTime() + milliseconds;
    this.#wake();
  }

  /** Whether the message is hidden because it was received. */
  isInFlight({ receiveCount, visibleAt }: StoredMessage): boolean {
    return receiveCount > 0 && visibleAt > this.#clock().getTime();
  }

  /** Deletes a message, if it still exists. */
  delete(id: string): void {
    const message = this.#messages.get(id);
    if (message) this.#remove(message);
  }

  purge(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }

  /** Changes a message to what the journal says. */
  restore(id: string, facts: Partial<StoredMessage>): void {
    const message = this.#messages.get(id);
    if (message) Object.assign(message, facts);
  }

  count(): QueueCounts {
    const now = this.#clock().getTime();
    const counts = { visible: 0, inFlight: 0, delayed: 0 };
    for (const { visibleAt, receiveCount } of this.messages) {
      if (visibleAt <= now) counts.visible += 1;
      else if (receiveCount > 0) counts.inFlight += 1;
      else counts.delayed += 1;
    }
    return counts;
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
  }

  #remove(message: StoredMessage): void {
    if (this.#messages.delete(message.id)) this.#bytes -= message.body.length;
  }

  #expire(): void {
    const sentBefore = this.#clock().getTime() - this.definition.retentionInSeconds * 1000;
    if (this.#oldestSentAt >= sentBefore) return;
    this.#oldestSentAt = Number.POSITIVE_INFINITY;
    for (const message of this.#messages.values()) {
      if (message.sentAt < sentBefore) this.#remove(message);
      else this.#oldestSentAt = Math.min(this.#oldestSentAt, message.sentAt);
    }
  }
}

/** As in SQS's responses, so that clients can verify the message. */
export function md5Of(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
