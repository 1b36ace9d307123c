import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { LogKeys } from './event-endpoint.ts';
import { logger } from './log.ts';
import { observedChain } from './observed-chain.ts';

/** A message of a queue. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}

/** What became of a batch. */
export interface BatchOutcome {
  /** Ids of messages that must come again, and why. */
  readonly failures: ReadonlyMap<string, unknown>;
  /** What the log line tells. */
  readonly log: LogKeys;
}

/** Handles a batch of messages. `remainingTimeInMilliseconds` is what Lambda leaves it. */
export type QueueEndpoint = (
  messages: readonly QueueMessage[],
  remainingTimeInMilliseconds: number,
) => Promise<BatchOutcome>;

/** The chain of what comes by a queue. Messages that failed come again, and no others; after some tries the queue keeps them as dead letters. */
export const queueEndpoint = (endpoint: QueueEndpoint) =>
  observedChain<SQSEvent, SQSBatchResponse>().handler(
    async ({ Records }: SQSEvent, context: Context): Promise<SQSBatchResponse> => {
      const messages = Records.map(({ messageId, body }) => ({ id: messageId, body }));
      const { failures, log } = await endpoint(messages, context.getRemainingTimeInMillis());
      logger.appendKeys(log);
      for (const [message_id, error] of failures)
        logger.error('message failed', { message_id, error: error as Error });
      return { batchItemFailures: [...failures.keys()].map((itemIdentifier) => ({ itemIdentifier })) };
    },
  );

/** Handles each message by itself, one after the other. */
export async function forEachMessage(
  messages: readonly QueueMessage[],
  handle: (message: QueueMessage) => Promise<void>,
): Promise<ReadonlyMap<string, unknown>> {
  const failures = new Map<string, unknown>();
  for (const message of messages) {
    try {
      await handle(message);
    } catch (error) {
      failures.set(message.id, error);
    }
  }
  return failures;
}
