import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';
import type { Queue, StoredMessage } from '../sqs/queue.ts';
import type { LocalSqs } from '../sqs/sqs.ts';
import type { Lambda } from './lambda.ts';
import { batchFailures, type SqsEvent, type SqsRecord, sqsRecord } from './sqs-batch.ts';

/** An event source mapping of the template: a queue, and the function that takes its messages. */
export interface EventSourceMappingDefinition {
  readonly name: string;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly enabled: boolean;
  /** The maximum number of messages in an invocation. */
  readonly batchSize: number;
  /** How long messages are collected before the function is invoked with fewer. */
  readonly batchingWindowInSeconds: number;
  /** Whether the function reports which messages failed. */
  readonly reportsBatchItemFailures: boolean;
  /** Concurrent invocations. @default as many as the function has workers */
  readonly maximumConcurrency?: number | undefined;
}

/** How to run an event source mapping. */
export interface EventSourceMappingOptions {
  readonly definition: EventSourceMappingDefinition;
  readonly functions: Pick<Lambda, 'workersPerFunction' | 'definition' | 'invoke'>;
  readonly sqs: Pick<LocalSqs, 'queues' | 'checkPoller'>;
  readonly region: string;
  readonly log: Log;
  /** Multiplies the batching window; tests set it low. @default 1 */
  readonly batchingWindowScale?: number | undefined;
}

/** The most messages of one receive call. */
const MAX_RECEIVE = 10;
/** SQS's longest wait. */
const WAIT_IN_MILLISECONDS = 20_000;
/** Delay after a receive call that failed. */
const RETRY_AFTER_IN_MILLISECONDS = 1_000;
/** Lambda's limit for the event of an invocation. */
const EVENT_LIMIT_IN_BYTES = 6 * 1024 * 1024;
const EMPTY_EVENT_SIZE_IN_BYTES = Buffer.byteLength(JSON.stringify({ Records: [] } satisfies SqsEvent));

interface BatchItem {
  readonly message: StoredMessage;
  readonly record: SqsRecord;
  readonly bytes: number;
}

/**
 * Invokes a function with the messages of a queue, and deletes those that succeeded. The others are received
 * again after the queue's visibility timeout.
 */
export class EventSourceMapping {
  readonly #options: EventSourceMappingOptions;
  readonly #queue: Queue;
  readonly #concurrency: number;
  readonly #closing = new AbortController();
  readonly #invocations = new Set<Promise<void>>();
  /** Received messages that were too large for the batch before. */
  #leftOver: BatchItem[] = [];
  #polling: Promise<void> | undefined;
  /** Ends the wait for an invocation to finish. */
  #goOn: () => void = () => {};

  /** Throws for a mapping that Lambda would reject. */
  constructor(options: EventSourceMappingOptions) {
    const { definition, functions, sqs } = options;
    const { name, queueArn, maximumConcurrency } = definition;
    const fn = functions.definition(definition.functionArn);
    try {
      sqs.checkPoller(queueArn, fn.roleArn);
    } catch (cause) {
      throw new Error(`${name}: ${(cause as Error).message}`, { cause });
    }
    const queue = sqs.queues.findByArn(queueArn);
    if (!queue) throw new Error(`${name}: there is no queue ${queueArn}`);
    const { visibilityTimeoutInSeconds } = queue.definition;
    if (visibilityTimeoutInSeconds < fn.timeoutInSeconds) {
      throw new Error(
        `${name}: Queue visibility timeout: ${visibilityTimeoutInSeconds} seconds is less than Function timeout: ${fn.timeoutInSeconds} seconds`,
      );
    }
    this.#options = options;
    this.#queue = queue;
    // More would only wait for a worker, while their visibility timeout runs.
    this.#concurrency = Math.min(
      maximumConcurrency ?? functions.workersPerFunction,
      functions.workersPerFunction,
    );
  }

  /** Starts receiving messages, unless the mapping is disabled. */
  start(): void {
    if (this.#options.definition.enabled) this.#polling ??= this.#poll();
  }

  /** Receives no more messages, and waits for running invocations, for at most `graceInMilliseconds`. */
  async close(graceInMilliseconds = 3_000): Promise<void> {
    this.#closing.abort();
    this.#goOn();
    await this.#polling;
    const grace = new AbortController();
    await Promise.race([
      Promise.all(this.#invocations),
      sleep(graceInMilliseconds, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
  }

  async #poll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      if (this.#invocations.size >= this.#concurrency) {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve;
        });
        continue;
      }
      try {
        const batch = await this.#gather();
        if (batch.length > 0) this.#invoke(batch);
      } catch (error) {
        this.#log(`cannot receive messages: ${String(error)}`);
        await sleep(RETRY_AFTER_IN_MILLISECONDS, undefined, { signal: this.#closing.signal }).catch(() => {});
      }
    }
    await this.#release(this.#leftOver).catch((error: unknown) => this.#log(String(error)));
  }

  /** Collects a batch until it is full, its window is over, or the event has no room for more. */
  async #gather(): Promise<BatchItem[]> {
    const { batchSize, batchingWindowInSeconds } = this.#options.definition;
    const { signal } = this.#closing;
    const gathered = this.#leftOver;
    this.#leftOver = [];
    if (gathered.length === 0) gathered.push(...(await this.#receive(batchSize, WAIT_IN_MILLISECONDS)));
    const scale = this.#options.batchingWindowScale ?? 1;
    const deadline = Date.now() + batchingWindowInSeconds * 1000 * scale;
    while (gathered.length > 0 && gathered.length < batchSize && fits(gathered) && !signal.aborted) {
      const left = deadline - Date.now();
      if (left <= 0) break;
      gathered.push(...(await this.#receive(batchSize - gathered.length, left)));
    }
    if (signal.aborted) {
      await this.#release(gathered);
      return [];
    }
    const batch = largestBatch(gathered);
    this.#leftOver = gathered.slice(batch.length);
    return batch;
  }

  async #receive(limit: number, waitInMilliseconds: number): Promise<BatchItem[]> {
    const { sqs, region, definition } = this.#options;
    const messages = await sqs.queues.receiveOrWait(this.#queue, Math.min(limit, MAX_RECEIVE), {
      waitInMilliseconds: Math.min(waitInMilliseconds, WAIT_IN_MILLISECONDS),
      polled: true,
      signal: this.#closing.signal,
    });
    return messages.map((message) => {
      const record = sqsRecord(message, { queueArn: definition.queueArn, region });
      // With the comma before it.
      return { message, record, bytes: Buffer.byteLength(JSON.stringify(record)) + 1 };
    });
  }

  #invoke(batch: readonly BatchItem[]): void {
    const invocation = this.#run(batch)
      .catch((error: unknown) => this.#log(`cannot delete messages: ${String(error)}`))
      .finally(() => {
        this.#invocations.delete(invocation);
        this.#goOn();
      });
    this.#invocations.add(invocation);
  }

  async #run(batch: readonly BatchItem[]): Promise<void> {
    const { definition, functions, sqs } = this.#options;
    const event: SqsEvent = { Records: batch.map(({ record }) => record) };
    const result = await functions.invoke(definition.functionArn, event);
    // The log has the error already.
    if (!result.ok) return;
    const managed = definition.reportsBatchItemFailures ? this.#managed(batch, result.payload) : batch;
    await sqs.queues.deleteReceived(
      this.#queue,
      managed.map(({ record }) => record.receiptHandle),
    );
  }

  #managed(batch: readonly BatchItem[], payload: string): readonly BatchItem[] {
    const failures = batchFailures(payload, new Set(batch.map(({ message }) => message.id)));
    const { definition, functions } = this.#options;
    if (failures.kind === 'some') return batch.filter(({ message }) => !failures.messageIds.has(message.id));
    this.#log(
      `the response of ${functions.definition(definition.functionArn).label} counts as failure of the whole batch: ${failures.reason}`,
    );
    return [];
  }

  async #release(items: readonly BatchItem[]): Promise<void> {
    const handles = items.map(({ record }) => record.receiptHandle);
    await this.#options.sqs.queues.release(this.#queue, handles);
  }

  #log(line: string): void {
    const { definition, log } = this.#options;
    log({ source: 'lambda', line: `${definition.name}: ${line}`, level: 'error' });
  }
}

function fits(items: readonly BatchItem[]): boolean {
  return largestBatch(items).length === items.length;
}

/** As many messages as one event has room for, from the first on; at least one. */
function largestBatch(items: readonly BatchItem[]): BatchItem[] {
  let bytes = EMPTY_EVENT_SIZE_IN_BYTES;
  const tooMuch = items.findIndex((item, index) => {
    bytes += item.bytes;
    return index > 0 && bytes > EVENT_LIMIT_IN_BYTES;
  });
  return items.slice(0, tooMuch < 0 ? items.length : tooMuch);
}
