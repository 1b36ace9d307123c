import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { describe, expect, it } from 'vitest';
import { cognitoIdentityProvider } from '../../functions/adapters/cognito-identity-provider.ts';
import { CredentialsWrongError, TokenInvalidError } from '../../functions/core/errors.ts';
import { homeWorkspace } from '../../functions/core/sign-in.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';
import { type CannedAnswer, cannedAws } from './canned-aws.ts';

const tokenWith = (claims: object): string =>
  `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
const TOKEN = tokenWith({
  sub: 'u-1',
  username: 'pilot',
  client_id: 'client-1',
  'cognito:groups': ['admins', WORKSPACE, `${FOREIGN_WORKSPACE}-old`],
});

const signedIn = (result: object): CannedAnswer => ({
  status: 200,
  body: JSON.stringify({ AuthenticationResult: result }),
});
const refused = (name: string): CannedAnswer => ({
  status: 400,
  headers: { 'x-amzn-errortype': name },
  body: JSON.stringify({ __type: name, message: 'reason' }),
});

function providerThat(answer: CannedAnswer) {
  const { sent, settings } = cannedAws(answer);
  const client = new CognitoIdentityProviderClient({ ...settings, maxAttempts: 1 });
  return {
    provider: cognitoIdentityProvider('client-1', client),
    asked: () => JSON.parse(sent[0]?.body ?? ''),
  };
}

const REFUSALS = [
  'NotAuthorizedException',
  'UserNotFoundException',
  'UserNotConfirmedException',
  'PasswordResetRequiredException',
  'InvalidParameterException',
];
const FAULTS = ['TooManyRequestsException', 'InternalErrorException', 'ResourceNotFoundException'];

describe('sign-in with Cognito', () => {
  it('asks with the password and reads the session from the token', async () => {
    const { provider, asked } = providerThat(signedIn({ AccessToken: TOKEN, RefreshToken: 'r' }));
    expect(await provider.signIn('pilot', 'pw')).toEqual({
      userId: 'u-1',
      username: 'pilot',
      workspaceIds: [WORKSPACE],
      accessToken: TOKEN,
      refreshToken: 'r',
    });
    expect(asked()).toEqual({
      ClientId: 'client-1',
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: 'pilot', PASSWORD: 'pw' },
    });
  });

  it('gives one answer for every refusal', async () => {
    const answers = await Promise.all(
      REFUSALS.map((name) =>
        providerThat(refused(name))
          .provider.signIn('a', 'b')
          .catch((error) => error),
      ),
    );
    for (const error of answers) expect(error).toBeInstanceOf(CredentialsWrongError);
    expect(new Set(answers.map(({ message }) => message)).size).toBe(1);
  });

  it('takes a challenge, which no controller could answer, for a refusal', async () => {
    const challenge = { status: 200, body: '{"ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"s"}' };
    await expect(providerThat(challenge).provider.signIn('a', 'b')).rejects.toThrow(CredentialsWrongError);
  });

  it.each(FAULTS)('is no refusal at %s', async (name) => {
    for (const attempt of [
      providerThat(refused(name)).provider.signIn('a', 'b'),
      providerThat(refused(name)).provider.refresh('r'),
      providerThat(refused(name)).provider.verify(TOKEN),
    ]) {
      await expect(attempt).rejects.toMatchObject({ name });
    }
  });
});

describe('refresh with Cognito', () => {
  it('keeps the refresh token where no new one was made', async () => {
    const { provider, asked } = providerThat(signedIn({ AccessToken: TOKEN }));
    expect(await provider.refresh('r-1')).toMatchObject({ accessToken: TOKEN, refreshToken: 'r-1' });
    expect(asked()).toMatchObject({
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: 'r-1' },
    });
  });

  it.each(REFUSALS)('is an invalid token at %s', async (name) => {
    await expect(providerThat(refused(name)).provider.refresh('r')).rejects.toThrow(TokenInvalidError);
  });
});

describe('verification by Cognito', () => {
  it('reads a token only once Cognito has taken it', async () => {
    const { provider, asked } = providerThat({
      status: 200,
      body: '{"Username":"pilot","UserAttributes":[]}',
    });
    expect(await provider.verify(TOKEN)).toEqual({
      userId: 'u-1',
      username: 'pilot',
      workspaceIds: [WORKSPACE],
      accessToken: TOKEN,
    });
    expect(asked()).toEqual({ AccessToken: TOKEN });
  });

  it.each([
    ['another client', { client_id: 'client-2' }],
    ['no client', {}],
  ])("refuses a token of %s: Cognito takes those of anybody's user pool", async (_whose, client) => {
    const taken = { status: 200, body: '{"Username":"pilot","UserAttributes":[]}' };
    const foreign = tokenWith({ sub: 'u-1', username: 'pilot', 'cognito:groups': [WORKSPACE], ...client });
    await expect(providerThat(taken).provider.verify(foreign)).rejects.toThrow(TokenInvalidError);
  });

  it.each(REFUSALS)('is an invalid token at %s', async (name) => {
    await expect(providerThat(refused(name)).provider.verify(TOKEN)).rejects.toThrow(TokenInvalidError);
  });
});

describe('home workspace', () => {
  const session = { userId: 'u', username: 'n', accessToken: 't' };

  it('is the first by name, whatever the order of the groups', () => {
    const [first, second] = [WORKSPACE, FOREIGN_WORKSPACE].sort() as [typeof WORKSPACE, typeof WORKSPACE];
    expect(homeWorkspace({ ...session, workspaceIds: [second, first] })).toBe(first);
  });

  it('is nothing that can be made up', () => {
    expect(() => homeWorkspace({ ...session, workspaceIds: [] })).toThrow('has no workspace');
  });
});
