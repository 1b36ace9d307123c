import { fileErrorReason } from './files.ts';

/** Why a file failed, in one line. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { syscall, path, code } = error as NodeJS.ErrnoException;
  if (syscall && path) return fileErrorReason(error);
  // No response: the SDK passes on network errors, and some of them have no message.
  if (code && ('$metadata' in error || syscall)) return `object storage cannot be reached: ${code}`;
  if ('$metadata' in error) return `object storage: ${error.name}, ${error.message}`;
  return error.message;
}
