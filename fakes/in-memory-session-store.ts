import type { SessionStore, SessionToken } from '../functions/core/sessions.ts';

/** Sessions in memory. It passes the same contract tests as the one in DynamoDB. */
export class InMemorySessionStore implements SessionStore {
  readonly tokens = new Map<string, SessionToken>();

  async add(token: SessionToken): Promise<void> {
    this.tokens.set(token.digest, token);
  }

  async find(digest: string): Promise<SessionToken | undefined> {
    return this.tokens.get(digest);
  }

  async settleSuccessor(digest: string, successor: string): Promise<boolean> {
    const token = this.tokens.get(digest);
    if (token) this.tokens.set(digest, { ...token, successor: token.successor ?? successor });
    return (token?.successor ?? successor) === successor;
  }
}
