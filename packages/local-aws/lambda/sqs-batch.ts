import { md5Of, type StoredMessage } from '../sqs/queue.ts';
import { receiptAttributes } from '../sqs/receipt-attributes.ts';

/** A message as a function gets it. */
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

/** What a function is invoked with. */
export interface SqsEvent {
  readonly Records: readonly SqsRecord[];
}

/** Which messages of a batch the function did not manage. */
export type BatchFailures =
  | { readonly kind: 'some'; readonly messageIds: ReadonlySet<string> }
  /** The answer cannot be understood, so none of the messages counts as done. */
  | { readonly kind: 'all'; readonly reason: string };

/** A received message as a function gets it. */
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
 * Reads the answer of a function that reports which messages it did not manage:
 * `{"batchItemFailures": [{"itemIdentifier": "…"}]}`. Nothing, and an empty list, mean that all went well.
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
