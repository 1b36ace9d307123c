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
  exp: 1_777_000_000,
});
const ISSUED = {
  userId: 'u-1',
  username: 'pilot',
  workspaceIds: [WORKSPACE],
  accessToken: TOKEN,
  accessTokenExpiresAt: new Date(1_777_000_000_000),
};

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
  it('sends the password and reads the user from the token', async () => {
    const { provider, asked } = providerThat(signedIn({ AccessToken: TOKEN, RefreshToken: 'r' }));
    expect(await provider.signIn('pilot', 'pw')).toEqual({ ...ISSUED, renewalToken: 'r' });
    expect(asked()).toEqual({
      ClientId: 'client-1',
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: 'pilot', PASSWORD: 'pw' },
    });
  });

  it('has one error for every refusal', async () => {
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

  it('treats a challenge as a refusal, since controllers cannot respond to it', async () => {
    const challenge = { status: 200, body: '{"ChallengeName":"NEW_PASSWORD_REQUIRED","Session":"s"}' };
    await expect(providerThat(challenge).provider.signIn('a', 'b')).rejects.toThrow(CredentialsWrongError);
  });

  it.each(FAULTS)('is not refused at %s', async (name) => {
    for (const attempt of [
      providerThat(refused(name)).provider.signIn('a', 'b'),
      providerThat(refused(name)).provider.renew('r'),
      providerThat(refused(name)).provider.end('r'),
    ]) {
      await expect(attempt).rejects.toMatchObject({ name });
    }
  });
});

describe('renewal with Cognito', () => {
  it('sends the renewal token and reads the user from the new token', async () => {
    const { provider, asked } = providerThat(signedIn({ AccessToken: TOKEN }));
    expect(await provider.renew('r-1')).toEqual(ISSUED);
    expect(asked()).toEqual({
      ClientId: 'client-1',
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: 'r-1' },
    });
  });

  it.each(REFUSALS)('is an invalid token at %s', async (name) => {
    await expect(providerThat(refused(name)).provider.renew('r')).rejects.toThrow(TokenInvalidError);
  });
});

describe('the end of a session with Cognito', () => {
  it('revokes the renewal token', async () => {
    const { provider, asked } = providerThat({ status: 200, body: '{}' });
    await provider.end('r-1');
    expect(asked()).toEqual({ ClientId: 'client-1', Token: 'r-1' });
  });
});

describe('home workspace', () => {
  const session = { userId: 'u', username: 'n', accessToken: 't' };

  it('is the first by name, in any order of the groups', () => {
    const [first, second] = [WORKSPACE, FOREIGN_WORKSPACE].sort() as [typeof WORKSPACE, typeof WORKSPACE];
    expect(homeWorkspace({ ...session, workspaceIds: [second, first] })).toBe(first);
  });

  it('is an error for a user without a workspace', () => {
    expect(() => homeWorkspace({ ...session, workspaceIds: [] })).toThrow('has no workspace');
  });
});
