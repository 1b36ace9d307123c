import { randomUUID } from 'node:crypto';
import { CredentialsWrongError, TokenInvalidError } from '../functions/core/errors.ts';
import type { IdentityProvider, IssuedAccess } from '../functions/core/sign-in.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';

/** The user who can sign in. */
export const FAKE_USER = { userId: 'user-1', username: 'pilot', password: 'pilot' };

const ACCESS_IN_MILLISECONDS = 24 * 3600 * 1000;

/** An identity provider with one user, in memory. */
export class InMemoryIdentityProvider implements IdentityProvider {
  /** Workspaces of the user. */
  workspaceIds: readonly WorkspaceId[] = [];
  /** Renewal tokens of sessions that have not ended. */
  readonly renewalTokens = new Set<string>();
  clock = (): Date => new Date();

  async signIn(username: string, password: string): Promise<IssuedAccess & { renewalToken: string }> {
    if (username !== FAKE_USER.username || password !== FAKE_USER.password) throw new CredentialsWrongError();
    const renewalToken = `renewal-${randomUUID()}`;
    this.renewalTokens.add(renewalToken);
    return { ...this.issue(), renewalToken };
  }

  async renew(renewalToken: string): Promise<IssuedAccess> {
    if (!this.renewalTokens.has(renewalToken)) throw new TokenInvalidError();
    return this.issue();
  }

  async end(renewalToken: string): Promise<void> {
    this.renewalTokens.delete(renewalToken);
  }

  private issue(): IssuedAccess {
    return {
      userId: FAKE_USER.userId,
      username: FAKE_USER.username,
      workspaceIds: this.workspaceIds,
      accessToken: `access-${randomUUID()}`,
      accessTokenExpiresAt: new Date(this.clock().getTime() + ACCESS_IN_MILLISECONDS),
    };
  }
}
