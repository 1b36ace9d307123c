import { MalformedRequestError, WorkspaceForbiddenError } from './errors.ts';

/**
 * A workspace's id: a lower-case UUID. Only {@link parseWorkspaceId} makes one, so it is safe in keys and
 * policies.
 */
export type WorkspaceId = string & { readonly brand: 'WorkspaceId' };

const LOWER_CASE_UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Whether a name has the form of a workspace id. A token may list other groups. */
export const isWorkspaceId = (value: string): value is WorkspaceId => LOWER_CASE_UUID.test(value);

/** Throws `MalformedRequestError` for anything but a lower-case UUID. */
export function parseWorkspaceId(value: string | undefined): WorkspaceId {
  if (value === undefined || !isWorkspaceId(value)) {
    throw new MalformedRequestError('Workspace id: expected a lower-case UUID');
  }
  return value;
}

/** Throws `WorkspaceForbiddenError` unless the token allows the requested workspace. */
export function assertWorkspaceAllowed(allowed: readonly WorkspaceId[], asked: WorkspaceId): void {
  if (!allowed.includes(asked)) throw new WorkspaceForbiddenError();
}
