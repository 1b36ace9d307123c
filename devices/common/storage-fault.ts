import { reasonOf } from './failure-reason.ts';
import { isTransientStatus } from './retry.ts';

/** Object storage cannot be reached, or is out of order: no fault of the file at hand, and maybe over soon. */
export class StorageFaultError extends Error {
  override readonly name = 'StorageFaultError';
  readonly transient = true;
}

/** What the SDK adds to the errors that it throws. */
interface SdkError extends NodeJS.ErrnoException {
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** Names of S3's errors with status 400 that say "once more": a body that was too slow or arrived damaged, a clock that was wrong. */
const ONCE_MORE = ['RequestTimeout', 'BadDigest', 'RequestTimeTooSkewed'];

/** The error as a `StorageFaultError` where another attempt may succeed; itself where it will not. */
export function asStorageFault(error: unknown): unknown {
  const { $metadata: answer, syscall, path, code, name } = error as SdkError;
  const nobodyAnswered =
    (code !== undefined && !path && (answer !== undefined || syscall !== undefined)) ||
    name === 'TimeoutError';
  const status = answer?.httpStatusCode;
  const faulty = (status !== undefined && isTransientStatus(status)) || ONCE_MORE.includes(name);
  return nobodyAnswered || faulty ? new StorageFaultError(reasonOf(error), { cause: error }) : error;
}
