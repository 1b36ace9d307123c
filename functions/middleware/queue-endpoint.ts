import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { LogKeys } from './event-endpoint.ts';
import { logger } from './log.ts';
import { observedChain } from './observed-chain.ts';

/** A message of a queue. */
export interface QueueMessage {
  readonly id: string;
  readonly body: string;
}

/** The result of a batch. */
export interface BatchOutcome {
  /** Ids of messages that must be received again, and why. */
  readonly failures: ReadonlyMap<string, unknown>;
  /** Keys of the log line. */
  readonly log: LogKeys;
}

/** Handles a batch of messages. `remainingTimeInMilliseconds` is Lambda's remaining time. */
export type QueueEndpoint = (
  messages: readonly QueueMessage[],
  remainingTimeInMilliseconds: number,
) => Promise<BatchOutcome>;

/**
 * The chain of functions with a queue. Only messages that failed are received again; after some attempts they
 * go to the dead-letter queue.
 */
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
