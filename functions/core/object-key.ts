import { ObjectKeyOutsideWorkspaceError } from './errors.ts';
import type { WorkspaceId } from './workspace.ts';

/** S3's own limit on a key, in bytes of UTF-8. */
export const OBJECT_KEY_LIMIT_IN_BYTES = 1024;

/**
 * Throws `ObjectKeyOutsideWorkspaceError` unless the key lies under `<workspaceId>/`, with no segment that is empty, `.` or `..`.
 *
 * All other text is taken literally, as S3 takes it: a backslash, a line break or `%2f` is part of a name. A key is never decoded, and the SDK
 * encodes it once, so `%2f` travels as `%252f`. NUL is refused, since no file has it in its name, and so is half a surrogate pair, which UTF-8
 * cannot carry.
 */
export function assertObjectKeyInWorkspace(workspaceId: WorkspaceId, objectKey: string): void {
  const [first, ...rest] = objectKey.split('/');
  const outside =
    first !== workspaceId ||
    rest.length === 0 ||
    rest.some((segment) => segment === '' || segment === '.' || segment === '..') ||
    objectKey.includes('\0') ||
    !objectKey.isWellFormed() ||
    Buffer.byteLength(objectKey) > OBJECT_KEY_LIMIT_IN_BYTES;
  if (outside) throw new ObjectKeyOutsideWorkspaceError();
}
