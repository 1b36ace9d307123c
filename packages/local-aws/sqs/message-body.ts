import { AwsError } from '../http/aws-error.ts';
import type { QueueDefinition } from './queue.ts';

/** SQS's limit for a message, and for all messages of a batch together. */
export const MAX_BODY_SIZE_IN_BYTES = 1024 * 1024;

/** Characters that XML 1.0 does not allow, with unpaired surrogates. */
const FORBIDDEN_CHARACTERS = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** The body of a message. Throws when SQS would refuse it. */
export function messageBody(
  { maximumMessageSizeInBytes = MAX_BODY_SIZE_IN_BYTES }: QueueDefinition,
  body: string,
): string {
  if (body === '') {
    throw new AwsError('MissingParameter', 'The request must contain the parameter MessageBody.');
  }
  if (Buffer.byteLength(body) > maximumMessageSizeInBytes) {
    throw new AwsError(
      'InvalidParameterValue',
      `One or more parameters are invalid. Reason: Message must be shorter than ${maximumMessageSizeInBytes} bytes.`,
    );
  }
  if (FORBIDDEN_CHARACTERS.test(body)) {
    throw sqsError('InvalidMessageContents', 'The message contains characters outside the allowed set.');
  }
  return body;
}

/** An error of SQS's own model. */
export function sqsError(shape: string, message: string): AwsError {
  return new AwsError(`com.amazonaws.sqs#${shape}`, message);
}
