import { decodeJwt } from 'jose';
import * as v from 'valibot';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import { type Operation, operation } from '../json/operations.ts';
import type { UserPoolClient } from './definitions.ts';
import { matchesPassword } from './passwords.ts';
import { beginSession, sessionBeganAt } from './session.ts';
import type { User } from './state.ts';
import type { IssuedTokens, TokenOwner } from './tokens.ts';
import type { UserPool } from './user-pool.ts';
import { attributeList } from './wire.ts';

const DAY_IN_MILLISECONDS = 24 * 3600 * 1000;

/** Parameters without effect here: they are for features that the local stack does not have. */
const IGNORED = {
  ClientMetadata: v.optional(v.unknown()),
  AnalyticsMetadata: v.optional(v.unknown()),
  UserContextData: v.optional(v.unknown()),
};

const invalidParameter = (message: string): AwsError => new AwsError('InvalidParameterException', message);
const notAuthorized = (message: string): AwsError => new AwsError('NotAuthorizedException', message);

/** The operations that need a password or token, and no signature. */
export function signInOperations(pools: ReadonlyMap<string, UserPool>): Record<string, Operation> {
  const define = <Schema extends v.GenericSchema>(
    schema: Schema,
    run: (input: v.InferOutput<Schema>) => Promise<object>,
  ): Operation => operation(schema, 'InvalidParameterException', run);

  return {
    InitiateAuth: define(
      v.strictObject({
        AuthFlow: v.string(),
        AuthParameters: v.optional(v.record(v.string(), v.string()), {}),
        ClientId: v.string(),
        ...IGNORED,
      }),
      async ({ AuthFlow: flow, AuthParameters: parameters, ClientId: clientId }) => {
        const { pool, client } = findClient(pools, clientId);
        switch (flow) {
          case 'USER_PASSWORD_AUTH':
            requireFlow(client, 'ALLOW_USER_PASSWORD_AUTH', flow);
            return signIn(pool, client, required(parameters, 'USERNAME'), required(parameters, 'PASSWORD'));
          case 'REFRESH_TOKEN_AUTH':
          case 'REFRESH_TOKEN':
            requireFlow(client, 'ALLOW_REFRESH_TOKEN_AUTH', flow);
            return refresh(pool, client, required(parameters, 'REFRESH_TOKEN'));
          default:
            throw notImplemented(`the flow ${flow} of InitiateAuth`);
        }
      },
    ),

    GetTokensFromRefreshToken: define(
      v.strictObject({ RefreshToken: v.string(), ClientId: v.string(), ...IGNORED }),
      async (input) => {
        const { pool, client } = findClient(pools, input.ClientId);
        return refresh(pool, client, input.RefreshToken);
      },
    ),

    GetUser: define(v.strictObject({ AccessToken: v.string() }), async (input) => {
      const { user } = await userOfAccessToken(pools, input.AccessToken);
      return { Username: user.username, UserAttributes: attributeList(user) };
    }),

    GlobalSignOut: define(v.strictObject({ AccessToken: v.string() }), async (input) => {
      const { pool, user } = await userOfAccessToken(pools, input.AccessToken);
      user.sessionsEndedAt = Math.max(pool.clock().getTime(), user.sessionsEndedAt + 1);
      await pool.save();
      return {};
    }),

    RevokeToken: define(v.strictObject({ Token: v.string(), ClientId: v.string() }), async (input) => {
      const { pool, client } = findClient(pools, input.ClientId);
      if (!client.enableTokenRevocation) {
        throw new AwsError(
          'UnsupportedOperationException',
          'Token revocation is not enabled for this client.',
        );
      }
      // A refresh token is encrypted and has five parts. Access and id tokens are signed and have three.
      if (input.Token.split('.').length === 3) {
        throw new AwsError('UnsupportedTokenTypeException', 'Only refresh tokens can be revoked.');
      }
      const owner = await pool.tokens.readRefreshToken(input.Token).catch(() => undefined);
      if (!owner) throw invalidParameter('Invalid token.');
      if (owner.clientId !== client.id) throw new AwsError('UnauthorizedException', 'Invalid client.');
      await revoke(pool, owner, client);
      return {};
    }),
  };
}

async function signIn(
  pool: UserPool,
  client: UserPoolClient,
  username: string,
  password: string,
): Promise<object> {
  const user = pool.state.users.get(username);
  const matches = await matchesPassword(password, user?.passwordHash);
  if (!user && !client.preventUserExistenceErrors) {
    throw new AwsError('UserNotFoundException', 'User does not exist.');
  }
  // A user who was deleted while the password was checked counts as unknown.
  if (!user || !matches || pool.state.users.get(username) !== user) {
    throw notAuthorized('Incorrect username or password.');
  }
  if (!user.enabled) throw notAuthorized('User is disabled.');
  const now = pool.clock();
  if (user.status === 'FORCE_CHANGE_PASSWORD') {
    const expiresAt =
      user.passwordSetAt + pool.passwordPolicy.temporaryPasswordValidityInDays * DAY_IN_MILLISECONDS;
    if (now.getTime() >= expiresAt) {
      throw notAuthorized('Temporary password has expired and must be reset by an administrator.');
    }
    return newPasswordRequired(user);
  }
  const session = beginSession(now, user.sessionsEndedAt);
  return authenticated({
    ...(await pool.tokens.issue(user, client, session)),
    RefreshToken: await pool.tokens.issueRefreshToken(user, client, session),
  });
}

/** The local stack has no RespondToAuthChallenge: an administrator must set the password. */
function newPasswordRequired(user: User): object {
  return {
    ChallengeName: 'NEW_PASSWORD_REQUIRED',
    Session: Buffer.from(JSON.stringify({ challenged: user.sub })).toString('base64url'),
    ChallengeParameters: {
      USER_ID_FOR_SRP: user.username,
      requiredAttributes: '[]',
      userAttributes: JSON.stringify(user.attributes),
    },
  };
}

async function refresh(pool: UserPool, client: UserPoolClient, token: string): Promise<object> {
  const owner = await pool.tokens.readRefreshToken(token);
  if (owner.clientId !== client.id) throw notAuthorized('Invalid Refresh Token');
  const user = ownerOf(pool, owner, 'Refresh Token');
  return authenticated(await pool.tokens.issue(user, client, owner.session));
}

function authenticated(tokens: IssuedTokens & { readonly RefreshToken?: string }): object {
  return { AuthenticationResult: tokens, ChallengeParameters: {} };
}

async function userOfAccessToken(
  pools: ReadonlyMap<string, UserPool>,
  token: string,
): Promise<{ pool: UserPool; user: User }> {
  const issuer = issuerOf(token);
  const pool = [...pools.values()].find((candidate) => candidate.issuer === issuer);
  if (!pool) throw notAuthorized('Invalid Access Token');
  const owner = await pool.tokens.readAccessToken(token);
  return { pool, user: ownerOf(pool, owner, 'Access Token') };
}

/** The pool that a token claims to be from. The pool itself checks the token. */
function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** The user of a token, if its session is still valid. */
function ownerOf(pool: UserPool, owner: TokenOwner, kind: string): User {
  const user = pool.state.users.get(owner.username);
  // A later user of the same name is another user.
  if (!user || user.sub !== owner.sub) throw notAuthorized(`Invalid ${kind}`);
  if (!user.enabled) throw notAuthorized('User is disabled.');
  if (
    pool.state.revokedSessions.has(owner.session.id) ||
    sessionBeganAt(owner.session) <= user.sessionsEndedAt
  ) {
    throw notAuthorized(`${kind} has been revoked`);
  }
  return user;
}

async function revoke(pool: UserPool, owner: TokenOwner, client: UserPoolClient): Promise<void> {
  const nowInSeconds = Math.floor(pool.clock().getTime() / 1000);
  const { revokedSessions } = pool.state;
  for (const [sessionId, expiresAt] of revokedSessions) {
    if (expiresAt < nowInSeconds) revokedSessions.delete(sessionId);
  }
  // An access token that was issued just before the refresh token expired is valid longer.
  revokedSessions.set(owner.session.id, owner.expiresAt + client.accessTokenValidityInSeconds);
  await pool.save();
}

function findClient(
  pools: ReadonlyMap<string, UserPool>,
  clientId: string,
): { pool: UserPool; client: UserPoolClient } {
  for (const pool of pools.values()) {
    const client = pool.clients.get(clientId);
    if (client) return { pool, client };
  }
  throw new AwsError('ResourceNotFoundException', `User pool client ${clientId} does not exist.`);
}

function requireFlow(client: UserPoolClient, permission: string, flow: string): void {
  if (!client.explicitAuthFlows.includes(permission)) {
    throw invalidParameter(`${flow} flow not enabled for this client`);
  }
}

function required(parameters: Readonly<Record<string, string>>, name: string): string {
  const value = parameters[name];
  if (!value) throw invalidParameter(`Missing required parameter ${name}`);
  return value;
}
