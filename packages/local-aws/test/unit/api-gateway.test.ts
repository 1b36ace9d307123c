import { describe, expect, it } from 'vitest';
import { type AccessLogContext, accessLogLine } from '../../api-gateway/access-log.ts';
import { functionAnswer } from '../../api-gateway/answer.ts';
import { withCors } from '../../api-gateway/cors.ts';
import type { CorsDefinition, RouteDefinition } from '../../api-gateway/definitions.ts';
import { payloadEvent, type ReceivedRequest } from '../../api-gateway/event.ts';
import { claimTexts } from '../../api-gateway/jwt-authorizer.ts';
import { Router } from '../../api-gateway/router.ts';
import { Throttles } from '../../api-gateway/throttle.ts';

const routeOf = (key: string): RouteDefinition => ({
  key,
  functionArn: key,
  timeoutInMilliseconds: 1000,
  scopes: [],
});

describe('the router', () => {
  const router = new Router(
    [
      '$default',
      'ANY /files/{proxy+}',
      'GET /files/{id}',
      'GET /files/newest',
      'ANY /files/{id}',
      'POST /workspaces/{workspace_id}/sts',
      'GET /',
    ].map(routeOf),
  );
  const match = (method: string, path: string) => {
    const found = router.match(method, path);
    return found && [found.route.key, found.pathParameters];
  };

  it.each([
    ['GET', '/files/newest', 'GET /files/newest', {}],
    ['GET', '/files/7', 'GET /files/{id}', { id: '7' }],
    ['PUT', '/files/newest', 'ANY /files/{id}', { id: 'newest' }],
    ['GET', '/files/a/b', 'ANY /files/{proxy+}', { proxy: 'a/b' }],
    ['GET', '/', 'GET /', {}],
    [
      'POST',
      '/workspaces/w%20%C3%BC%2Fx/sts',
      'POST /workspaces/{workspace_id}/sts',
      { workspace_id: 'w ü/x' },
    ],
  ])('routes %s %s to %s', (method, path, key, parameters) => {
    expect(match(method, path)).toEqual([key, parameters]);
  });

  it.each([
    ['another method', 'GET', '/workspaces/w/sts'],
    ['an empty variable', 'POST', '/workspaces//sts'],
    ['a slash at the end', 'POST', '/workspaces/w/sts/'],
    ['one segment too many', 'POST', '/workspaces/w/x/sts'],
    ['another case', 'POST', '/Workspaces/w/sts'],
  ])('routes %s to $default', (_description, method, path) => {
    expect(match(method, path)).toEqual(['$default', {}]);
  });

  it('finds no route without $default', () => {
    expect(new Router([routeOf('GET /a')]).match('GET', '/b')).toBeUndefined();
  });
});

describe('the event of payload format 2.0', () => {
  const received = (overrides: Partial<ReceivedRequest>): ReceivedRequest => ({
    requestId: 'id-1',
    method: 'POST',
    rawPath: '/a/b',
    rawQueryString: '',
    rawHeaders: ['Host', 'api.example.com:9700'],
    httpVersion: '1.1',
    sourceIp: '192.0.2.1',
    localPort: 9700,
    body: Buffer.alloc(0),
    receivedAt: new Date('2026-03-02T19:03:08Z'),
    ...overrides,
  });
  const api = { accountId: '123456789012', apiId: 'abc', stage: '$default' };
  const eventOf = (overrides: Partial<ReceivedRequest>, jwt?: Parameters<typeof payloadEvent>[3]) =>
    payloadEvent(
      received(overrides),
      { route: routeOf('POST /a/{id}'), pathParameters: { id: 'b' } },
      api,
      jwt,
    );

  it('has the documented form', () => {
    const event = eventOf(
      {
        rawPath: '/a/%C3%BC',
        rawQueryString: 'tag=a&tag=b%20c&empty=',
        rawHeaders: [
          'Host',
          'api.example.com:9700',
          'User-Agent',
          'Pilot/2',
          'X-Many',
          'one',
          'x-many',
          'two',
          'Cookie',
          'a=1; b=2',
          'Content-Type',
          'application/json',
          'Connection',
          'keep-alive',
        ],
        body: Buffer.from('{"a":1}'),
      },
      { claims: { sub: 'u' }, scopes: null },
    );
    expect(event).toEqual({
      version: '2.0',
      routeKey: 'POST /a/{id}',
      rawPath: '/a/ü',
      rawQueryString: 'tag=a&tag=b%20c&empty=',
      cookies: ['a=1', 'b=2'],
      headers: {
        'content-length': '7',
        'content-type': 'application/json',
        host: 'api.example.com:9700',
        'user-agent': 'Pilot/2',
        'x-forwarded-for': '192.0.2.1',
        'x-forwarded-port': '9700',
        'x-forwarded-proto': 'http',
        'x-many': 'one,two',
      },
      queryStringParameters: { tag: 'a,b c', empty: '' },
      requestContext: {
        accountId: '123456789012',
        apiId: 'abc',
        authorizer: { jwt: { claims: { sub: 'u' }, scopes: null } },
        domainName: 'api.example.com',
        domainPrefix: 'api',
        http: {
          method: 'POST',
          path: '/a/ü',
          protocol: 'HTTP/1.1',
          sourceIp: '192.0.2.1',
          userAgent: 'Pilot/2',
        },
        requestId: 'id-1',
        routeKey: 'POST /a/{id}',
        stage: '$default',
        time: '02/Mar/2026:19:03:08 +0000',
        timeEpoch: 1772478188000,
      },
      body: '{"a":1}',
      isBase64Encoded: false,
      pathParameters: { id: 'b' },
    });
  });

  it('leaves out absent parts', () => {
    const event = eventOf({});
    for (const absent of ['cookies', 'queryStringParameters', 'body', 'stageVariables'])
      expect(event).not.toHaveProperty(absent);
    expect(event).toMatchObject({ isBase64Encoded: false });
    expect(event['requestContext']).not.toHaveProperty('authorizer');
  });

  it.each([
    ['application/json; charset=utf-8', Buffer.from('"ü"'), '"ü"', false],
    ['TEXT/plain', Buffer.from('a'), 'a', false],
    ['application/json', Buffer.from([0xff]), '/w==', true],
    ['application/octet-stream', Buffer.from('a'), 'YQ==', true],
    ['application/x-www-form-urlencoded', Buffer.from('a'), 'YQ==', true],
    [undefined, Buffer.from('a'), 'YQ==', true],
  ])("has a body of %s in AWS's form", (contentType, body, expected, isBase64Encoded) => {
    const rawHeaders = contentType === undefined ? [] : ['Content-Type', contentType];
    expect(eventOf({ rawHeaders, body })).toMatchObject({ body: expected, isBase64Encoded });
  });
});

describe('claims', () => {
  it('are text, and lists are [a b]', () => {
    expect(
      claimTexts({
        sub: 'u',
        exp: 1772478188,
        'cognito:groups': ['a', 'b'],
        admin: true,
        none: null,
        nested: { z: 1, a: ['x'] },
      }),
    ).toEqual({
      sub: 'u',
      exp: '1772478188',
      'cognito:groups': '[a b]',
      admin: 'true',
      none: 'null',
      nested: 'map[a:[x] z:1]',
    });
  });
});

describe('the result of a function', () => {
  const answer = (returned: unknown) => {
    const read = functionAnswer(JSON.stringify(returned));
    return read && { ...read, body: read.body.toString('latin1') };
  };

  it('can have status, headers, cookies and bytes', () => {
    expect(
      answer({
        statusCode: 201,
        headers: { 'Content-Type': 'image/png', 'X-Count': 3 },
        cookies: ['a=1', 'b=2'],
        body: Buffer.from([0x89, 0x50]).toString('base64'),
        isBase64Encoded: true,
      }),
    ).toEqual({
      statusCode: 201,
      headers: { 'content-type': 'image/png', 'x-count': '3', 'set-cookie': ['a=1', 'b=2'] },
      body: '\x89P',
    });
  });

  it('is the body of a 200 without a status', () => {
    expect(answer({ a: 1 })).toEqual({
      statusCode: 200,
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(answer('text')?.body).toBe('text');
  });

  it.each([
    [{ statusCode: 'fine' }],
    [{ statusCode: 99 }],
    [{ statusCode: 200, body: { a: 1 } }],
    [{ statusCode: 200, headers: { a: ['b'] } }],
    [{ statusCode: 200, cookies: 'a=1' }],
  ])('is invalid when it is %j', (returned) => {
    expect(answer(returned)).toBeUndefined();
  });
});

describe('throttling', () => {
  const at = (seconds: number) => new Date(seconds * 1000);

  it('allows a burst, then the rate, for each route', () => {
    const throttles = new Throttles({
      name: '$default',
      throttle: { ratePerSecond: 2, burst: 2 },
      routeThrottles: new Map([['GET /slow', { ratePerSecond: 1, burst: 1 }]]),
    });
    const taken = (key: string, seconds: number[]) =>
      seconds.map((second) => throttles.take(key, at(second)));
    expect(taken('GET /a', [0, 0, 0, 0.5, 0.5, 10, 10, 10])).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(taken('GET /slow', [0, 0.9, 1])).toEqual([true, false, true]);
    expect(taken('GET /b', [0])).toEqual([true]);
  });

  it('allows everything without a limit', () => {
    const throttles = new Throttles({ name: '$default', routeThrottles: new Map() });
    expect(Array.from({ length: 1000 }, () => throttles.take('GET /', at(0))).every(Boolean)).toBe(true);
  });
});

describe('CORS', () => {
  const cors: CorsDefinition = {
    allowOrigins: ['https://console.example.com'],
    allowMethods: ['GET', 'POST'],
    allowHeaders: ['x-auth-token'],
    exposeHeaders: ['x-request-id'],
    maxAgeInSeconds: 60,
    allowCredentials: false,
  };
  const answer = {
    statusCode: 200,
    headers: { 'access-control-allow-origin': '*', 'x-a': '1' },
    body: Buffer.alloc(0),
  };
  const headersFor = (origin: string | undefined, change: Partial<CorsDefinition> = {}) =>
    withCors(answer, { ...cors, ...change }, { method: 'GET', origin, requestedMethod: undefined }).headers;

  it('replaces the CORS headers of functions', () => {
    expect(headersFor(undefined)).toEqual({ 'x-a': '1' });
    expect(headersFor('https://console.example.com')).toEqual({
      'x-a': '1',
      'access-control-allow-origin': 'https://console.example.com',
      'access-control-expose-headers': 'x-request-id',
      vary: 'Origin',
    });
    const request = { method: 'GET', origin: 'https://console.example.com', requestedMethod: undefined };
    expect(withCors(answer, undefined, request)).toBe(answer);
  });

  it('may allow every origin, or credentials', () => {
    expect(headersFor('https://any.example.com', { allowOrigins: ['*'] })).toMatchObject({
      'access-control-allow-origin': '*',
    });
    expect(headersFor('https://console.example.com', { allowCredentials: true })).toMatchObject({
      'access-control-allow-credentials': 'true',
    });
  });
});

describe('the access log', () => {
  const context: AccessLogContext = {
    accountId: '1',
    apiId: 'a',
    stage: '$default',
    requestId: 'r',
    extendedRequestId: 'x',
    receivedAt: new Date(0),
    method: 'GET',
    path: '/p',
    protocol: 'HTTP/1.1',
    sourceIp: '::1',
    userAgent: 'a"b\nc',
    domainName: 'localhost',
    status: 200,
    responseLength: 5,
    responseLatencyInMilliseconds: 1,
  };

  it('replaces variables, and writes a dash for missing values', () => {
    expect(
      accessLogLine(
        '$context.httpMethod $context.path $context.status $context.routeKey $context.unheard.of',
        context,
      ),
    ).toBe('GET /p 200 - -');
  });

  it('is JSON in one line for any input', () => {
    expect(JSON.parse(accessLogLine('{"agent":"$context.identity.userAgent"}', context))).toEqual({
      agent: 'a"b\nc',
    });
    expect(accessLogLine('[$context.identity.userAgent]', context)).toBe('[a"b c]');
  });
});
