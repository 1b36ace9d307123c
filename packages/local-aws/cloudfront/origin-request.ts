import type { BehaviorDefinition, CachePolicyDefinition, Selection } from './definitions.ts';
import { type Headers, headerText } from './headers.ts';

/** A request of a viewer. A function may have changed it. */
export interface ViewerRequest {
  readonly id: string;
  readonly method: string;
  /** Percent-encoded. */
  readonly uri: string;
  /** As it was sent, without the question mark. */
  readonly query: string;
  readonly headers: Headers;
  readonly ip: string;
  readonly port: number;
  readonly httpVersion: string;
}

/** A request to an origin, without its body. */
export interface OriginRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Headers;
}

/** Headers that CloudFront makes for origins that ask for them. */
export const CLOUDFRONT_HEADERS: readonly string[] = [
  'cloudfront-forwarded-proto',
  'cloudfront-viewer-address',
  'cloudfront-viewer-http-version',
];

/** Headers about the body of the request. Origins get them whatever the policies say. */
const ABOUT_BODY = ['content-length', 'transfer-encoding'];

/** Headers about this one response. The policies do not matter for them either. */
const ABOUT_RESPONSE = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
];

/** Origins get these never, or get CloudFront's own. */
const NEVER_FORWARDED =
  /^(accept-encoding|connection|cookie|expect|host|keep-alive|proxy-.*|te|trailer|upgrade|via|x-amz-cf-.*|x-edge-.*|x-forwarded-for|x-forwarded-proto|x-real-ip)$/;

/** Compressed formats that the viewer accepts and the policy allows, best first. */
export function acceptedEncodings(policy: CachePolicyDefinition, headers: Headers): ('br' | 'gzip')[] {
  const accepted = (headerText(headers, 'accept-encoding') ?? '')
    .split(',')
    .map((encoding) => encoding.trim().toLowerCase())
    .filter((encoding) => !/;\s*q=0(\.0*)?$/.test(encoding))
    .map((encoding) => encoding.replace(/\s*;.*$/, ''));
  return [
    ...(policy.brotli && accepted.includes('br') ? (['br'] as const) : []),
    ...(policy.gzip && accepted.includes('gzip') ? (['gzip'] as const) : []),
  ];
}

/** Whether a policy asks for something by this name. */
export function selects({ mode, names }: Selection, name: string): boolean {
  return mode === 'all' || (mode === 'only' && names.has(name)) || (mode === 'except' && !names.has(name));
}

/** The request that the origin gets for one of a viewer. `conditional`: with its conditions and range. */
export function originRequest(
  behavior: BehaviorDefinition,
  request: ViewerRequest,
  { distributionId, conditional }: { distributionId: string; conditional: boolean },
): OriginRequest {
  const { cachePolicy, originRequestPolicy, origin } = behavior;
  const policies = originRequestPolicy ? [cachePolicy, originRequestPolicy] : [cachePolicy];
  const forwards = (name: string) => policies.some(({ headers }) => selects(headers, name));
  const headers: Headers = new Map();
  for (const [name, values] of request.headers) {
    if (NEVER_FORWARDED.test(name)) continue;
    const isForwarded = ABOUT_RESPONSE.includes(name) ? conditional : forwards(name);
    if (isForwarded || ABOUT_BODY.includes(name)) headers.set(name, values);
  }
  if (!headers.has('user-agent')) headers.set('user-agent', ['Amazon CloudFront']);
  const encoding = originEncoding(cachePolicy, request.headers, forwards('accept-encoding'));
  if (encoding !== undefined) headers.set('accept-encoding', [encoding]);
  const cookies = cookiesOf(request.headers).filter(([name]) =>
    policies.some((policy) => selects(policy.cookies, name)),
  );
  if (cookies.length > 0) headers.set('cookie', [cookies.map(([, cookie]) => cookie).join('; ')]);
  for (const [name, value] of madeHeaders(request)) {
    if (policies.some((policy) => policy.headers.mode === 'only' && policy.headers.names.has(name)))
      headers.set(name, [value]);
  }
  const before = headerText(request.headers, 'x-forwarded-for');
  headers.set('x-forwarded-for', [before === undefined ? request.ip : `${before}, ${request.ip}`]);
  headers.set('via', [`${request.httpVersion} ${distributionId.toLowerCase()}.cloudfront.net (CloudFront)`]);
  headers.set('x-amz-cf-id', [request.id]);
  for (const [name, value] of origin.customHeaders) headers.set(name, [value]);
  const query = queryOf(request.query).filter(([name]) =>
    policies.some((policy) => selects(policy.queryStrings, name)),
  );
  const path = `${origin.path}${request.uri}`;
  return {
    method: request.method,
    target: query.length === 0 ? path : `${path}?${query.map(([, pair]) => pair).join('&')}`,
    headers,
  };
}

/** Requests with the same key get the same response from the cache. */
export function cacheKey(behavior: BehaviorDefinition, request: ViewerRequest): string {
  const { cachePolicy, origin, pathPattern } = behavior;
  const made = new Map(madeHeaders(request));
  const headers = [...cachePolicy.headers.names]
    .sort()
    .map((name) => [name, made.get(name) ?? headerText(request.headers, name) ?? null]);
  return JSON.stringify([
    request.method === 'OPTIONS' ? 'OPTIONS' : 'GET',
    pathPattern,
    `${origin.path}${request.uri}`,
    queryOf(request.query)
      .filter(([name]) => selects(cachePolicy.queryStrings, name))
      .map(([, pair]) => pair),
    headers,
    cookiesOf(request.headers)
      .filter(([name]) => selects(cachePolicy.cookies, name))
      .map(([, cookie]) => cookie),
    acceptedEncodings(cachePolicy, request.headers),
  ]);
}

/** Whether the origin may set cookies: only an origin that gets some. */
export function forwardsCookies({ cachePolicy, originRequestPolicy }: BehaviorDefinition): boolean {
  return cachePolicy.cookies.mode !== 'none' || (originRequestPolicy?.cookies.mode ?? 'none') !== 'none';
}

/** Whether the origin gets this header, so that its response may vary by it. */
export function forwardsHeader(
  { cachePolicy, originRequestPolicy }: BehaviorDefinition,
  name: string,
): boolean {
  return [cachePolicy, originRequestPolicy].some((policy) => policy && selects(policy.headers, name));
}

function originEncoding(
  policy: CachePolicyDefinition,
  headers: Headers,
  forwarded: boolean,
): string | undefined {
  const asked = headerText(headers, 'accept-encoding');
  if (asked === undefined) return undefined;
  if (policy.gzip || policy.brotli) return acceptedEncodings(policy, headers).join(',') || 'identity';
  return forwarded ? asked : undefined;
}

/** Plain HTTP on loopback counts as TLS. */
function madeHeaders({ ip, port, httpVersion }: ViewerRequest): [name: string, value: string][] {
  return [
    ['cloudfront-forwarded-proto', 'https'],
    ['cloudfront-viewer-address', `${ip}:${port}`],
    ['cloudfront-viewer-http-version', httpVersion],
  ];
}

function cookiesOf(headers: Headers): [name: string, cookie: string][] {
  return (headerText(headers, 'cookie') ?? '')
    .split(';')
    .map((cookie) => cookie.trim())
    .filter((cookie) => cookie !== '')
    .map((cookie) => [cookie.split('=')[0] ?? '', cookie]);
}

function queryOf(query: string): [name: string, pair: string][] {
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const name = pair.split('=')[0] ?? '';
      try {
        return [decodeURIComponent(name.replaceAll('+', ' ')), pair];
      } catch {
        return [name, pair];
      }
    });
}
