import { InitiateAuthCommand } from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestStack } from './stack-fixture.ts';

const LOGIN = '/manage/api/v1/login';
const REFRESH = '/manage/api/v1/token/refresh';

let stack: TestStack;

beforeAll(async () => {
  stack = await TestStack.start();
});
afterAll(() => stack.close());

describe('login', () => {
  it("responds in DJI's form, with a refresh token", async () => {
    const { username, password, workspace_id } = stack.user(0);
    const { status, envelope } = await stack.signIn(username, password);
    expect(status).toBe(200);
    expect(envelope).toEqual({
      code: 0,
      message: 'success',
      data: {
        username,
        user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        workspace_id,
        user_type: 2,
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        refresh_token: expect.stringMatching(/./),
        mqtt_addr: expect.any(String),
        mqtt_username: expect.any(String),
        mqtt_password: expect.any(String),
      },
    });
  });

  it('accepts the flag of the web page, and none', async () => {
    const { username, password } = stack.user(0);
    for (const flag of [1, undefined]) {
      const answer = await stack.request(LOGIN, { body: { username, password, flag } });
      stack.keepTokens(answer);
      expect(answer.envelope).toMatchObject({ code: 0, data: { user_type: 1 } });
    }
  });

  it('has the same response for a wrong password, an unknown user and a disabled one', async () => {
    const { username, workspace_id } = stack.user(0);
    const disabled = await stack.createUser('disabled', workspace_id);
    await disabled.disable();
    const { password } = disabled;
    const answers = [
      await stack.signIn(username, 'Wrong-pass-1234'),
      await stack.signIn('nobody', password),
      await stack.signIn('disabled', password),
      await stack.signIn('disabled', 'Wrong-pass-1234'),
      await stack.signIn('no such name: * ? $ 上云', password),
      await stack.signIn('n'.repeat(4000), password),
    ];
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers[0]?.envelope).toEqual({ code: 401, message: expect.any(String), data: {} });
    const headersOf = (headers: Headers) =>
      Object.fromEntries(
        [...headers].filter(([name]) => !['date', 'x-request-id', 'apigw-requestid'].includes(name)),
      );
    for (const { headers } of answers)
      expect(headersOf(headers)).toEqual(headersOf(answers[0]?.headers ?? headers));
  });

  it('is 403 for a user without a workspace', async () => {
    const { username, password } = await stack.createUser('lonely');
    const { status, envelope } = await stack.signIn(username, password);
    expect(status).toBe(403);
    expect(envelope).toMatchObject({ code: 403, data: {} });
  });

  it.each([
    ['no body', undefined],
    ['not JSON', 'username=pilot'],
    ['no password', { username: 'pilot' }],
    ['a password that is a number', { username: 'pilot', password: 12345678 }],
    ['an empty name', { username: '', password: 'x' }],
    ['another flag', { username: 'pilot', password: 'x', flag: 3 }],
  ])('is 400 with %s', async (_what, body) => {
    const { status, envelope } = await stack.request(LOGIN, { body });
    expect(status).toBe(400);
    expect(envelope).toEqual({ code: 200001, message: expect.any(String), data: {} });
  });
});

describe('a token', () => {
  /** What somebody gets who talks to Cognito directly. */
  const tokensOf = async (username: string, password: string) => {
    const { AuthenticationResult: result } = await stack.cognito().send(
      new InitiateAuthCommand({
        ClientId: stack.endpoints.user_pool_client_id,
        AuthFlow: 'USER_PASSWORD_AUTH',
        AuthParameters: { USERNAME: username, PASSWORD: password },
      }),
    );
    if (!result?.AccessToken || !result.IdToken) throw new Error('Cognito issued no tokens');
    for (const token of [result.AccessToken, result.IdToken, result.RefreshToken ?? ''])
      stack.secrets.add(token);
    return { access: result.AccessToken, id: result.IdToken, refresh: result.RefreshToken };
  };

  it('is accepted when it is an access token, and refused when it is an ID token', async () => {
    const { username, password } = stack.user(0);
    const tokens = await tokensOf(username, password);
    const device = await stack.pilot();
    expect((await device.ask('sts', { token: tokens.access })).status).toBe(200);
    expect((await device.ask('sts', { token: tokens.id })).status).toBe(403);
  });

  it('cannot be renewed when this library did not issue it', async () => {
    const { username, password } = stack.user(0);
    const tokens = await tokensOf(username, password);
    for (const request of [
      { token: tokens.access },
      { token: tokens.id },
      { body: { refresh_token: tokens.refresh } },
    ])
      expect((await stack.request(REFRESH, request)).envelope).toMatchObject({ code: 600103, data: {} });
  });
});

describe('token/refresh', () => {
  it('returns a valid new token for the refresh token of the body', async () => {
    const device = await stack.pilot();
    const answer = await stack.request(REFRESH, { body: { refresh_token: device.session.refresh_token } });
    const session = stack.keepTokens(answer);
    expect(answer.envelope).toMatchObject({
      code: 0,
      data: { username: stack.user(0).username, workspace_id: device.workspaceId },
    });
    expect(session.refresh_token).not.toBe('');
    expect((await device.ask('sts', { token: session.access_token })).status).toBe(200);
  });

  it('returns a valid new token, which can be renewed, for the header alone', async () => {
    const device = await stack.pilot();
    let token = device.session.access_token;
    for (const body of [undefined, '', {}]) {
      const answer = await stack.request(REFRESH, { token, body });
      const renewed = stack.keepTokens(answer);
      expect(answer.envelope).toMatchObject({
        code: 0,
        data: { refresh_token: '', user_id: device.session.user_id, user_type: 2 },
      });
      expect(renewed.access_token).not.toBe(token);
      expect((await device.ask('sts', { token: renewed.access_token })).status).toBe(200);
      token = renewed.access_token;
    }
  });

  it('ends the session when a refresh token is used after its successor', async () => {
    const { session } = await stack.pilot();
    const again = async (token: string) => stack.request(REFRESH, { body: { refresh_token: token } });
    const second = stack.keepTokens(await again(session.refresh_token));
    const third = stack.keepTokens(await again(second.refresh_token));
    expect((await again(session.refresh_token)).envelope).toMatchObject({ code: 600103 });
    expect((await again(third.refresh_token)).status).toBe(401);
    expect((await stack.request(REFRESH, { token: third.access_token })).status).toBe(401);
  });

  it('prefers the refresh token to an expired header', async () => {
    const { session } = await stack.pilot();
    const answer = await stack.request(REFRESH, {
      token: 'expired',
      body: { refresh_token: session.refresh_token },
    });
    stack.keepTokens(answer);
    expect(answer.envelope).toMatchObject({ code: 0 });
  });

  it('is 401 in the envelope for an invalid token, an invalid refresh token and none', async () => {
    const { session } = await stack.pilot();
    const forged = session.access_token.replace(/\.[^.]+$/, '.c2lnbmF0dXJl');
    for (const request of [
      {},
      { token: 'broken' },
      { token: forged },
      { token: session.refresh_token },
      { body: { refresh_token: 'broken' } },
      { body: { refresh_token: session.access_token } },
    ]) {
      const { status, envelope } = await stack.request(REFRESH, request);
      expect(status).toBe(401);
      expect(envelope).toMatchObject({ code: expect.toBeOneOf([600101, 600103]), data: {} });
    }
  });

  it('is refused for a user who was disabled after sign-in', async () => {
    const user = await stack.createUser('leaving', stack.user(0).workspace_id);
    const answer = await stack.signIn(user.username, user.password);
    const session = stack.keepTokens(answer);
    await user.disable();
    const refreshed = await stack.request(REFRESH, { body: { refresh_token: session.refresh_token } });
    expect(refreshed.status).toBe(401);
    const verified = await stack.request(REFRESH, { token: session.access_token });
    expect(verified.status).toBe(401);
  });
});
