import { randomBytes } from 'node:crypto';
import { TokenInvalidError, TokenReusedError } from './errors.ts';
import { digestOf, openWith, sealWith } from './sealed-text.ts';
import { homeWorkspace, type IdentityProvider, type IssuedAccess, type SignedInPerson } from './sign-in.ts';

/** How long a token can still be exchanged for a new one after the access token has expired. */
export const REFRESHABLE_FOR_IN_DAYS = 30;

const DAY_IN_MILLISECONDS = 24 * 3600 * 1000;

/**
 * A token that a session can be renewed with. It is stored under its digest; neither the token nor the
 * renewal token can be read there.
 */
export interface SessionToken {
  readonly digest: string;
  /**
   * Access tokens come in the header, refresh tokens in the body. One is not accepted in place of the other.
   */
  readonly kind: 'access' | 'refresh';
  /** The provider's renewal token, which only this token opens. */
  readonly sealedRenewalToken: string;
  /** DJI's user type that sign-in asked for. */
  readonly userType: number;
  readonly expiresAt: Date;
  /** Of a refresh token: the one that it was given for. */
  readonly predecessor?: string;
  /** Of a refresh token: the first of its successors that was used. From then on, it is used up. */
  readonly successor?: string;
}

/** What the library needs to keep sessions; implemented in `adapters/`. */
export interface SessionStore {
  add(token: SessionToken): Promise<void>;
  find(digest: string): Promise<SessionToken | undefined>;
  /** Names the successor of a token. Resolves to false when the token has another one already. */
  settleSuccessor(digest: string, successor: string): Promise<boolean>;
}

/** A signed-in person and what their client gets. */
export interface Session extends SignedInPerson {
  readonly userType: number;
  /** Absent when the client renews with its access token alone. */
  readonly refreshToken?: string;
}

/** What sessions work with. */
export interface SessionPorts {
  readonly people: IdentityProvider;
  readonly store: SessionStore;
  /** @default the machine's clock */
  readonly clock?: () => Date;
}

const refreshableUntil = ({ accessTokenExpiresAt }: IssuedAccess): Date =>
  new Date(accessTokenExpiresAt.getTime() + REFRESHABLE_FOR_IN_DAYS * DAY_IN_MILLISECONDS);

/** 256 random bits. */
const newRefreshToken = (): string => randomBytes(32).toString('base64url');

/** What a session has besides the access token. */
interface Renewal {
  readonly renewalToken: string;
  readonly userType: number;
}

const addToken = (
  { store }: SessionPorts,
  token: string,
  issued: IssuedAccess,
  { renewalToken, userType }: Renewal,
  more: Pick<SessionToken, 'kind' | 'predecessor'>,
): Promise<void> =>
  store.add({
    digest: digestOf(token),
    sealedRenewalToken: sealWith(token, renewalToken),
    userType,
    expiresAt: refreshableUntil(issued),
    ...more,
  });

const personOf = ({ userId, username, workspaceIds, accessToken }: IssuedAccess): SignedInPerson => ({
  userId,
  username,
  workspaceIds,
  accessToken,
});

/** Signs somebody in. Throws `CredentialsWrongError` and `UserWithoutWorkspaceError`. */
export async function startSession(
  ports: SessionPorts,
  username: string,
  password: string,
  userType: number,
): Promise<Session> {
  const { renewalToken, ...issued } = await ports.people.signIn(username, password);
  homeWorkspace(issued);
  return withRefreshToken(ports, issued, { renewalToken, userType });
}

/**
 * A new access token for an old one, whether it has expired or not. The old one can be exchanged again: an
 * answer may be lost on its way, and a page shares its token with Pilot. Throws `TokenInvalidError`.
 */
export async function renewByAccessToken(ports: SessionPorts, accessToken: string): Promise<Session> {
  const renewal = renewalOf(accessToken, await getToken(ports, accessToken, 'access'));
  const issued = await ports.people.renew(renewal.renewalToken);
  await addToken(ports, issued.accessToken, issued, renewal, { kind: 'access' });
  return { ...personOf(issued), userType: renewal.userType };
}

/**
 * A new access token and a new refresh token for a refresh token, which is used up as soon as its successor
 * is used. A refresh token that is used after that, or a second successor, means that two parties hold it:
 * the session ends for both. Throws `TokenInvalidError` and `TokenReusedError`.
 */
export async function renewByRefreshToken(ports: SessionPorts, refreshToken: string): Promise<Session> {
  const token = await getToken(ports, refreshToken, 'refresh');
  const renewal = renewalOf(refreshToken, token);
  const { predecessor, digest, successor } = token;
  const isOnlySuccessor =
    predecessor === undefined || (await ports.store.settleSuccessor(predecessor, digest));
  if (successor !== undefined || !isOnlySuccessor) {
    await ports.people.end(renewal.renewalToken);
    throw new TokenReusedError();
  }
  return withRefreshToken(ports, await ports.people.renew(renewal.renewalToken), renewal, digest);
}

async function withRefreshToken(
  ports: SessionPorts,
  issued: IssuedAccess,
  renewal: Renewal,
  predecessor?: string,
): Promise<Session> {
  const refreshToken = newRefreshToken();
  await Promise.all([
    addToken(ports, issued.accessToken, issued, renewal, { kind: 'access' }),
    addToken(ports, refreshToken, issued, renewal, {
      kind: 'refresh',
      ...(predecessor !== undefined && { predecessor }),
    }),
  ]);
  return { ...personOf(issued), userType: renewal.userType, refreshToken };
}

async function getToken(
  { store, clock = () => new Date() }: SessionPorts,
  token: string,
  kind: SessionToken['kind'],
): Promise<SessionToken> {
  const found = await store.find(digestOf(token));
  // The table deletes expired items late.
  if (found?.kind !== kind || found.expiresAt <= clock()) throw new TokenInvalidError();
  return found;
}

const renewalOf = (token: string, { sealedRenewalToken, userType }: SessionToken): Renewal => ({
  renewalToken: openWith(token, sealedRenewalToken),
  userType,
});
