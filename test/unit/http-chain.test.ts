import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServiceUnavailableError } from '../../functions/core/errors.ts';
import { type HttpEndpoint, httpEndpoint } from '../../functions/middleware/http-endpoint.ts';
import { BODY_LIMIT_IN_BYTES, REPORT_LIMIT_IN_BYTES } from '../../functions/protocol/contract.ts';
import { FOREIGN_WORKSPACE, WORKSPACE } from '../fixtures/library.ts';
import { call, GATEWAY_REQUEST_ID, recordLog } from './http-requests.ts';

const CONTRACT = {
  name: 'some-endpoint',
  routes: [],
  access: 'workspace',
  input: v.object({ fingerprint: v.string() }),
  output: v.unknown(),
} as const;
const seen = vi.fn<HttpEndpoint<typeof CONTRACT>>();
const endpoint = httpEndpoint(CONTRACT, seen);
const GOOD = { fingerprint: 'a' };

let log: ReturnType<typeof recordLog>;

beforeEach(() => {
  log = recordLog();
  seen.mockReset().mockResolvedValue({ file_id: '1' });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a response', () => {
  it('is the envelope, and is not cached', async () => {
    const { status, headers, envelope } = await call(endpoint, { body: GOOD });
    expect(status).toBe(200);
    expect(envelope).toEqual({ code: 0, message: 'success', data: { file_id: '1' } });
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
  });

  it.each([undefined, null])('always has data, also for %s', async (data) => {
    seen.mockResolvedValue(data);
    expect((await call(endpoint, { body: GOOD })).envelope.data).toEqual({});
  });

  it('is made from workspace, user, body and raw message', async () => {
    const body = '{ "fingerprint": "a",\n "id": 9007199254740993, "model": "0-99-1" }';
    await call(endpoint, { body });
    expect(seen).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({
        workspaceId: WORKSPACE,
        reporter: { kind: 'pilot', name: 'pilot' },
        body: { fingerprint: 'a' },
        raw: body,
      }),
    );
  });
});

describe('a body', () => {
  const refusals: [string, unknown, string][] = [
    ['missing', undefined, 'body: expected Object'],
    ['empty', '', 'body: expected Object'],
    ['nothing but space', ' \n', 'body: expected Object'],
    ['not JSON', '{"fingerprint":', 'The body is not JSON'],
    ['a form', 'fingerprint=a', 'The body is not JSON'],
    ['null', 'null', 'body: expected Object'],
    ['a text', '"a"', 'body: expected Object'],
    ['a list', [], 'fingerprint: expected a value'],
    ['without the field', {}, 'fingerprint: expected a value'],
    ['of the wrong type', { fingerprint: 7 }, 'fingerprint: expected string'],
    [
      'without the field but for a prototype',
      '{"__proto__":{"fingerprint":"a"}}',
      'fingerprint: expected a value',
    ],
  ];

  it.each(refusals)('is refused when it is %s', async (_what, body, message) => {
    const { status, envelope } = await call(endpoint, { body });
    expect(status).toBe(400);
    expect(envelope).toEqual({ code: 200001, message: expect.stringContaining(message), data: {} });
    expect(seen).not.toHaveBeenCalled();
  });

  it.each([
    ['in the body', '{"fingerprint":"a","__proto__":{"admin":true}}'],
    ['deep inside', '{"fingerprint":"a","ext":[{"__proto__":{"admin":true}}]}'],
    ['as the constructor', '{"fingerprint":"a","constructor":{"prototype":{"admin":true}}}'],
    ['spelled with escapes', String.raw`{"fingerprint":"a","\u005f_pr\u006Fto__" : {"admin":true}}`],
  ])('may name a prototype %s, which changes none and stays in the raw message', async (_where, body) => {
    expect((await call(endpoint, { body })).status).toBe(200);
    const request = seen.mock.lastCall?.[0];
    expect(request).toMatchObject({ body: { fingerprint: 'a' }, raw: body });
    expect(request?.body).not.toHaveProperty('admin');
    expect({}).not.toHaveProperty('admin');
  });

  it.each([1_000, 10_000, 100_000])('nested %i levels deep is no server error', async (depth) => {
    const nested = '['.repeat(depth) + ']'.repeat(depth);
    const { status } = await call(endpoint, { body: `{"fingerprint":"a","unknown":${nested}}` });
    expect([200, 400]).toContain(status);
  });

  it('may be base64, as API Gateway encodes binary bodies', async () => {
    const body = { fingerprint: '上云API' };
    const { status } = await call(endpoint, { body, base64: true });
    expect(status).toBe(200);
    expect(seen.mock.lastCall?.[0]).toMatchObject({ body, raw: JSON.stringify(body) });
  });

  it('may be empty in base64', async () => {
    expect((await call(endpoint, { body: '  ', base64: true })).envelope.message).toContain(
      'expected Object',
    );
  });

  it('needs no content type', async () => {
    expect((await call(endpoint, { body: GOOD, headers: { 'content-type': 'text/plain' } })).status).toBe(
      200,
    );
  });

  const filledTo = (bytes: number) => `{"fingerprint":"a","x":"${'x'.repeat(bytes - 26)}"}`;

  it.each([false, true])('is limited to a megabyte (base64: %s)', async (base64) => {
    expect(Buffer.byteLength(filledTo(BODY_LIMIT_IN_BYTES))).toBe(1_000_000);
    expect((await call(endpoint, { body: filledTo(BODY_LIMIT_IN_BYTES), base64 })).status).toBe(200);
    const { status, envelope } = await call(endpoint, { body: filledTo(BODY_LIMIT_IN_BYTES + 1), base64 });
    expect(status).toBe(413);
    expect(envelope).toMatchObject({ code: 200001, message: expect.stringContaining('1000000'), data: {} });
    expect(seen).toHaveBeenCalledTimes(1);
  });

  it('is measured in bytes', async () => {
    const body = `{"fingerprint":"${'上'.repeat(400_000)}"}`;
    expect((await call(endpoint, { body })).status).toBe(413);
  });

  it('may have another limit of the endpoint', async () => {
    const report = httpEndpoint({ ...CONTRACT, bodyLimitInBytes: REPORT_LIMIT_IN_BYTES }, seen);
    expect((await call(report, { body: filledTo(REPORT_LIMIT_IN_BYTES) })).status).toBe(200);
    expect((await call(report, { body: filledTo(REPORT_LIMIT_IN_BYTES + 1) })).status).toBe(413);
  });
});

describe('a workspace', () => {
  it('of another token is 403 and never 401, with any body', async () => {
    for (const body of [GOOD, undefined, 'not json', 'x'.repeat(2_000_000)]) {
      const { status, envelope } = await call(endpoint, { workspaceId: FOREIGN_WORKSPACE, body });
      expect(status).toBe(403);
      expect(envelope).toEqual({ code: 403, message: 'The token does not allow this workspace', data: {} });
    }
    expect(seen).not.toHaveBeenCalled();
  });

  it.each(['demo', WORKSPACE.toUpperCase(), `${WORKSPACE} `, '*', '..', ''])(
    '%j is 400',
    async (workspaceId) => {
      const { status, envelope } = await call(endpoint, { workspaceId, body: GOOD });
      expect(status).toBe(400);
      expect(envelope.message).toBe('Workspace id: expected a lower-case UUID');
    },
  );

  it.each([
    ['no authorizer', null],
    ['no groups', { username: 'pilot' }],
    ['groups that are no workspaces', { username: 'pilot', 'cognito:groups': '[admins *]' }],
    ['the workspace in another claim', { username: 'pilot', groups: `[${WORKSPACE}]` }],
  ])('is closed to a token with %s', async (_what, claims) => {
    expect((await call(endpoint, { claims, body: GOOD })).status).toBe(403);
  });

  it.each([
    ['username', { username: 'anna', sub: 's' }, 'anna'],
    ['the name that an id token has', { 'cognito:username': 'anna', sub: 's' }, 'anna'],
    ['the subject', { sub: 's' }, 's'],
  ])('knows its user by %s', async (_what, names, expected) => {
    await call(endpoint, { claims: { ...names, 'cognito:groups': [WORKSPACE] }, body: GOOD });
    expect(seen.mock.lastCall?.[0].reporter).toEqual({ kind: 'pilot', name: expected });
  });
});

describe('a request id', () => {
  it.each(['7f3a', 'A-very_long.id:with/signs=', '~'.repeat(128)])('%s is echoed', async (id) => {
    const { headers } = await call(endpoint, { body: GOOD, headers: { 'x-request-id': id } });
    expect(headers['x-request-id']).toBe(id);
    expect(log.lines().at(-1)).toMatchObject({ request_id: id });
  });

  it.each([
    ['is empty', ''],
    ['has a line break', 'a\r\nset-cookie: b'],
    ['has a space', 'a b'],
    ['is not ASCII', 'ünïcode'],
    ['is long', 'x'.repeat(129)],
  ])("that %s is replaced by API Gateway's", async (_what, id) => {
    const { headers } = await call(endpoint, { body: GOOD, headers: { 'x-request-id': id } });
    expect(headers['x-request-id']).toBe(GATEWAY_REQUEST_ID);
  });

  it('is in every response', async () => {
    for (const request of [{ body: GOOD }, { body: 'no' }, { body: GOOD, workspaceId: FOREIGN_WORKSPACE }]) {
      expect((await call(endpoint, request)).headers['x-request-id']).toBe(GATEWAY_REQUEST_ID);
    }
  });
});

describe('a server error', () => {
  const fault = () =>
    Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:8000 table media-table-prod'), {
      name: 'TimeoutError',
      $metadata: { attempts: 3 },
    });

  it('is 500 with the request id and no details', async () => {
    seen.mockRejectedValue(fault());
    const { status, headers, envelope, text } = await call(endpoint, { body: GOOD });
    expect(status).toBe(500);
    expect(envelope).toEqual({
      code: 500,
      message: `The server failed; try again (request ${GATEWAY_REQUEST_ID})`,
      data: {},
    });
    expect(headers['x-request-id']).toBe(GATEWAY_REQUEST_ID);
    expect(text).not.toMatch(/ECONNREFUSED|10\.0\.0\.7|media-table|\.ts|at /);
    expect(log.text()).toContain('ECONNREFUSED');
  });

  it.each([['a text'], [undefined], [null], [{ status: 401 }]])(
    'is 500 for a thrown %j too',
    async (thrown) => {
      seen.mockRejectedValue(thrown);
      expect((await call(endpoint, { body: GOOD })).status).toBe(500);
    },
  );

  it('is 503 with the request id after throttling', async () => {
    seen.mockRejectedValue(new ServiceUnavailableError('The catalog is throttled'));
    const { status, envelope } = await call(endpoint, { body: GOOD, headers: { 'x-request-id': 'dev-1' } });
    expect(status).toBe(503);
    expect(envelope).toMatchObject({ code: 503, message: expect.stringContaining('dev-1') });
  });

  it('is 500 before Lambda ends a function that takes too long', async () => {
    seen.mockReturnValue(new Promise(() => {}));
    const { status } = await call(endpoint, { body: GOOD }, { getRemainingTimeInMillis: () => 520 });
    expect(status).toBe(500);
  });
});

describe('an endpoint without an authorizer', () => {
  it('has the path and the headers, and no workspace', async () => {
    const open = vi.fn(async () => ({}));
    await call(httpEndpoint({ ...CONTRACT, access: 'open', input: v.unknown() }, open), {
      path: '/manage/api/v1/login',
      claims: null,
      headers: { 'x-auth-token': 't' },
    });
    expect(open).toHaveBeenCalledWith(
      expect.objectContaining({
        asked: 'POST /manage/api/v1/login',
        headers: expect.objectContaining({ 'x-auth-token': 't' }),
        body: null,
      }),
    );
  });
});

describe('the log', () => {
  const SECRETS = {
    token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl',
    password: 'correct-horse-battery',
    cookie: 'session=tasty',
  };
  const request = {
    body: { fingerprint: 'in-the-body', password: SECRETS.password },
    headers: {
      'x-auth-token': SECRETS.token,
      cookie: SECRETS.cookie,
      authorization: `Bearer ${SECRETS.token}`,
    },
    query: `token=${SECRETS.token}`,
  };

  async function callEveryWay() {
    await call(endpoint, request);
    await call(endpoint, { ...request, body: { fingerprint: [SECRETS.password] } });
    await call(endpoint, { ...request, body: `{"password":"${SECRETS.password}", oops` });
    await call(endpoint, { ...request, workspaceId: FOREIGN_WORKSPACE });
    seen.mockRejectedValue(new Error('broken'));
    await call(endpoint, request);
    seen.mockRejectedValue(new ServiceUnavailableError('slow'));
    await call(endpoint, request);
  }

  it('has no token, header, body or query', async () => {
    await callEveryWay();
    for (const secret of [...Object.values(SECRETS), 'in-the-body', 'oops']) {
      expect(log.text()).not.toContain(secret);
    }
  });

  it('has one line for each request, with its result and ids', async () => {
    await callEveryWay();
    const lines = log.lines();
    expect(lines.map(({ level, message, status }) => [level, message, status])).toEqual([
      ['INFO', 'handled', 200],
      ['WARN', 'refused', 400],
      ['WARN', 'refused', 400],
      ['WARN', 'refused', 403],
      ['ERROR', 'failed', 500],
      ['ERROR', 'failed', 503],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        request_id: GATEWAY_REQUEST_ID,
        route: 'POST /media/api/v1/workspaces/{workspace_id}/fast-upload',
        workspace_id: expect.any(String),
        service: 'media-library',
        function_request_id: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      });
    }
  });

  it('has device, firmware and user, of this request only', async () => {
    await call(endpoint, { body: GOOD, headers: { 'x-device-id': 'RC-1', 'x-firmware-version': '01.02' } });
    expect(log.lines().at(-1)).toMatchObject({ device_id: 'RC-1', firmware_version: '01.02', user: 'pilot' });
    await call(endpoint, { body: GOOD, claims: null });
    const last = log.lines().at(-1);
    expect(last).toMatchObject({ status: 403 });
    expect(last).not.toHaveProperty('device_id');
    expect(last).not.toHaveProperty('user');
  });

  it('has 128 characters of a device header at most', async () => {
    await call(endpoint, { body: GOOD, headers: { 'x-device-id': 'd'.repeat(5000) } });
    expect(log.lines().at(-1)).toMatchObject({ device_id: 'd'.repeat(128) });
  });

  it('escapes line breaks', async () => {
    await call(endpoint, { body: GOOD, headers: { 'x-device-id': 'a\n{"level":"ERROR"}' } });
    expect(log.lines()).toHaveLength(1);
  });
});
