import { describe, expect, it } from 'vitest';
import { cachedErrorSeconds, cachedSeconds } from '../../cloudfront/cache.ts';
import type { BehaviorDefinition, CachePolicyDefinition, Selection } from '../../cloudfront/definitions.ts';
import { headersOf } from '../../cloudfront/headers.ts';
import {
  acceptedEncodings,
  cacheKey,
  originRequest,
  type ViewerRequest,
} from '../../cloudfront/origin-request.ts';
import { behaviorFor, matchesPath } from '../../cloudfront/path-pattern.ts';
import { isNotModified } from '../../cloudfront/validators.ts';

const selection = (mode: Selection['mode'], ...names: string[]): Selection => ({
  mode,
  names: new Set(names),
});
const NONE = selection('none');

const policy = (changes: Partial<CachePolicyDefinition> = {}): CachePolicyDefinition => ({
  minTtlInSeconds: 0,
  defaultTtlInSeconds: 60,
  maxTtlInSeconds: 3600,
  headers: NONE,
  cookies: NONE,
  queryStrings: NONE,
  gzip: false,
  brotli: false,
  ...changes,
});

const behavior = (changes: Partial<BehaviorDefinition> = {}): BehaviorDefinition => ({
  pathPattern: '*',
  origin: { kind: 'api', id: 'api', path: '', customHeaders: [], responseTimeoutInMilliseconds: 1000 },
  methods: ['GET', 'HEAD'],
  cachedMethods: ['GET', 'HEAD'],
  compress: false,
  cachePolicy: policy(),
  ...changes,
});

const viewerRequest = (changes: Partial<ViewerRequest> & { rawHeaders?: string[] } = {}): ViewerRequest => ({
  id: 'id',
  method: 'GET',
  uri: '/a',
  query: '',
  headers: headersOf(changes.rawHeaders ?? []),
  ip: '192.0.2.1',
  port: 40_000,
  httpVersion: '1.1',
  ...changes,
});

describe('a path pattern', () => {
  it.each([
    ['/api/*', '/api/x/y', true],
    ['/api/*', '/api/', true],
    ['/api/*', '/api', false],
    ['api/*', '/api/x', true],
    ['/api/*', '//api/x', false],
    ['/api*', '/api', true],
    ['/*.jpg', '/a/b.jpg', true],
    ['/*.jpg', '/a/b_jpg', false],
    ['/*.jpg', '/a/b.JPG', false],
    ['/a??', '/abc', true],
    ['/a??', '/ab', false],
    ['/a+b', '/a+b', true],
    ['*', '/', true],
  ])('%s and the path %s: %s', (pattern, path, matches) => {
    expect(matchesPath(pattern, path)).toBe(matches);
  });

  it.each([
    ['/x/../api/y', '/api/*'],
    ['/%61pi/y', '/api/*'],
    ['/api/../x', '*'],
    ['/api/..', '*'],
    ['/api%2Fy', '*'],
    ['/./api/y', '/api/*'],
  ])('for %s is %s: the path is normalised for the match', (path, expected) => {
    const behaviors = [behavior({ pathPattern: '/api/*' }), behavior()];
    expect(behaviorFor(behaviors, path).pathPattern).toBe(expected);
  });
});

describe('a request to an origin', () => {
  const sent = (changes: Partial<BehaviorDefinition>, request: Parameters<typeof viewerRequest>[0] = {}) =>
    originRequest(behavior(changes), viewerRequest(request), { distributionId: 'E1', conditional: true });

  it('has those parameters of the query and cookies that a policy names', () => {
    const { target, headers } = sent(
      {
        cachePolicy: policy({ queryStrings: selection('only', 'a'), cookies: selection('except', 'two') }),
        originRequestPolicy: { headers: NONE, cookies: NONE, queryStrings: selection('only', 'c d') },
      },
      { query: 'a=1&b=2&c+d=3&a=%20', rawHeaders: ['Cookie', 'one=1; two=2; three=a=b'] },
    );
    expect(target).toBe('/a?a=1&c+d=3&a=%20');
    expect(headers.get('cookie')).toEqual(['one=1; three=a=b']);
  });

  it('has headers that CloudFront makes, and not those that a viewer pretends', () => {
    const { headers } = sent(
      { cachePolicy: policy({ headers: selection('only', 'cloudfront-viewer-address') }) },
      {
        rawHeaders: ['CloudFront-Viewer-Address', '198.51.100.1:1', 'X-Amz-Cf-Id', 'mine', 'Via', '1.0 mine'],
      },
    );
    expect(headers.get('cloudfront-viewer-address')).toEqual(['192.0.2.1:40000']);
    expect(headers.get('x-amz-cf-id')).toEqual(['id']);
    expect(headers.get('via')).toEqual(['1.1 e1.cloudfront.net (CloudFront)']);
  });

  it('never has headers of the connection, nor those that tell of proxies', () => {
    const rawHeaders = [
      'Connection',
      'x',
      'TE',
      'x',
      'Proxy-Authorization',
      'x',
      'X-Real-IP',
      'x',
      'Accept',
      'y',
    ];
    const all = { headers: selection('except', 'host'), cookies: NONE, queryStrings: NONE };
    expect([...sent({ originRequestPolicy: all }, { rawHeaders }).headers.keys()].sort()).toEqual([
      'accept',
      'user-agent',
      'via',
      'x-amz-cf-id',
      'x-forwarded-for',
    ]);
  });

  it("has the origin's path in front, and its headers in place of the viewer's", () => {
    const origin = { ...behavior().origin, path: '/v1', customHeaders: [['x-key', 'secret'] as const] };
    const headers = selection('only', 'x-key');
    const request = sent({ origin, cachePolicy: policy({ headers }) }, { rawHeaders: ['X-Key', 'guess'] });
    expect([request.target, request.headers.get('x-key')]).toEqual(['/v1/a', ['secret']]);
  });

  it.each([
    [{ gzip: true, brotli: true }, 'gzip, deflate, br', 'br,gzip'],
    [{ gzip: true }, 'gzip;q=1.0, br', 'gzip'],
    [{ gzip: true, brotli: true }, 'gzip;q=0, deflate', 'identity'],
    [{ gzip: true }, undefined, undefined],
    [{}, 'gzip', undefined],
  ])('asks for the formats of the policy %j of those in "%s": %s', (changes, accepted, asked) => {
    const rawHeaders = accepted === undefined ? [] : ['Accept-Encoding', accepted];
    const { headers } = sent({ cachePolicy: policy(changes) }, { rawHeaders });
    expect(headers.get('accept-encoding')).toEqual(asked === undefined ? undefined : [asked]);
  });
});

describe('a cache key', () => {
  const key = (changes: Partial<CachePolicyDefinition>, request: Parameters<typeof viewerRequest>[0] = {}) =>
    cacheKey(behavior({ cachePolicy: policy(changes) }), viewerRequest(request));

  it('has what the policy names', () => {
    const byToken = { headers: selection('only', 'x-auth-token') };
    const token = (value: string) => ({ rawHeaders: ['X-Auth-Token', value] });
    expect(key(byToken, token('a'))).not.toBe(key(byToken, token('b')));
    expect(key({}, token('a'))).toBe(key({}, token('b')));
    const byQuery = { queryStrings: selection('all') };
    expect(key(byQuery, { query: 'a=1' })).not.toBe(key(byQuery, { query: 'a=2' }));
    expect(key({}, { query: 'a=1' })).toBe(key({}, { query: 'a=2' }));
  });

  it('is the same for GET and HEAD, and another one for OPTIONS', () => {
    expect(key({}, { method: 'HEAD' })).toBe(key({}));
    expect(key({}, { method: 'OPTIONS' })).not.toBe(key({}));
  });

  it('knows compressed formats apart', () => {
    const encodings = (value: string) =>
      acceptedEncodings(policy({ gzip: true, brotli: true }), headersOf(['Accept-Encoding', value]));
    expect([encodings('gzip'), encodings('br, gzip'), encodings('')]).toEqual([['gzip'], ['br', 'gzip'], []]);
  });
});

describe('a response is cached', () => {
  const now = new Date('2026-05-04T09:00:00Z');
  const seconds = (rawHeaders: string[], changes: Partial<CachePolicyDefinition> = {}, statusCode = 200) =>
    cachedSeconds(policy(changes), statusCode, headersOf(rawHeaders), now);

  it.each([
    ['as the policy says, without a header', [], {}, 60],
    ['for the least time, if that is longer', [], { minTtlInSeconds: 90, defaultTtlInSeconds: 90 }, 90],
    ['as it says', ['Cache-Control', 'public, max-age=30'], {}, 30],
    ['as it says for caches', ['Cache-Control', 's-maxage=20, max-age=30'], {}, 20],
    ['for the longest time at most', ['Cache-Control', 'max-age=99999'], {}, 3600],
    ['for the least time at least', ['Cache-Control', 'max-age=1'], { minTtlInSeconds: 5 }, 5],
    ['until it expires', ['Expires', 'Mon, 04 May 2026 09:02:00 GMT'], {}, 120],
    ['not when it expired', ['Expires', 'Mon, 04 May 2026 08:00:00 GMT'], {}, 0],
    ['not when it is private', ['Cache-Control', 'private, max-age=30'], {}, 0],
    ['not when it says so', ['Cache-Control', 'no-store'], {}, 0],
    ['even then, with a least time', ['Cache-Control', 'no-store'], { minTtlInSeconds: 1 }, 1],
  ])('%s', (_how, rawHeaders, changes, expected) => {
    expect(seconds(rawHeaders, changes)).toBe(expected);
  });

  it('when it is a success or a redirect, whole', () => {
    expect([200, 301, 302, 308].map((status) => seconds([], {}, status))).toEqual([60, 60, 60, 60]);
    expect([206, 304, 401].map((status) => seconds([], {}, status))).toEqual([0, 0, 0]);
  });

  it.each([
    [404, [], 10],
    [500, [], 10],
    [503, ['Cache-Control', 'no-store'], 10],
    [404, ['Cache-Control', 'max-age=60'], 60],
    [404, ['Cache-Control', 'max-age=1'], 10],
    [403, [], 0],
    [403, ['Cache-Control', 'max-age=60'], 60],
    [401, ['Cache-Control', 'max-age=60'], 0],
    [416, ['Cache-Control', 'max-age=60'], 0],
  ])('as the error %i with %j: %i s', (statusCode, rawHeaders, expected) => {
    expect(cachedErrorSeconds(statusCode, headersOf(rawHeaders), 10)).toBe(expected);
  });
});

describe('a viewer has a response already', () => {
  const stored = headersOf(['ETag', 'W/"1"', 'Last-Modified', 'Mon, 04 May 2026 09:00:00 GMT']);

  it.each([
    [['If-None-Match', '"1"'], true],
    [['If-None-Match', '"0", W/"1"'], true],
    [['If-None-Match', '*'], true],
    [['If-None-Match', '"2"'], false],
    [['If-Modified-Since', 'Mon, 04 May 2026 09:00:00 GMT'], true],
    [['If-Modified-Since', 'Mon, 04 May 2026 08:59:59 GMT'], false],
    [['If-None-Match', '"2"', 'If-Modified-Since', 'Mon, 04 May 2026 09:00:00 GMT'], false],
    [['If-Modified-Since', 'yesterday'], false],
    [[], false],
  ])('by %j: %s', (rawHeaders, expected) => {
    expect(isNotModified(headersOf(rawHeaders), stored)).toBe(expected);
  });
});
