import { fileErrorReason } from './files.ts';

/** Why a file failed, in a line for people. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { syscall, path, code } = error as NodeJS.ErrnoException;
  if (syscall && path) return fileErrorReason(error);
  // Nobody answered: the SDK hands the network's errors on, some of them without a message.
  if (code && ('$metadata' in error || syscall)) return `object storage cannot be reached: ${code}`;
  if ('$metadata' in error) return `object storage: ${error.name}, ${error.message}`;
  return error.message;
}
