import { md5Of, type StoredMessage } from '../sqs/queue.ts';
import { receiptAttributes } from '../sqs/receipt-attributes.ts';

/** A message in the form of a function's event. */
export interface SqsRecord {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly messageAttributes: Readonly<Record<string, never>>;
  readonly md5OfBody: string;
  readonly eventSource: 'aws:sqs';
  readonly eventSourceARN: string;
  readonly awsRegion: string;
}

/** The event of an invocation. */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** The messages of a batch that failed. */
export type BatchFailures =
  | { readonly kind: 'some'; readonly messageIds: ReadonlySet<string> }
  /** The response cannot be parsed, so all messages count as failed. */
  | { readonly kind: 'all'; readonly reason: string };

/** A received message in the form of a function's event. */
export function sqsRecord(message: StoredMessage, source: { queueArn: string; region: string }): SqsRecord {
  return {
    messageId: message.id,
    receiptHandle: message.receiptHandle ?? '',
    body: message.body,
    attributes: receiptAttributes(message),
    messageAttributes: {},
    md5OfBody: md5Of(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: source.queueArn,
    awsRegion: source.region,
  };
}

/**
 * Reads the response of a function that reports failed messages: `{"batchItemFailures": [{"itemIdentifier":
 * "…"}]}`. No response, or an empty list, means that all succeeded.
 */
export function batchFailures(payload: string, messageIds: ReadonlySet<string>): BatchFailures {
  const answer = parse(payload);
  if (answer === undefined) return { kind: 'all', reason: 'it is not JSON' };
  if (answer === null) return { kind: 'some', messageIds: new Set() };
  if (typeof answer !== 'object' || Array.isArray(answer)) {
    return { kind: 'all', reason: 'it is no object' };
  }
  const { batchItemFailures: failures } = answer as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return { kind: 'some', messageIds: new Set() };
  if (!Array.isArray(failures)) return { kind: 'all', reason: 'batchItemFailures is no list' };
  const failed = new Set<string>();
  for (const failure of failures) {
    const identifier = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    if (typeof identifier !== 'string' || !messageIds.has(identifier)) {
      return {
        kind: 'all',
        reason: `${JSON.stringify(failure)} names no message of the batch by its itemIdentifier`,
      };
    }
    failed.add(identifier);
  }
  return { kind: 'some', messageIds: failed };
}

function parse(payload: string): unknown {
  try {
    return JSON.parse(payload);
  } catch {
    return undefined;
  }
}
