import { isUtf8 } from 'node:buffer';
import type { RouteMatch } from './router.ts';

/** A request as the gateway received it. */
export interface ReceivedRequest {
  readonly requestId: string;
  readonly method: string;
  /** As it was sent, still percent-encoded, with the stage's name if there is one. */
  readonly rawPath: string;
  /** As it was sent, without the question mark. */
  readonly rawQueryString: string;
  /** Names and values alternate, as they were sent. */
  readonly rawHeaders: readonly string[];
  readonly httpVersion: string;
  readonly sourceIp: string;
  readonly localPort: number;
  readonly body: Buffer;
  readonly receivedAt: Date;
}

/** The parts of the event that describe the API. */
export interface ApiContext {
  readonly accountId: string;
  readonly apiId: string;
  readonly stage: string;
  readonly stageVariables?: Readonly<Record<string, string>> | undefined;
}

/** The parts of the event that a JWT authorizer adds. */
export interface JwtContext {
  readonly claims: Readonly<Record<string, string>>;
  readonly scopes: readonly string[] | null;
}

/**
 * Content types that are passed to functions as text. AWS documents no list. This one was measured by others:
 * forms, and bodies without a content type, are not in it.
 */
const TEXT_CONTENT_TYPES = /^\s*(?:text\/[^;]+|application\/(?:json|javascript|xml))\s*(?:;|$)/i;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The event that a function gets, payload format 2.0. */
export function payloadEvent(
  request: ReceivedRequest,
  match: RouteMatch,
  api: ApiContext,
  jwt: JwtContext | undefined,
): Record<string, unknown> {
  const { cookies, headers } = headersOf(request);
  const path = decodeURIComponent(request.rawPath);
  const domainName = (headers['host'] ?? '').replace(/:\d+$/, '');
  const event: Record<string, unknown> = {
    version: '2.0',
    routeKey: match.route.key,
    rawPath: path,
    rawQueryString: request.rawQueryString,
  };
  if (cookies.length > 0) event['cookies'] = cookies;
  event['headers'] = headers;
  const query = queryParameters(request.rawQueryString);
  if (Object.keys(query).length > 0) event['queryStringParameters'] = query;
  event['requestContext'] = {
    accountId: api.accountId,
    apiId: api.apiId,
    ...(jwt ? { authorizer: { jwt } } : {}),
    domainName,
    domainPrefix: domainName.split('.')[0] ?? '',
    http: {
      method: request.method,
      path,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.sourceIp,
      userAgent: headers['user-agent'] ?? '',
    },
    requestId: request.requestId,
    routeKey: match.route.key,
    stage: api.stage,
    time: requestTime(request.receivedAt),
    timeEpoch: request.receivedAt.getTime(),
  };
  if (request.body.length > 0) {
    const { text, isBase64Encoded } = bodyOf(request.body, headers['content-type']);
    event['body'] = text;
    event['isBase64Encoded'] = isBase64Encoded;
  } else {
    event['isBase64Encoded'] = false;
  }
  if (Object.keys(match.pathParameters).length > 0) event['pathParameters'] = { ...match.pathParameters };
  if (Object.keys(api.stageVariables ?? {}).length > 0) event['stageVariables'] = { ...api.stageVariables };
  return event;
}

/** Common log format, always UTC: `12/Mar/2026:19:03:58 +0000`. */
export function requestTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
  return `${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`;
}

/** Names in lower case. Values of repeated headers are joined by commas. Cookies are separate. */
function headersOf(request: ReceivedRequest): { cookies: string[]; headers: Record<string, string> } {
  const cookies: string[] = [];
  const values = new Map<string, string[]>();
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase();
    const value = request.rawHeaders[index + 1] ?? '';
    if (name === 'cookie')
      cookies.push(
        ...value
          .split(';')
          .map((cookie) => cookie.trim())
          .filter(Boolean),
      );
    else values.set(name, [...(values.get(name) ?? []), value]);
  }
  values.delete('connection');
  values.delete('transfer-encoding');
  values.set('x-forwarded-for', [...(values.get('x-forwarded-for') ?? []), request.sourceIp]);
  values.set('x-forwarded-port', [String(request.localPort)]);
  values.set('x-forwarded-proto', ['http']);
  if (request.body.length > 0) values.set('content-length', [String(request.body.length)]);
  const separator = (name: string) => (name === 'x-forwarded-for' ? ', ' : ',');
  const headers = Object.fromEntries(
    [...values]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, all]) => [name, all.join(separator(name))]),
  );
  return { cookies, headers };
}

function queryParameters(rawQueryString: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value;
  }
  return parameters;
}

function bodyOf(body: Buffer, contentType: string | undefined): { text: string; isBase64Encoded: boolean } {
  const isText = TEXT_CONTENT_TYPES.test(contentType ?? '') && isUtf8(body);
  return isText
    ? { text: body.toString('utf8'), isBase64Encoded: false }
    : { text: body.toString('base64'), isBase64Encoded: true };
}
