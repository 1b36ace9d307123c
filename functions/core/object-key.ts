import { ObjectKeyOutsideWorkspaceError } from './errors.ts';
import type { WorkspaceId } from './workspace.ts';

/** S3's limit for a key, in bytes of UTF-8. */
export const OBJECT_KEY_LIMIT_IN_BYTES = 1024;

/**
 * Throws `ObjectKeyOutsideWorkspaceError` unless the key is below `<workspaceId>/` and has no segment that is
 * empty, `.` or `..`.
 *
 * All other text is literal, as in S3: a backslash, a line break or `%2f` is part of a name. A key is never
 * decoded. The SDK encodes it once, so `%2f` is sent as `%252f`. NUL is refused, since no file name contains
 * it, and so are unpaired surrogates, which UTF-8 cannot encode.
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

/**
 * The part of an object key that the device chooses: the key below the prefix that it got with its
 * credentials. Undefined for a key that is not below such a prefix.
 */
export function keyBelowPrefix(objectKey: string): string | undefined {
  const [, , , ...chosen] = objectKey.split('/');
  return chosen.length > 0 ? chosen.join('/') : undefined;
}
