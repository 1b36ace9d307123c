import { beforeEach, describe, expect, it } from 'vitest';
import { FAKE_USER, InMemoryIdentityProvider } from '../../fakes/in-memory-identity-provider.ts';
import { InMemorySessionStore } from '../../fakes/in-memory-session-store.ts';
import {
  CredentialsWrongError,
  TokenInvalidError,
  TokenReusedError,
  UserWithoutWorkspaceError,
} from '../../functions/core/errors.ts';
import { openWith, sealWith } from '../../functions/core/sealed-text.ts';
import { renewByAccessToken, renewByRefreshToken, startSession } from '../../functions/core/sessions.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';

const DAY = 24 * 3600 * 1000;

let people: InMemoryIdentityProvider;
let store: InMemorySessionStore;
let now: number;
const clock = () => new Date(now);
const ports = () => ({ people, store, clock });

const signIn = (userType = 2) => startSession(ports(), FAKE_USER.username, FAKE_USER.password, userType);
const byAccess = (token: string) => renewByAccessToken(ports(), token);
const byRefresh = (token: string | undefined) => renewByRefreshToken(ports(), token ?? '');

beforeEach(() => {
  now = Date.parse('2026-04-12T09:30:00.000Z');
  people = new InMemoryIdentityProvider();
  people.clock = clock;
  people.workspaceIds = [WORKSPACE];
  store = new InMemorySessionStore();
});

describe('a session', () => {
  it('starts with an access token and a refresh token', async () => {
    expect(await signIn()).toEqual({
      userId: 'user-1',
      username: 'pilot',
      workspaceIds: [WORKSPACE],
      accessToken: expect.stringMatching(/^access-/),
      refreshToken: expect.stringMatching(/^[\w-]{43}$/),
      userType: 2,
    });
  });

  it('does not start with a wrong password, or without a workspace', async () => {
    await expect(startSession(ports(), 'pilot', 'wrong', 1)).rejects.toThrow(CredentialsWrongError);
    people.workspaceIds = [];
    await expect(signIn()).rejects.toThrow(UserWithoutWorkspaceError);
    expect(store.tokens.size).toBe(0);
  });

  it('is stored without anything that can renew it', async () => {
    const { accessToken, refreshToken } = await signIn();
    const stored = JSON.stringify([...store.tokens.values()]);
    for (const secret of [accessToken, refreshToken ?? '', ...people.renewalTokens])
      expect(stored).not.toContain(secret);
  });
});

describe('renewing with the access token', () => {
  it('returns another access token, with the user type of the sign-in', async () => {
    for (const userType of [1, 2]) {
      const { accessToken } = await signIn(userType);
      const renewed = await byAccess(accessToken);
      expect(renewed.accessToken).not.toBe(accessToken);
      expect(renewed).toMatchObject({ userType, workspaceIds: [WORKSPACE] });
      expect(renewed.refreshToken).toBeUndefined();
    }
  });

  it('works until 30 days after the token has expired', async () => {
    const { accessToken } = await signIn();
    now += 31 * DAY - 1;
    const { accessToken: next } = await byAccess(accessToken);
    now += 1;
    await expect(byAccess(accessToken)).rejects.toThrow(TokenInvalidError);
    now += 30 * DAY;
    await expect(byAccess(next)).resolves.toMatchObject({ username: 'pilot' });
  });

  it('works again with the old token, since a response may be lost', async () => {
    const { accessToken } = await signIn();
    const answers = [await byAccess(accessToken), await byAccess(accessToken)];
    for (const { accessToken: next } of answers)
      await expect(byAccess(next)).resolves.toMatchObject({ username: 'pilot' });
  });

  it('returns the current workspaces', async () => {
    const { accessToken } = await signIn();
    people.workspaceIds = [FOREIGN_WORKSPACE];
    expect((await byAccess(accessToken)).workspaceIds).toEqual([FOREIGN_WORKSPACE]);
  });

  it('is refused after the session was ended', async () => {
    const { accessToken } = await signIn();
    people.renewalTokens.clear();
    await expect(byAccess(accessToken)).rejects.toThrow(TokenInvalidError);
  });

  it('is refused with any other token', async () => {
    const { accessToken, refreshToken = '' } = await signIn();
    for (const token of ['', 'access', `${accessToken} `, accessToken.slice(0, -1), refreshToken])
      await expect(byAccess(token)).rejects.toThrow(TokenInvalidError);
  });
});

describe('renewing with the refresh token', () => {
  it('returns another access token and another refresh token', async () => {
    const first = await signIn();
    const second = await byRefresh(first.refreshToken);
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
    expect(second.userType).toBe(2);
    await byRefresh(second.refreshToken);
    await byAccess(second.accessToken);
  });

  it('works again until a successor is used', async () => {
    const first = await signIn();
    await byRefresh(first.refreshToken);
    const { refreshToken } = await byRefresh(first.refreshToken);
    await expect(byRefresh(refreshToken)).resolves.toBeDefined();
  });

  it('ends the session when the old token is used after the new one', async () => {
    const first = await signIn();
    const second = await byRefresh(first.refreshToken);
    const third = await byRefresh(second.refreshToken);
    await expect(byRefresh(first.refreshToken)).rejects.toThrow(TokenReusedError);
    await expect(byRefresh(third.refreshToken)).rejects.toThrow(TokenInvalidError);
    await expect(byAccess(third.accessToken)).rejects.toThrow(TokenInvalidError);
  });

  it('ends the session when there are two successors', async () => {
    const first = await signIn();
    const mine = await byRefresh(first.refreshToken);
    const theirs = await byRefresh(first.refreshToken);
    await byRefresh(mine.refreshToken);
    await expect(byRefresh(theirs.refreshToken)).rejects.toThrow(TokenReusedError);
    await expect(byAccess(mine.accessToken)).rejects.toThrow(TokenInvalidError);
  });

  it('does not affect other sessions of the user', async () => {
    const other = await signIn();
    const { refreshToken } = await signIn();
    await byRefresh((await byRefresh(refreshToken)).refreshToken);
    await expect(byRefresh(refreshToken)).rejects.toThrow(TokenReusedError);
    await expect(byRefresh(other.refreshToken)).resolves.toBeDefined();
  });

  it('ends 30 days after the access token that was issued with it', async () => {
    const { refreshToken } = await signIn();
    now += 31 * DAY;
    await expect(byRefresh(refreshToken)).rejects.toThrow(TokenInvalidError);
  });

  it('is refused with an access token', async () => {
    const { accessToken } = await signIn();
    await expect(byRefresh(accessToken)).rejects.toThrow(TokenInvalidError);
  });
});

describe('a sealed text', () => {
  it('can be opened only with its token, and not after a change', () => {
    const sealed = sealWith('token', 'renewal');
    expect(openWith('token', sealed)).toBe('renewal');
    expect(() => openWith('another', sealed)).toThrow();
    const bytes = Buffer.from(sealed, 'base64url');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(() => openWith('token', bytes.toString('base64url'))).toThrow();
  });

  it('is different each time', () => {
    expect(sealWith('token', 'renewal')).not.toBe(sealWith('token', 'renewal'));
  });
});
