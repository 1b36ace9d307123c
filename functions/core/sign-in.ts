import { UserWithoutWorkspaceError } from './errors.ts';
import { assertWorkspaceAllowed, parseWorkspaceId, type WorkspaceId } from './workspace.ts';

/** A user, as their access token describes them. */
export interface SignedInPerson {
  readonly userId: string;
  readonly username: string;
  readonly workspaceIds: readonly WorkspaceId[];
  /** What devices send as `x-auth-token`. */
  readonly accessToken: string;
}

/** An access token that was just issued. */
export interface IssuedAccess extends SignedInPerson {
  readonly accessTokenExpiresAt: Date;
}

/** The identity provider. Implemented in `adapters/`. */
export interface IdentityProvider {
  /**
   * Throws `CredentialsWrongError`: the same for a wrong password, an unknown user and a disabled one. The
   * renewal token is the provider's own refresh token. It never leaves the server.
   */
  signIn(username: string, password: string): Promise<IssuedAccess & { readonly renewalToken: string }>;
  /** Throws `TokenInvalidError` when the session was revoked or is too old, or its user is disabled. */
  renew(renewalToken: string): Promise<IssuedAccess>;
  /** Ends the session: the renewal token renews nothing any more. */
  end(renewalToken: string): Promise<void>;
}

/** The workspaces that a token allows. */
export type Member = Pick<SignedInPerson, 'workspaceIds'>;

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
