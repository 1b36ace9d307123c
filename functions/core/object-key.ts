import { ObjectKeyOutsideWorkspaceError } from './errors.ts';
import type { WorkspaceId } from './workspace.ts';

/** S3's own limit on a key, in bytes of UTF-8. */
export const OBJECT_KEY_LIMIT_IN_BYTES = 1024;

/** Slashes, backslashes and dots that hide behind percent signs; a real file name has no use for them. */
const ENCODED_TRAVERSAL = /%(?:25)*(?:2f|5c|2e)/i;

/**
 * Throws `ObjectKeyOutsideWorkspaceError` unless the key lies under `<workspaceId>/` however anybody decodes it:
 * no `.`, `..` or empty segment, no backslash, no control character, no percent-encoded slash or dot, no half surrogate pair.
 */
export function assertObjectKeyInWorkspace(workspaceId: WorkspaceId, objectKey: string): void {
  const [first, ...rest] = objectKey.split('/');
  const outside =
    first !== workspaceId ||
    rest.length === 0 ||
    rest.some((segment) => segment === '' || segment === '.' || segment === '..') ||
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
    /[\\\u0000-\u001f\u007f]/.test(objectKey) ||
    ENCODED_TRAVERSAL.test(objectKey) ||
    !objectKey.isWellFormed() ||
    Buffer.byteLength(objectKey) > OBJECT_KEY_LIMIT_IN_BYTES;
  if (outside) throw new ObjectKeyOutsideWorkspaceError();
}
