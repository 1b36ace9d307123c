import { reasonOf } from './failure-reason.ts';
import { isTransientStatus } from './retry.ts';

/** Object storage cannot be reached, or fails. The file is not the cause, and a retry may help. */
export class StorageFaultError extends Error {
  override readonly name = 'StorageFaultError';
  readonly transient = true;
}

/** What the SDK adds to its errors. */
interface SdkError extends NodeJS.ErrnoException {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * S3's errors with status 400 that can be retried: the body was too slow or damaged, or a clock was wrong.
 */
const ONCE_MORE = ['RequestTimeout', 'BadDigest', 'RequestTimeTooSkewed'];

/** Turns an error that may go away into a `StorageFaultError`. Returns any other error as it is. */
export function asStorageFault(error: unknown): unknown {
  const { $metadata: answer, syscall, path, code, name } = error as SdkError;
  const nobodyAnswered =
    (code !== undefined && !path && (answer !== undefined || syscall !== undefined)) ||
    name === 'TimeoutError';
  const status = answer?.httpStatusCode;
  const faulty = (status !== undefined && isTransientStatus(status)) || ONCE_MORE.includes(name);
  return nobodyAnswered || faulty ? new StorageFaultError(reasonOf(error), { cause: error }) : error;
}
