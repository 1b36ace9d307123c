import { UserWithoutWorkspaceError } from './errors.ts';
import { assertWorkspaceAllowed, parseWorkspaceId, type WorkspaceId } from './workspace.ts';

/** A signed-in user. */
export interface Session {
  readonly userId: string;
  readonly username: string;
  readonly workspaceIds: readonly WorkspaceId[];
  /** What devices send as `x-auth-token`. */
  readonly accessToken: string;
  /** Absent when no new one was issued. */
  readonly refreshToken?: string;
}

/** The identity provider. Implemented in `adapters/`. */
export interface IdentityProvider {
  /** Throws `CredentialsWrongError`: the same for a wrong password, an unknown user and a disabled one. */
  signIn(username: string, password: string): Promise<Session>;
  /** Throws `TokenInvalidError`. */
  refresh(refreshToken: string): Promise<Session>;
  /** The session of a token that is still valid. Throws `TokenInvalidError`. */
  verify(accessToken: string): Promise<Session>;
}

/** The workspaces that a token allows. */
export type Member = Pick<Session, 'workspaceIds'>;

/**
 * The user's first workspace by id, since DJI's clients know only one. Throws `UserWithoutWorkspaceError`.
 */
export function homeWorkspace({ workspaceIds }: Member): WorkspaceId {
  const first = [...workspaceIds].sort()[0];
  if (first === undefined) throw new UserWithoutWorkspaceError();
  return first;
}

/**
 * The requested workspace, or the home workspace. Throws `MalformedRequestError`, `WorkspaceForbiddenError`,
 * `UserWithoutWorkspaceError`.
 */
export function chosenWorkspace(member: Member, asked: string | undefined): WorkspaceId {
  if (asked === undefined) return homeWorkspace(member);
  const workspaceId = parseWorkspaceId(asked);
  assertWorkspaceAllowed(member.workspaceIds, workspaceId);
  return workspaceId;
}
