/** The Pilot page's client against the real handlers, with everything behind them in memory. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FAKE_USER } from '../../fakes/in-memory-identity-provider.ts';
import { library } from '../../fakes/ports.ts';
import { parseWorkspaceId } from '../../functions/core/workspace.ts';
import { handler as login } from '../../functions/http/login.ts';
import { handler as tokenRefresh } from '../../functions/http/token-refresh.ts';
import { handler as unknownRoute } from '../../functions/http/unknown-route.ts';
import { handler as usersCurrent } from '../../functions/http/users-current.ts';
import { handler as workspacesCurrent } from '../../functions/http/workspaces-current.ts';
import { callHandler, DEFAULT_WORKSPACE } from '../../local/invoke/call-handler.ts';
import { Api } from '../../web/pilot/api.ts';

vi.mock('../../functions/ports.ts', () => import('../../fakes/ports.ts'));

const HANDLERS = {
  '/manage/api/v1/login': ['login', login],
  '/manage/api/v1/token/refresh': ['token-refresh', tokenRefresh],
  '/manage/api/v1/users/current': ['users-current', usersCurrent],
  '/manage/api/v1/workspaces/current': ['workspaces-current', workspacesCurrent],
} as const;

/** `fetch` without a network. */
const toHandlers = async (address: string, { headers, body }: RequestInit): Promise<Response> => {
  const { pathname, searchParams } = new URL(address);
  const [name, handler] = HANDLERS[pathname as keyof typeof HANDLERS] ?? ['unknown-route', unknownRoute];
  const answer = (await callHandler(handler, name, {
    workspaceId: DEFAULT_WORKSPACE,
    user: FAKE_USER.username,
    headers: headers as Record<string, string>,
    query: [...searchParams],
    ...(typeof body === 'string' && { body: JSON.parse(body) }),
  })) as { status: number; headers: Record<string, string>; body: unknown };
  return Response.json(answer.body, { status: answer.status, headers: answer.headers });
};

describe('the API as the Pilot page reads it', () => {
  const api = new Api('https://api.example.com', { serialNumber: '5YSZK1400B00AB', appVersion: '12.0.1' });

  let refreshToken = '';

  beforeAll(() => {
    library.people.workspaceIds = [parseWorkspaceId(DEFAULT_WORKSPACE)];
    vi.stubGlobal('fetch', toHandlers);
  });
  afterAll(() => {
    vi.unstubAllGlobals();
  });

  it('signs in', async () => {
    const session = await api.login(FAKE_USER.username, FAKE_USER.password);
    expect(session).toMatchObject({
      username: FAKE_USER.username,
      workspace_id: DEFAULT_WORKSPACE,
      access_token: expect.stringMatching(/./),
      refresh_token: expect.stringMatching(/./),
      mqtt_addr: expect.stringMatching(/^tcp:/),
    });
    api.token = session.access_token;
    refreshToken = session.refresh_token;
  });

  it('is told of a wrong password', async () => {
    await expect(api.login(FAKE_USER.username, 'wrong')).rejects.toMatchObject({
      problem: 'refused',
      code: 401,
    });
  });

  it('renews a token, by the refresh token or by the token itself', async () => {
    const byRefreshToken = await api.refresh(refreshToken);
    expect(byRefreshToken.access_token).not.toBe(api.token);
    expect(byRefreshToken.refresh_token).not.toBe(refreshToken);
    const byToken = await api.refresh('');
    expect(byToken).toMatchObject({ access_token: expect.stringMatching(/./), refresh_token: '' });
    expect(byToken.access_token).not.toBe(api.token);
    await expect(api.refresh('ended')).rejects.toMatchObject({
      problem: 'unauthorized',
      requestId: expect.any(String),
    });
  });

  it('asks for the user and the workspace', async () => {
    const user = await api.user();
    expect(user.workspaces).toEqual([
      { workspace_id: DEFAULT_WORKSPACE, workspace_name: expect.any(String) },
    ]);
    expect(await api.workspace(DEFAULT_WORKSPACE)).toMatchObject({ workspace_id: DEFAULT_WORKSPACE });
    await expect(api.workspace('5b1a8c1e-0d57-4a7f-9f6c-0a4f6d1e2b3c')).rejects.toMatchObject({
      problem: 'refused',
      code: 403,
    });
  });

  it('is told of a route that is not there', async () => {
    await expect(api.uploads(DEFAULT_WORKSPACE, 'anna', 6)).rejects.toMatchObject({ problem: 'absent' });
    await expect(api.diagnosis(DEFAULT_WORKSPACE, 'en')).rejects.toMatchObject({ problem: 'absent' });
  });
});
