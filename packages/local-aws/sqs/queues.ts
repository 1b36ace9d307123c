import * as v from 'valibot';
import { Journal } from './journal.ts';
import { Queue, type QueueDefinition, type StoredMessage, StoredMessageSchema } from './queue.ts';

const ReceiptSchema = v.pick(StoredMessageSchema, [
  'id',
  'visibleAt',
  'receiveCount',
  'firstReceivedAt',
  'receiptHandle',
  'polled',
]);

const RecordSchema = v.variant('op', [
  v.object({ op: v.literal('send'), queue: v.string(), message: StoredMessageSchema }),
  v.object({ op: v.literal('receive'), queue: v.string(), receipts: v.array(ReceiptSchema) }),
  v.object({ op: v.literal('hide'), queue: v.string(), id: v.string(), visibleAt: v.number() }),
  v.object({ op: v.literal('delete'), queue: v.string(), ids: v.array(v.string()) }),
  v.object({ op: v.literal('purge'), queue: v.string() }),
]);

/** A line of the journal. */
type JournalRecord = v.InferOutput<typeof RecordSchema>;

/** How to open the queues. */
export interface QueuesOptions {
  readonly definitions: readonly QueueDefinition[];
  /** File of the messages. @default in memory */
  readonly path?: string | undefined;
  readonly clock: () => Date;
  /** Called when messages are dropped. */
  readonly log: (line: string) => void;
  /** Multiplies delays. @default 1 */
  readonly delayScale?: number | undefined;
  /** Multiplies visibility timeouts. @default 1 */
  readonly visibilityScale?: number | undefined;
}

/** A message to send. */
export interface OutgoingMessage {
  readonly body: string;
  readonly senderId: string;
  /** @default the delay of the queue */
  readonly delayInSeconds?: number | undefined;
}

/** All queues and their messages, stored in a journal: what a client was told is still true after a kill. */
export class Queues {
  readonly byName: ReadonlyMap<string, Queue>;
  readonly #options: QueuesOptions;
  readonly #journal: Journal | undefined;

  private constructor(options: QueuesOptions) {
    this.#options = options;
    this.byName = new Map(
      options.definitions.map((definition) => [definition.name, new Queue(definition, options.clock)]),
    );
    const { path } = options;
    if (path !== undefined) this.#journal = new Journal({ path, snapshot: () => this.#snapshot() });
  }

  /** Opens the queues with the messages of the last run. Rejects when the journal is damaged. */
  static async open(options: QueuesOptions): Promise<Queues> {
    const queues = new Queues(options);
    await queues.#journal?.open((record) => {
      const known = v.safeParse(RecordSchema, record);
      if (!known.success) throw new Error(`${options.path} does not hold the local SQS's messages`);
      queues.#replay(known.output);
    });
    queues.#releasePolled();
    return queues;
  }

  findByArn(arn: string): Queue | undefined {
    return [...this.byName.values()].find(({ definition }) => definition.arn === arn);
  }

  /** Adds messages to a queue, all or none. They are on disk when this resolves. */
  async send(queue: Queue, outgoing: readonly OutgoingMessage[]): Promise<StoredMessage[]> {
    const scale = this.#options.delayScale ?? 1;
    const messages = outgoing.map(({ body, senderId, delayInSeconds }) => {
      const delay = delayInSeconds ?? queue.definition.delayInSeconds ?? 0;
      return queue.draft(body, { senderId, delayInMilliseconds: delay * 1000 * scale });
    });
    await this.#write(
      messages.map((message) => sending(queue, message)),
      { durable: true, written: () => this.#add(queue, messages) },
    );
    return messages;
  }

  /** Receives messages, and moves those that were received too often to the dead-letter queue. */
  async receive(
    queue: Queue,
    limit: number,
    options: { visibilityTimeoutInSeconds?: number | undefined; polled?: boolean } = {},
  ): Promise<StoredMessage[]> {
    const seconds = options.visibilityTimeoutInSeconds ?? queue.definition.visibilityTimeoutInSeconds;
    const { received, exhausted } = queue.receive(limit, this.#hidden(seconds), options.polled);
    if (exhausted.length > 0) await this.#redrive(queue, exhausted);
    if (received.length > 0) {
      const receipts = received.map((message) => v.parse(ReceiptSchema, message));
      // A caller's message must not change when it is received again.
      const copies = received.map((message) => ({ ...message }));
      await this.#write([{ op: 'receive', queue: queue.definition.name, receipts }]);
      return copies;
    }
    return [];
  }

  /** Receives messages, and waits while there are none. */
  async receiveOrWait(
    queue: Queue,
    limit: number,
    options: {
      visibilityTimeoutInSeconds?: number | undefined;
      waitInMilliseconds: number;
      polled?: boolean;
      /** Ends the wait. */
      signal?: AbortSignal;
    },
  ): Promise<StoredMessage[]> {
    const { signal } = options;
    const deadline = Date.now() + options.waitInMilliseconds;
    while (!signal?.aborted) {
      const messages = await this.receive(queue, limit, options);
      const left = deadline - Date.now();
      if (messages.length > 0 || left <= 0) return messages;
      await queue.arrival(left, signal);
    }
    return [];
  }

  /** Deletes messages by their receipts, except those that were received again since. */
  async deleteReceived(queue: Queue, receiptHandles: readonly string[]): Promise<void> {
    const ids = receiptHandles.flatMap((handle) => queue.findByReceipt(handle)?.id ?? []);
    if (ids.length === 0) return;
    for (const id of ids) queue.delete(id);
    await this.#write([{ op: 'delete', queue: queue.definition.name, ids }]);
  }

  /** Makes received messages visible at once, except those that were received again since. */
  async release(queue: Queue, receiptHandles: readonly string[]): Promise<void> {
    const messages = receiptHandles.flatMap((handle) => queue.findByReceipt(handle) ?? []);
    await Promise.all(messages.map((message) => this.hide(queue, message, 0)));
  }

  /** Hides a message for this long from now on; 0 makes it visible. */
  async hide(queue: Queue, message: StoredMessage, seconds: number): Promise<void> {
    queue.hide(message, this.#hidden(seconds));
    const { id, visibleAt } = message;
    await this.#write([{ op: 'hide', queue: queue.definition.name, id, visibleAt }]);
  }

  async purge(queue: Queue): Promise<void> {
    queue.purge();
    await this.#write([{ op: 'purge', queue: queue.definition.name }]);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  #hidden(seconds: number): number {
    return seconds * 1000 * (this.#options.visibilityScale ?? 1);
  }

  async #redrive(queue: Queue, exhausted: readonly StoredMessage[]): Promise<void> {
    const deadLetters = this.findByArn(queue.definition.redrive?.deadLetterQueueArn ?? '');
    if (!deadLetters) throw new Error(`${queue.definition.name} has no dead-letter queue`);
    const moved = exhausted.map(({ id, body, senderId, sentAt, receiveCount, firstReceivedAt }) => ({
      id,
      body,
      senderId,
      // Its age counts from here as well.
      sentAt,
      visibleAt: this.#options.clock().getTime(),
      receiveCount,
      firstReceivedAt,
      deadLetterSourceArn: queue.definition.arn,
    }));
    const ids = moved.map(({ id }) => id);
    await this.#write(
      [
        ...moved.map((message) => sending(deadLetters, message)),
        { op: 'delete', queue: queue.definition.name, ids },
      ],
      {
        durable: true,
        written: () => {
          this.#add(deadLetters, moved);
          for (const id of ids) queue.delete(id);
        },
      },
    );
  }

  #add(queue: Queue, messages: readonly StoredMessage[]): void {
    const dropped = messages.flatMap((message) => queue.add(message));
    if (dropped.length === 0) return;
    const { name } = queue.definition;
    this.#options.log(`${name} is full: ${dropped.length} of its oldest messages are dropped`);
    const ids = dropped.map(({ id }) => id);
    this.#write([{ op: 'delete', queue: name, ids }]).catch((error: unknown) =>
      this.#options.log(`Dropped messages of ${name} may come back: ${String(error)}`),
    );
  }

  async #write(
    records: readonly JournalRecord[],
    options: { durable?: boolean; written?: () => void } = {},
  ): Promise<void> {
    if (this.#journal) await this.#journal.append(records, options);
    else options.written?.();
  }

  /** Queues that the template has no more keep nothing. */
  #replay(record: JournalRecord): void {
    const queue = this.byName.get(record.queue);
    if (!queue) return;
    switch (record.op) {
      case 'send':
        queue.add(record.message);
        break;
      case 'receive':
        for (const { id, ...facts } of record.receipts) queue.restore(id, facts);
        break;
      case 'hide':
        queue.restore(record.id, { visibleAt: record.visibleAt });
        break;
      case 'delete':
        for (const id of record.ids) queue.delete(id);
        break;
      case 'purge':
        queue.purge();
        break;
    }
  }

  *#snapshot(): Generator<JournalRecord> {
    for (const queue of this.byName.values()) {
      for (const message of queue.messages) yield sending(queue, message);
    }
  }

  /** Invocations ended with the process that ran them, so their messages become visible again. */
  #releasePolled(): void {
    const now = this.#options.clock().getTime();
    for (const queue of this.byName.values()) {
      for (const { id, polled, visibleAt } of queue.messages) {
        if (polled && visibleAt > now) queue.restore(id, { visibleAt: now, polled: false });
      }
    }
  }
}

function sending(queue: Queue, message: StoredMessage): JournalRecord {
  return { op: 'send', queue: queue.definition.name, message };
}
