import { createSecretKey, randomUUID } from 'node:crypto';
import {
  EncryptJWT,
  errors,
  importJWK,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtDecrypt,
  jwtVerify,
  SignJWT,
} from 'jose';
import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { UserPoolClient } from './definitions.ts';
import type { PoolKeys } from './keys.ts';
import type { Session } from './session.ts';
import type { User } from './state.ts';

/** The scope of tokens that were issued by the API, and not by a hosted page. */
const USER_SCOPE = 'aws.cognito.signin.user.admin';

/** The claims of a valid token. */
export interface TokenOwner {
  readonly username: string;
  readonly sub: string;
  readonly clientId: string;
  readonly session: Session;
  readonly expiresAt: number;
}

/** The tokens of one user pool. */
export interface Tokens {
  /** An access token and an id token, as in the response of InitiateAuth. */
  issue(user: User, client: UserPoolClient, session: Session): Promise<IssuedTokens>;
  /** A token that only the pool can read, like Cognito's. */
  issueRefreshToken(user: User, client: UserPoolClient, session: Session): Promise<string>;
  /** Throws `NotAuthorizedException` unless the pool issued the token and it has not expired. */
  readAccessToken(token: string): Promise<TokenOwner>;
  /** Throws `NotAuthorizedException` unless the pool issued the token and it has not expired. */
  readRefreshToken(token: string): Promise<TokenOwner>;
  jwks(): JSONWebKeySet;
}

/** The tokens of a sign-in. */
export interface IssuedTokens {
  readonly AccessToken: string;
  readonly IdToken: string;
  readonly ExpiresIn: number;
  readonly TokenType: 'Bearer';
}

/** Issues and verifies the tokens of a pool. */
export async function createTokens(options: {
  readonly issuer: string;
  readonly keys: PoolKeys;
  readonly clock: () => Date;
}): Promise<Tokens> {
  const { issuer, clock } = options;
  const { kid, ...privateJwk } = options.keys.signingKey;
  const publicJwk: JWK = {
    kty: 'RSA',
    n: String(privateJwk['n']),
    e: String(privateJwk['e']),
    alg: 'RS256',
    use: 'sig',
    kid,
  };
  const signingKey = await importJWK({ ...privateJwk, kty: 'RSA' }, 'RS256');
  const publicKey = await importJWK(publicJwk, 'RS256');
  const refreshKey = createSecretKey(Buffer.from(options.keys.refreshKey, 'base64'));

  const sign = (claims: JWTPayload, now: number, validityInSeconds: number): Promise<string> =>
    new SignJWT({ ...claims, exp: now + validityInSeconds, iat: now, jti: randomUUID() })
      .setProtectedHeader({ kid, alg: 'RS256' })
      .sign(signingKey);

  return {
    issue: async (user, client, session) => {
      const now = Math.floor(clock().getTime() / 1000);
      const common = {
        sub: user.sub,
        ...(user.groups.length > 0 ? { 'cognito:groups': user.groups } : {}),
        iss: issuer,
        origin_jti: session.id,
        event_id: randomUUID(),
        auth_time: session.authTime,
      };
      const access = {
        ...common,
        client_id: client.id,
        token_use: 'access',
        scope: USER_SCOPE,
        username: user.username,
      };
      const id = {
        ...idAttributes(user),
        ...common,
        aud: client.id,
        token_use: 'id',
        'cognito:username': user.username,
      };
      return {
        AccessToken: await sign(access, now, client.accessTokenValidityInSeconds),
        IdToken: await sign(id, now, client.idTokenValidityInSeconds),
        ExpiresIn: client.accessTokenValidityInSeconds,
        TokenType: 'Bearer',
      };
    },

    issueRefreshToken: (user, client, session) =>
      new EncryptJWT({
        iss: issuer,
        sub: user.sub,
        username: user.username,
        client_id: client.id,
        origin_jti: session.id,
        auth_time: session.authTime,
        exp: session.authTime + client.refreshTokenValidityInSeconds,
      })
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', cty: 'JWT' })
        .encrypt(refreshKey),

    readAccessToken: async (token) => {
      const claims = await refused('Access Token', () =>
        jwtVerify(token, publicKey, { issuer, algorithms: ['RS256'], currentDate: clock() }),
      );
      if (claims['token_use'] !== 'access' || claims['scope'] !== USER_SCOPE) throw invalid('Access Token');
      return tokenOwner(claims, 'Access Token');
    },

    readRefreshToken: async (token) => {
      const claims = await refused('Refresh Token', () =>
        jwtDecrypt(token, refreshKey, { issuer, currentDate: clock() }),
      );
      return tokenOwner(claims, 'Refresh Token');
    },

    jwks: () => ({ keys: [publicJwk] }),
  };
}

function idAttributes(user: User): JWTPayload {
  return Object.fromEntries(
    Object.entries(user.attributes).map(([name, value]) => [
      name,
      name.endsWith('_verified') ? value === 'true' : value,
    ]),
  );
}

const OwnerSchema = v.object({
  username: v.string(),
  sub: v.string(),
  client_id: v.string(),
  origin_jti: v.string(),
  auth_time: v.number(),
  exp: v.number(),
});

function tokenOwner(claims: JWTPayload, kind: string): TokenOwner {
  const parsed = v.safeParse(OwnerSchema, claims);
  if (!parsed.success) throw invalid(kind);
  const { username, sub, client_id, origin_jti, auth_time, exp } = parsed.output;
  return {
    username,
    sub,
    clientId: client_id,
    session: { id: origin_jti, authTime: auth_time },
    expiresAt: exp,
  };
}

async function refused(kind: string, read: () => Promise<{ payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    return (await read()).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired)
      throw new AwsError('NotAuthorizedException', `${kind} has expired`);
    if (error instanceof errors.JOSEError) throw invalid(kind);
    throw error;
  }
}

function invalid(kind: string): AwsError {
  return new AwsError('NotAuthorizedException', `Invalid ${kind}`);
}
