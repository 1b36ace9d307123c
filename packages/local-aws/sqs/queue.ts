import { createHash, randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { PolicyDocument } from '../iam/policy.ts';

/** A standard queue as the template declares it. */
export interface QueueDefinition {
  readonly name: string;
  readonly arn: string;
  readonly retentionSeconds: number;
  readonly visibilityTimeoutSeconds: number;
  /** @default nobody but those whose own policies say so */
  readonly policy?: PolicyDocument | undefined;
}

/** How a message is kept; times are epoch milliseconds. */
export const StoredMessageSchema = v.object({
  id: v.string(),
  body: v.string(),
  sentAt: v.number(),
  visibleAt: v.number(),
  receiveCount: v.number(),
  firstReceivedAt: v.optional(v.number()),
  /** Of its last receipt. */
  receiptHandle: v.optional(v.string()),
});

/** A message in a queue. */
export type StoredMessage = v.InferOutput<typeof StoredMessageSchema>;

/** What the local stack keeps of a queue that nobody empties. */
const MAX_MESSAGES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** A standard queue. */
export class Queue {
  readonly definition: QueueDefinition;
  readonly #clock: () => Date;
  #messages: StoredMessage[];
  #bytes: number;
  #arrivals: (() => void)[] = [];

  constructor(definition: QueueDefinition, messages: readonly StoredMessage[], clock: () => Date) {
    this.definition = definition;
    this.#clock = clock;
    this.#messages = [...messages];
    this.#bytes = messages.reduce((sum, { body }) => sum + body.length, 0);
  }

  /** Every message, received ones included. */
  get messages(): readonly StoredMessage[] {
    this.#expire();
    return this.#messages;
  }

  /** Adds a message. `dropped` tells how many old ones had to make room for it. */
  send(body: string): { readonly message: StoredMessage; readonly dropped: number } {
    this.#expire();
    const now = this.#clock().getTime();
    const message = { id: randomUUID(), body, sentAt: now, visibleAt: now, receiveCount: 0 };
    this.#messages.push(message);
    this.#bytes += body.length;
    let dropped = 0;
    while (this.#messages.length > MAX_MESSAGES || (this.#bytes > MAX_BYTES && this.#messages.length > 1)) {
      this.#bytes -= this.#messages.shift()?.body.length ?? 0;
      dropped += 1;
    }
    this.#wake();
    return { message, dropped };
  }

  /** Hands out messages and hides them from others for a while. */
  receive(limit: number, visibilityTimeoutSeconds: number): StoredMessage[] {
    this.#expire();
    const now = this.#clock().getTime();
    const received = this.#messages.filter(({ visibleAt }) => visibleAt <= now).slice(0, limit);
    for (const message of received) {
      message.visibleAt = now + visibilityTimeoutSeconds * 1000;
      message.receiveCount += 1;
      message.firstReceivedAt ??= now;
      message.receiptHandle = randomUUID();
    }
    return received;
  }

  /** Resolves when a message arrives, or with the time, or when the queue closes. */
  async arrival(milliseconds: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
      this.#arrivals.push(resolve);
    });
    clearTimeout(timer);
  }

  /** Deletes by the handle of the last receipt; one that is not known any more does nothing. */
  delete(receiptHandle: string): void {
    const index = this.#messages.findIndex((message) => message.receiptHandle === receiptHandle);
    if (index >= 0) this.#bytes -= this.#messages.splice(index, 1)[0]?.body.length ?? 0;
  }

  purge(): void {
    this.#messages = [];
    this.#bytes = 0;
  }

  /** Keeps nobody waiting any more. */
  close(): void {
    this.#wake();
  }

  #wake(): void {
    const arrivals = this.#arrivals;
    this.#arrivals = [];
    for (const resolve of arrivals) resolve();
  }

  #expire(): void {
    const oldest = this.#clock().getTime() - this.definition.retentionSeconds * 1000;
    while ((this.#messages[0]?.sentAt ?? Number.POSITIVE_INFINITY) < oldest) {
      this.#bytes -= this.#messages.shift()?.body.length ?? 0;
    }
  }
}

/** As SQS tells it, so that clients see that a message came through whole. */
export function md5Of(body: string): string {
  return createHash('md5').update(body).digest('hex');
}
