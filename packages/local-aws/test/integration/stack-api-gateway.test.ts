import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { InvocationResult } from '../../lambda/definitions.ts';
import {
  answerOf,
  authorizer,
  closeGateways,
  echo,
  entries,
  gateway,
  type Handler,
  returning,
  route,
  running,
  tokenOf,
} from './stack-gateway-fixture.ts';

afterEach(closeGateways);

describe('a request through the gateway', () => {
  it('reaches its function with its path, query, headers and body', async () => {
    const api = await gateway(echo);
    const response = await fetch(`${api}/a/x%20%C3%BC?q=1&q=2`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'X-Request-ID': 'r1' },
      body: '{"a":1}',
    });
    expect(response.headers.get('apigw-requestid')).toMatch(/=$/);
    expect(await response.json()).toMatchObject({
      routeKey: 'ANY /a/{id}',
      rawPath: '/a/x ü',
      pathParameters: { id: 'x ü' },
      queryStringParameters: { q: '1,2' },
      headers: { 'x-request-id': 'r1', 'x-forwarded-for': '127.0.0.1', host: api.slice('http://'.length) },
      body: '{"a":1}',
      isBase64Encoded: false,
    });
  });

  it('gets the response with its headers, cookies and bytes', async () => {
    const body = Buffer.from([0, 255, 1]).toString('base64');
    const api = await gateway(() =>
      returning({
        statusCode: 201,
        headers: { 'X-One': 1 },
        cookies: ['a=1', 'b=2'],
        body,
        isBase64Encoded: true,
      }),
    );
    const response = await fetch(`${api}/a/1`);
    expect(response.status).toBe(201);
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 255, 1]);
  });

  it('is refused at the own address of an API that serves its custom domain only', async () => {
    const api = await gateway(echo, { domainNames: ['api.example.com'], closed: true });
    const statusFor = async (host: string) => {
      const outgoing = request(`${api}/a/1`, { headers: { host } }).end();
      const [response] = await once(outgoing, 'response');
      response.resume();
      return response.statusCode as number;
    };
    expect(await statusFor(new URL(api).host)).toBe(404);
    expect(await statusFor('api.example.com:8080')).toBe(200);
  });

  it('has no body for HEAD', async () => {
    const response = await fetch(`${await gateway(echo)}/a/1`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0);
  });

  it.each([
    ['an unknown route', '/nowhere', 404, 'Not Found'],
    ['broken percent-encoding', '/a/%zz', 400, 'Bad Request'],
  ])('is refused for %s', async (_description, path, status, message) => {
    expect(await answerOf(await fetch((await gateway(echo)) + path))).toEqual([status, { message }]);
  });

  it('uses $default when there is one', async () => {
    const api = await gateway(echo, { routes: [route('$default')] });
    expect(await answerOf(await fetch(`${api}/nowhere`))).toMatchObject([
      200,
      { routeKey: '$default', rawPath: '/nowhere' },
    ]);
  });

  it('has the name of its stage in the path', async () => {
    const api = await gateway(echo, { name: 'v1' });
    expect(await answerOf(await fetch(`${api}/v1/a/1`))).toMatchObject([
      200,
      { rawPath: '/v1/a/1', requestContext: { stage: 'v1' } },
    ]);
    expect(await answerOf(await fetch(`${api}/a/1`))).toEqual([404, { message: 'Not Found' }]);
  });
});

describe('bodies', () => {
  const limit = 10 * 1024 * 1024;

  it('of 10 MB are passed on, if the function accepts them', async () => {
    const api = await gateway((event) =>
      returning({ statusCode: 200, body: `${String(event['body']).length}` }),
    );
    const response = await fetch(`${api}/a/1`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(limit),
    });
    expect(await answerOf(response)).toEqual([200, String(limit)]);
  });

  it('of more are refused, with and without a content length', async () => {
    const api = await gateway(echo);
    const refused = [413, { message: 'Request Entity Too Large' }];
    expect(
      await answerOf(await fetch(`${api}/a/1`, { method: 'POST', body: Buffer.alloc(limit + 1) })),
    ).toEqual(refused);
    const stream = new Blob([new Uint8Array(limit + 1)]).stream();
    expect(
      await answerOf(
        await fetch(`${api}/a/1`, { method: 'POST', body: stream, duplex: 'half' } as RequestInit),
      ),
    ).toEqual(refused);
  });

  it('of more get no 100 Continue', async () => {
    const { hostname, port } = new URL(await gateway(echo));
    const outgoing = request({
      hostname,
      port,
      path: '/a/1',
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': limit + 1 },
    });
    let asked = false;
    outgoing.on('continue', () => {
      asked = true;
    });
    outgoing.flushHeaders();
    const [response] = (await once(outgoing, 'response')) as [{ statusCode: number }];
    expect([response.statusCode, asked]).toEqual([413, false]);
    outgoing.destroy();
  });

  it('that are incomplete reach no function', async () => {
    let invoked = 0;
    const api = await gateway(() => {
      invoked += 1;
      return returning({});
    });
    const { hostname, port } = new URL(api);
    const socket = connect(Number(port), hostname);
    socket.end('POST /a/1 HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    socket.resume();
    await once(socket, 'close');
    expect(invoked).toBe(0);
    expect((await fetch(`${api}/a/1`)).status).toBe(200);
  });
});

describe('integrations that fail', () => {
  it.each<[description: string, handler: Handler, status: number, message: string]>([
    [
      'by an error',
      () => ({ ok: false, error: { errorType: 'Error', errorMessage: 'secret detail', trace: [] } }),
      500,
      'Internal Server Error',
    ],
    [
      'by throttling',
      () => ({ ok: false, error: { errorType: 'TooManyRequestsException', errorMessage: '', trace: [] } }),
      503,
      'Service Unavailable',
    ],
    ['by an answer that is none', () => returning({ statusCode: 'x' }), 500, 'Internal Server Error'],
    [
      'by throwing in the stack itself',
      () => Promise.reject(new Error('secret detail')),
      500,
      'Internal Server Error',
    ],
    ['by taking too long', () => new Promise(() => {}), 503, 'Service Unavailable'],
    [
      'by too large an event',
      () => ({ ok: false, error: { errorType: 'RequestTooLargeException', errorMessage: '', trace: [] } }),
      413,
      'Request Entity Too Large',
    ],
  ])('%s are errors without details', async (_description, handler, status, message) => {
    const api = await gateway(handler, { routes: [route('GET /a', { timeoutInMilliseconds: 100 })] });
    const response = await fetch(`${api}/a`);
    expect(await response.text()).toBe(JSON.stringify({ message }));
    expect(response.status).toBe(status);
  });

  it('without permission are 500, with the reason in the log', async () => {
    const asked: string[] = [];
    const api = await gateway(
      echo,
      {},
      {
        functions: {
          invoke: () => Promise.reject(new Error('must not be called')),
          mayInvoke: (_arn, { sourceArn }) => {
            asked.push(sourceArn);
            return false;
          },
        },
      },
    );
    expect(await answerOf(await fetch(`${api}/a/1`))).toEqual([500, { message: 'Internal Server Error' }]);
    expect(asked).toEqual(['arn:aws:execute-api:eu-central-1:123456789012:api1/$default/*/a/{id}']);
    expect(entries).toMatchObject([
      { source: 'api', level: 'error', line: expect.stringContaining('no permission') },
    ]);
  });
});

describe('limits and logs', () => {
  it('respond 429 when a route is called too often', async () => {
    const routeThrottles = new Map([['ANY /a/{id}', { ratePerSecond: 1, burst: 2 }]]);
    const api = await gateway(echo, { routeThrottles }, { clock: () => new Date(0) });
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await fetch(`${api}/a/1`)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await answerOf(await fetch(`${api}/a/1`))).toEqual([429, { message: 'Too Many Requests' }]);
  });

  it('have a line for every request, without tokens', async () => {
    const accessLogFormat =
      '{"route":"$context.routeKey","status":"$context.status","error":"$context.authorizer.error","path":"$context.path"}';
    const api = await gateway(echo, { accessLogFormat });
    const token = await tokenOf({ client_id: 'other' });
    await fetch(`${api}/secret?token=${token}`, { headers: { 'x-auth-token': token } });
    await fetch(`${api}/nowhere`);
    await expect.poll(() => entries.length).toBe(2);
    expect(entries.map(({ source, line }) => [source, JSON.parse(line)])).toEqual([
      ['access', { route: 'GET /secret', status: '401', error: 'audience', path: '/secret' }],
      ['access', { route: '-', status: '404', error: '-', path: '/nowhere' }],
    ]);
    expect(JSON.stringify(entries)).not.toContain(token);
  });
});

describe('CORS', () => {
  const cors = {
    allowOrigins: ['https://c.example'],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['content-type', 'x-auth-token'],
    exposeHeaders: ['x-request-id'],
    maxAgeInSeconds: 600,
    allowCredentials: false,
  };
  const secret = route('GET /secret', { authorizer });
  const corsOf = async (api: string, method: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${api}/secret`, {
      method,
      headers: { origin: 'https://c.example', ...headers },
    });
    const own = [...response.headers].filter(([name]) => /^access-control|^vary/.test(name));
    return [response.status, Object.fromEntries(own)];
  };
  const preflight = { 'access-control-request-method': 'GET' };
  const PREFLIGHT_HEADERS = {
    'access-control-allow-origin': 'https://c.example',
    'access-control-allow-methods': 'GET,POST',
    'access-control-allow-headers': 'content-type,x-auth-token',
    'access-control-max-age': '600',
    vary: 'Origin',
  };
  const RESPONSE_HEADERS = {
    'access-control-allow-origin': 'https://c.example',
    'access-control-expose-headers': 'x-request-id',
    vary: 'Origin',
  };

  it('responds by itself to a preflight request that no route matches', async () => {
    const api = await gateway(echo, { cors, routes: [secret] });
    expect(await corsOf(api, 'OPTIONS', preflight)).toEqual([204, PREFLIGHT_HEADERS]);
    expect(await corsOf(api, 'OPTIONS', { ...preflight, origin: 'https://d.example' })).toEqual([204, {}]);
    expect((await corsOf(api, 'OPTIONS'))[0]).toBe(404);
  });

  it.each([
    ['$default', 404],
    ['OPTIONS /{proxy+}', 200],
    ['ANY /secret', 404],
  ])('leaves a preflight request to the route %s, and adds the headers', async (key, status) => {
    const routes = [secret, route(key), route('$default')];
    const forged = { 'access-control-allow-origin': '*', 'access-control-allow-methods': 'DELETE' };
    const api = await gateway(
      ({ routeKey }) =>
        returning({ statusCode: routeKey === 'OPTIONS /{proxy+}' ? 200 : 404, headers: forged }),
      { cors, routes },
    );
    expect(await corsOf(api, 'OPTIONS', preflight)).toEqual([status, PREFLIGHT_HEADERS]);
  });

  it('asks for the token of a route that has an authorizer, in a preflight request as well', async () => {
    const api = await gateway(echo, { cors, routes: [route('$default', { authorizer })] });
    expect((await corsOf(api, 'OPTIONS', preflight))[0]).toBe(401);
  });

  it('adds headers to every response, its own refusals as well', async () => {
    const api = await gateway(echo, { cors, routes: [secret] });
    expect(await corsOf(api, 'GET')).toEqual([401, RESPONSE_HEADERS]);
    expect(await corsOf(api, 'GET', { 'x-auth-token': await tokenOf() })).toEqual([200, RESPONSE_HEADERS]);
    expect(await corsOf(api, 'GET', { origin: 'https://d.example' })).toEqual([401, {}]);
  });

  it('is absent without a configuration', async () => {
    const api = await gateway(echo, { routes: [secret] });
    expect(await corsOf(api, 'OPTIONS', preflight)).toEqual([404, {}]);
  });
});

describe('closing', () => {
  it('finishes running requests, and accepts no new ones', async () => {
    let finish: (result: InvocationResult) => void = () => {};
    const started = Promise.withResolvers<void>();
    const api = await gateway(() => {
      started.resolve();
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    const response = fetch(`${api}/a/1`);
    await started.promise;
    const closed = running.pop()?.close();
    await expect(fetch(`${api}/a/1`)).rejects.toThrow();
    finish(returning({ done: true }));
    expect(await answerOf(await response)).toEqual([200, { done: true }]);
    await closed;
  });
});
