import type { AddressInfo } from 'node:net';
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  CognitoIdentityProviderClient,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RespondToAuthChallengeCommand,
  RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cognito, createCognito } from '../../cognito/cognito.ts';
import { Identities } from '../../iam/identities.ts';

const region = 'eu-central-1';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const UserPoolId = 'eu-central-1_Workspaces';
const otherPoolId = 'eu-central-1_Foreign';
const ClientId = 'pilot';
const workspace = 'e3dea0f5-37f2-4d79-ae58-490af3228069';
const Password = 'Correct-horse-1';
const flows = ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'];

let now = 0;
let cognito: Cognito;
let endpoint: string;
let administrator: CognitoIdentityProviderClient;
let visitor: CognitoIdentityProviderClient;

beforeAll(async () => {
  cognito = await createCognito({
    identities: new Identities({ root }),
    region,
    accountId: '123456789012',
    userPools: [
      {
        id: UserPoolId,
        name: 'people',
        groups: [workspace],
        clients: [
          { id: ClientId, explicitAuthFlows: flows, accessTokenValidityInSeconds: 900 },
          { id: 'second', explicitAuthFlows: flows },
          {
            id: 'legacy',
            explicitAuthFlows: flows,
            preventUserExistenceErrors: false,
            enableTokenRevocation: false,
          },
          { id: 'no-flows', explicitAuthFlows: [] },
        ],
      },
      { id: otherPoolId, name: 'foreign', clients: [{ id: 'foreign', explicitAuthFlows: flows }] },
    ],
    clock: () => new Date(now),
  });
  await new Promise<void>((resolve) => cognito.server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(cognito.server.address() as AddressInfo).port}`;
  administrator = new CognitoIdentityProviderClient({ endpoint, region, credentials: root, maxAttempts: 1 });
  // Whoever signs in has no key: the SDK leaves the signature out.
  visitor = new CognitoIdentityProviderClient({ endpoint, region, maxAttempts: 1 });
});

afterAll(async () => {
  administrator.destroy();
  visitor.destroy();
  await cognito.close();
});

beforeEach(() => {
  now = Date.now();
});

let count = 0;

/** A confirmed user of their own for each test. */
async function newUser(pool = UserPoolId): Promise<string> {
  const Username = `user-${++count}`;
  await administrator.send(
    new AdminCreateUserCommand({
      UserPoolId: pool,
      Username,
      MessageAction: 'SUPPRESS',
      UserAttributes: [
        { Name: 'email', Value: `${Username}@example.com` },
        { Name: 'email_verified', Value: 'true' },
      ],
    }),
  );
  await administrator.send(
    new AdminSetUserPasswordCommand({ UserPoolId: pool, Username, Password, Permanent: true }),
  );
  return Username;
}

const signIn = (USERNAME: string, PASSWORD = Password, client = ClientId) =>
  visitor.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId: client,
      AuthParameters: { USERNAME, PASSWORD },
    }),
  );

const refresh = (REFRESH_TOKEN: string, client = ClientId) =>
  visitor.send(
    new InitiateAuthCommand({
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      ClientId: client,
      AuthParameters: { REFRESH_TOKEN },
    }),
  );

async function tokensOf(username: string, client = ClientId) {
  const { AuthenticationResult } = await signIn(username, Password, client);
  return {
    access: AuthenticationResult?.AccessToken ?? '',
    id: AuthenticationResult?.IdToken ?? '',
    refresh: AuthenticationResult?.RefreshToken ?? '',
  };
}

const getUser = (AccessToken: string) => visitor.send(new GetUserCommand({ AccessToken }));
const notAuthorized = (message: string) => ({ name: 'NotAuthorizedException', message });

describe('a sign-in', () => {
  it("returns tokens with Cognito's claims, signed by the published key", async () => {
    const username = await newUser();
    const { AuthenticationResult, ChallengeName } = await signIn(username);
    expect(ChallengeName).toBeUndefined();
    expect(AuthenticationResult).toMatchObject({ ExpiresIn: 900, TokenType: 'Bearer' });

    const issuer = `https://cognito-idp.${region}.amazonaws.com/${UserPoolId}`;
    const keys = createRemoteJWKSet(new URL(`${endpoint}/${UserPoolId}/.well-known/jwks.json`));
    const verify = async (token = '') =>
      (await jwtVerify(token, keys, { issuer, algorithms: ['RS256'] })).payload;
    const access = await verify(AuthenticationResult?.AccessToken);
    const seconds = Math.floor(now / 1000);
    expect(access).toEqual({
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iss: issuer,
      client_id: ClientId,
      origin_jti: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      event_id: expect.any(String),
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      auth_time: seconds,
      iat: seconds,
      exp: seconds + 900,
      jti: expect.any(String),
      username,
    });
    expect(await verify(AuthenticationResult?.IdToken)).toMatchObject({
      sub: access.sub,
      aud: ClientId,
      token_use: 'id',
      'cognito:username': username,
      email: `${username}@example.com`,
      email_verified: true,
      origin_jti: access['origin_jti'],
      exp: seconds + 3600,
    });
  });

  it('refuses a wrong password and an unknown user with the same response', async () => {
    const username = await newUser();
    const [wrong, unknown] = await Promise.all(
      [signIn(username, 'Wrong-horse-1'), signIn('nobody')].map((attempt) =>
        attempt.catch(({ name, message, $metadata }) => ({
          name,
          message,
          status: $metadata.httpStatusCode,
        })),
      ),
    );
    expect(wrong).toEqual({ ...notAuthorized('Incorrect username or password.'), status: 400 });
    expect(unknown).toEqual(wrong);
  });

  it('takes as long for an unknown user as for a wrong password', async () => {
    const username = await newUser();
    const took = async (name: string) => {
      const times: number[] = [];
      for (let attempt = 0; attempt < 7; attempt++) {
        const start = performance.now();
        await signIn(name, 'Wrong-horse-1').catch(() => {});
        times.push(performance.now() - start);
      }
      return times.sort((one, other) => one - other)[3] ?? 0;
    };
    const [known, unknown] = [await took(username), await took('nobody')];
    // Without a hash for the unknown user: 3 ms against 116.
    expect(unknown).toBeGreaterThan(known / 3);
    expect(known).toBeGreaterThan(unknown / 3);
  });

  it('reports an unknown user only for a client with that setting', async () => {
    await expect(signIn('nobody', Password, 'legacy')).rejects.toMatchObject({
      name: 'UserNotFoundException',
    });
  });

  it('reports a disabled user only after the right password', async () => {
    const Username = await newUser();
    await administrator.send(new AdminDisableUserCommand({ UserPoolId, Username }));
    await expect(signIn(Username)).rejects.toMatchObject(notAuthorized('User is disabled.'));
    await expect(signIn(Username, 'Wrong-horse-1')).rejects.toMatchObject(
      notAuthorized('Incorrect username or password.'),
    );
    await administrator.send(new AdminEnableUserCommand({ UserPoolId, Username }));
    expect((await signIn(Username)).AuthenticationResult).toBeDefined();
  });

  it('with a temporary password requires a new one, until the password has expired', async () => {
    const Username = await newUser();
    await administrator.send(new AdminSetUserPasswordCommand({ UserPoolId, Username, Password }));
    const answer = await signIn(Username);
    expect(answer.ChallengeName).toBe('NEW_PASSWORD_REQUIRED');
    expect(answer.Session).toBeTruthy();
    expect(answer.AuthenticationResult).toBeUndefined();
    now += 7 * 24 * 3600 * 1000;
    await expect(signIn(Username)).rejects.toMatchObject(
      notAuthorized('Temporary password has expired and must be reset by an administrator.'),
    );
  });

  it('names the missing client, the disabled flow, the missing parameter', async () => {
    await expect(signIn('nobody', Password, 'stranger')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'User pool client stranger does not exist.',
    });
    await expect(signIn('nobody', Password, 'no-flows')).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'USER_PASSWORD_AUTH flow not enabled for this client',
    });
    await expect(refresh('token', 'no-flows')).rejects.toMatchObject({ name: 'InvalidParameterException' });
    await expect(signIn('')).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: 'Missing required parameter USERNAME',
    });
  });

  it('does not find the users of another pool', async () => {
    const username = await newUser();
    await expect(signIn(username, Password, 'foreign')).rejects.toMatchObject({
      name: 'NotAuthorizedException',
    });
  });
});

describe('a refresh token', () => {
  it('returns new tokens of the same session, and no new refresh token', async () => {
    const username = await newUser();
    const tokens = await tokensOf(username);
    now += 60_000;
    const viaFlow = (await refresh(tokens.refresh)).AuthenticationResult;
    const viaOperation = (
      await visitor.send(new GetTokensFromRefreshTokenCommand({ ClientId, RefreshToken: tokens.refresh }))
    ).AuthenticationResult;
    const before = decodeJwt(tokens.access);
    for (const result of [viaFlow, viaOperation]) {
      expect(result?.RefreshToken).toBeUndefined();
      const after = decodeJwt(result?.AccessToken ?? '');
      expect(after).toMatchObject({
        sub: before.sub,
        origin_jti: before['origin_jti'],
        auth_time: before['auth_time'],
        iat: (before.iat ?? 0) + 60,
      });
      expect(after.jti).not.toBe(before.jti);
    }
  });

  it('expires by the setting of the client', async () => {
    const tokens = await tokensOf(await newUser());
    now += 30 * 24 * 3600 * 1000;
    await expect(refresh(tokens.refresh)).rejects.toMatchObject(notAuthorized('Refresh Token has expired'));
  });

  it('is refused for another client, for another pool, and when it is invalid', async () => {
    const tokens = await tokensOf(await newUser());
    for (const client of ['second', 'foreign']) {
      await expect(refresh(tokens.refresh, client)).rejects.toMatchObject(
        notAuthorized('Invalid Refresh Token'),
      );
    }
    for (const token of ['nonsense', tokens.access, `${tokens.refresh}x`]) {
      await expect(refresh(token)).rejects.toMatchObject(notAuthorized('Invalid Refresh Token'));
    }
  });

  it('is refused while the user is disabled, and after that', async () => {
    const Username = await newUser();
    const tokens = await tokensOf(Username);
    await administrator.send(new AdminDisableUserCommand({ UserPoolId, Username }));
    await expect(refresh(tokens.refresh)).rejects.toMatchObject(notAuthorized('User is disabled.'));
    await administrator.send(new AdminEnableUserCommand({ UserPoolId, Username }));
    await expect(refresh(tokens.refresh)).rejects.toMatchObject(
      notAuthorized('Refresh Token has been revoked'),
    );
  });

  it('of a deleted user is invalid for another one of the same name', async () => {
    const Username = await newUser();
    const tokens = await tokensOf(Username);
    await administrator.send(new AdminDeleteUserCommand({ UserPoolId, Username }));
    await administrator.send(new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: 'SUPPRESS' }));
    await expect(refresh(tokens.refresh)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    await expect(getUser(tokens.access)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });
});

describe('an access token', () => {
  it('identifies its user', async () => {
    const username = await newUser();
    const { access } = await tokensOf(username);
    const user = await getUser(access);
    expect(user.Username).toBe(username);
    expect(user.UserAttributes).toContainEqual({ Name: 'sub', Value: decodeJwt(access).sub });
    expect(user.UserAttributes).toContainEqual({ Name: 'email', Value: `${username}@example.com` });
  });

  it('is refused when it has expired', async () => {
    const { access } = await tokensOf(await newUser());
    now += 901_000;
    await expect(getUser(access)).rejects.toMatchObject(notAuthorized('Access Token has expired'));
  });

  it('is refused when it is an id token, forged, or invalid', async () => {
    const { access, id } = await tokensOf(await newUser());
    const [header, payload = '', signature] = access.split('.');
    const claims = { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), username: 'somebody-else' };
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
    const unsigned = [Buffer.from('{"alg":"none"}').toString('base64url'), payload, ''].join('.');
    for (const token of [id, forged, unsigned, 'nonsense']) {
      await expect(getUser(token)).rejects.toMatchObject(notAuthorized('Invalid Access Token'));
    }
  });

  it('is refused when another key signed it for the pool', async () => {
    const foreignUser = await newUser(otherPoolId);
    const { access } = await tokensOf(foreignUser, 'foreign');
    expect((await getUser(access)).Username).toBe(foreignUser);
    const { access: own } = await tokensOf(await newUser());
    const [header, , signature] = access.split('.');
    const mixed = [header, own.split('.')[1], signature].join('.');
    await expect(getUser(mixed)).rejects.toMatchObject(notAuthorized('Invalid Access Token'));
  });
});

describe('an end of sessions', () => {
  it('by RevokeToken ends one session and no others', async () => {
    const username = await newUser();
    const [one, other] = [await tokensOf(username), await tokensOf(username)];
    await visitor.send(new RevokeTokenCommand({ ClientId, Token: one.refresh }));
    await expect(getUser(one.access)).rejects.toMatchObject(notAuthorized('Access Token has been revoked'));
    await expect(refresh(one.refresh)).rejects.toMatchObject(notAuthorized('Refresh Token has been revoked'));
    expect((await getUser(other.access)).Username).toBe(username);
    await visitor.send(new RevokeTokenCommand({ ClientId, Token: one.refresh }));
  });

  it('by RevokeToken needs a refresh token, its client, and a client that allows it', async () => {
    const tokens = await tokensOf(await newUser());
    const revoke = (Token: string, client = ClientId) =>
      visitor.send(new RevokeTokenCommand({ ClientId: client, Token }));
    await expect(revoke(tokens.access)).rejects.toMatchObject({ name: 'UnsupportedTokenTypeException' });
    await expect(revoke(tokens.refresh, 'second')).rejects.toMatchObject({ name: 'UnauthorizedException' });
    await expect(revoke(tokens.refresh, 'legacy')).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
    });
    expect((await refresh(tokens.refresh)).AuthenticationResult).toBeDefined();
  });

  it.each<[string, (username: string, access: string) => Promise<unknown>]>([
    ['GlobalSignOut', (_, AccessToken) => visitor.send(new GlobalSignOutCommand({ AccessToken }))],
    [
      'AdminUserGlobalSignOut',
      (Username) => administrator.send(new AdminUserGlobalSignOutCommand({ UserPoolId, Username })),
    ],
  ])('by %s ends all sessions, and the user can sign in again at once', async (_operation, signOut) => {
    const username = await newUser();
    const [one, other] = [await tokensOf(username), await tokensOf(username)];
    await signOut(username, one.access);
    for (const { access, refresh: token } of [one, other]) {
      await expect(getUser(access)).rejects.toMatchObject(notAuthorized('Access Token has been revoked'));
      await expect(refresh(token)).rejects.toMatchObject(notAuthorized('Refresh Token has been revoked'));
    }
    // Within the same millisecond: the clock of this test stands still.
    expect((await getUser((await tokensOf(username)).access)).Username).toBe(username);
  });
});

describe('the well-known documents', () => {
  it('are those of the pool, without a private key', async () => {
    const keys = await (await fetch(`${endpoint}/${UserPoolId}/.well-known/jwks.json`)).json();
    expect(keys).toEqual(cognito.jwks(UserPoolId));
    expect(Object.keys((keys as { keys: object[] }).keys[0] ?? {}).sort()).toEqual([
      'alg',
      'e',
      'kid',
      'kty',
      'n',
      'use',
    ]);
    const configuration = await (
      await fetch(`${endpoint}/${UserPoolId}/.well-known/openid-configuration`)
    ).json();
    expect(configuration).toMatchObject({
      issuer: `https://cognito-idp.${region}.amazonaws.com/${UserPoolId}`,
    });
  });

  it('do not exist for an unknown pool', async () => {
    expect((await fetch(`${endpoint}/eu-central-1_Nowhere/.well-known/jwks.json`)).status).toBe(404);
    expect(() => cognito.jwks('eu-central-1_Nowhere')).toThrow('There is no user pool');
  });
});

describe('an operation that is not implemented', () => {
  it('is refused by name', async () => {
    const respond = visitor.send(
      new RespondToAuthChallengeCommand({
        ClientId,
        ChallengeName: 'NEW_PASSWORD_REQUIRED',
        Session: 'x'.repeat(20),
      }),
    );
    await expect(respond).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('RespondToAuthChallenge'),
    });
    const srp = visitor.send(
      new InitiateAuthCommand({ AuthFlow: 'USER_SRP_AUTH', ClientId, AuthParameters: { USERNAME: 'a' } }),
    );
    await expect(srp).rejects.toMatchObject({ message: expect.stringContaining('USER_SRP_AUTH') });
  });
});
