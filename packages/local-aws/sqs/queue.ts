import { createHash, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { PolicyDocument } from '../iam/policy.ts';

/** A standard queue as the template declares it. */
export interface QueueDefinition {
  readonly name: string;
  readonly arn: string;
  readonly retentionSeconds: number;
  readonly visibilityTimeoutSeconds: number;
  /** How long a message without a delay of its own stays hidden at first. @default 0 */
  readonly delaySeconds?: number | undefined;
  /** How long a receive waits that does not say it. @default 0 */
  readonly receiveWaitSeconds?: number | undefined;
  /** @default SQS's limit */
  readonly maximumMessageBytes?: number | undefined;
  /** @default messages are received until they expire */
  readonly redrive?: RedrivePolicy | undefined;
  /** @default nobody but those whose own policies say so */
  readonly policy?: PolicyDocument | undefined;
}

/** Where a message goes that was received too often. */
export interface RedrivePolicy {
  readonly deadLetterQueueArn: string;
  readonly maxReceiveCount: number;
}

/** How a message is kept; times are epoch milliseconds. */
export const StoredMessageSchema = v.object({
  id: v.string(),
  body: v.string(),
  /** Unique id of whoever sent it, such as `AROA…:session`. */
  senderId: v.string(),
  sentAt: v.number(),
  visibleAt: v.number(),
  receiveCount: v.number(),
  firstReceivedAt: v.optional(v.number()),
  /** Of its last receipt. */
  receiptHandle: v.optional(v.string()),
  /** Received by an event source mapping, whose invocation ends with this process. */
  polled: v.optional(v.boolean()),
  /** The queue that it was a dead letter of. */
  deadLetterSourceArn: v.optional(v.string()),
});

/** A message in a queue. */
export type StoredMessage = v.InferOutput<typeof StoredMessageSchema>;

/** What a receive found. */
export interface Receipt {
  readonly received: readonly StoredMessage[];
  /** Hidden, and to be moved: they were received as often as the redrive policy allows. */
  readonly exhausted: readonly StoredMessage[];
}

/** How many messages are where. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** What the local stack keeps in memory of a queue that nobody empties. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The longest that a timer of Node.js waits. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** The messages of a standard queue, in memory. */
export class Queue {
  readonly definition: QueueDefinition;
  readonly #clock: () => Date;
  readonly #messages = new Map<string, StoredMessage>();
  #bytes = 0;
  /** Nothing in the queue was sent before that. */
  #oldestSentAt = Number.POSITIVE_INFINITY;
  readonly #waiting = new Set<() => void>();

  constructor(definition: QueueDefinition, clock: () => Date) {
    this.definition = definition;
    this.#clock = clock;
  }

  /** Every message, hidden ones included. */
  get messages(): Iterable<StoredMessage> {
    this.#expire();
    return this.#messages.values();
  }

  /** A new message, which is not in the queue before it is added. */
  draft(body: string, options: { senderId: string; delayMilliseconds: number }): StoredMessage {
    const now = this.#clock().getTime();
    return {
      id: randomUUID(),
      body,
      senderId: options.senderId,
      sentAt: now,
      visibleAt: now + options.delayMilliseconds,
      receiveCount: 0,
    };
  }

  /** Adds a message. Returns the old ones that had to make room for it. */
  add(message: StoredMessage): StoredMessage[] {
    this.#messages.set(message.id, message);
    this.#bytes += message.body.length;
    this.#oldestSentAt = Math.min(this.#oldestSentAt, message.sentAt);
    const dropped: StoredMessage[] = [];
    for (const oldest of this.#messages.values()) {
      if (this.#bytes <= MAX_BYTES || oldest === message) break;
      this.#remove(oldest);
      dropped.push(oldest);
    }
    this.#wake();
    return dropped;
  }

  /** Hands out messages and hides them from others for a while. */
  receive(limit: number, hiddenMilliseconds: number, polled = false): Receipt {
    const now = this.#clock().getTime();
    const { redrive } = this.definition;
    const received: StoredMessage[] = [];
    const exhausted: StoredMessage[] = [];
    for (const message of this.messages) {
      if (received.length === limit) break;
      if (message.visibleAt > now) continue;
      message.visibleAt = now + hiddenMilliseconds;
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

  /** Resolves when a message may have become visible, when the time is over, or when the signal is aborted. */
  async arrival(milliseconds: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const now = this.#clock().getTime();
    let wait = milliseconds;
    for (const { visibleAt } of this.messages) wait = Math.min(wait, Math.max(visibleAt - now, 0));
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(wait, LONGEST_TIMER_MILLISECONDS));
    const done = () => resolve();
    signal?.addEventListener('abort', done);
    this.#waiting.add(done);
    await promise;
    clearTimeout(timer);
    signal?.removeEventListener('abort', done);
    this.#waiting.delete(done);
  }

  /** The message of a receipt; undefined when it is gone or was received again since. */
  findByReceipt(receiptHandle: string): StoredMessage | undefined {
    const message = this.#messages.get(receiptHandle.slice(0, receiptHandle.indexOf('/')));
    return message?.receiptHandle === receiptHandle ? message : undefined;
  }

  /** Hides a received message for this long from now on. */
  hide(message: StoredMessage, milliseconds: number): void {
    message.visibleAt = this.#clock().getTime() + milliseconds;
    this.#wake();
  }

  /** Whether somebody has the message and it is hidden for that reason. */
  isInFlight({ receiveCount, visibleAt }: StoredMessage): boolean {
    return receiveCount > 0 && visibleAt > this.#clock().getTime();
  }

  /** Deletes a message; one that is gone already is fine. */
  delete(id: string): void {
    const message = this.#messages.get(id);
    if (message) this.#remove(message);
  }

  purge(): void {
    this.#messages.clear();
    this.#bytes = 0;
  }

  /** Changes what is known of a message, as the journal tells it. */
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
    const sentBefore = this.#clock().getTime() - this.definition.retentionSeconds * 1000;
    if (this.#oldestSentAt >= sentBefore) return;
    this.#oldestSentAt = Number.POSITIVE_INFINITY;
    for (const message of this.#messages.values()) {
      if (message.sentAt < sentBefore) this.#remove(message);
      else this.#oldestSentAt = Math.min(this.#oldestSentAt, message.sentAt);
    }
  }
}

/** As SQS tells it, so that clients see that a message came through whole. */
export function md5Of(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
