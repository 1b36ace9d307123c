import type { Answer } from './answer.ts';
import type { CorsDefinition } from './definitions.ts';

/** Headers of the integration that the gateway replaces when CORS is configured. */
const CORS_HEADER = /^access-control-/;

/** The parts of a request that CORS depends on. */
export interface CorsRequest {
  readonly method: string;
  readonly origin?: string | undefined;
  readonly requestedMethod?: string | undefined;
}

/** The gateway's response to a preflight request: 204, and no more when the origin is not allowed. */
export function preflightAnswer(cors: CorsDefinition, request: CorsRequest): Answer | undefined {
  if (request.method !== 'OPTIONS' || request.origin === undefined || request.requestedMethod === undefined) {
    return undefined;
  }
  const headers = originHeaders(cors, request.origin);
  const allowed = Object.keys(headers).length > 0;
  return {
    statusCode: 204,
    headers: allowed ? { ...headers, ...preflightHeaders(cors) } : {},
    body: Buffer.alloc(0),
  };
}

/** A response with the API's CORS headers in place of the integration's. */
export function withCors(
  answer: Answer,
  cors: CorsDefinition | undefined,
  origin: string | undefined,
): Answer {
  if (!cors) return answer;
  const own = Object.entries(answer.headers).filter(([name]) => !CORS_HEADER.test(name));
  const exposed = cors.exposeHeaders.join(',');
  const headers = origin === undefined ? {} : originHeaders(cors, origin);
  const expose =
    exposed && Object.keys(headers).length > 0 ? { 'access-control-expose-headers': exposed } : {};
  return { ...answer, headers: { ...Object.fromEntries(own), ...headers, ...expose } };
}

function originHeaders(cors: CorsDefinition, origin: string): Record<string, string> {
  const anyOrigin = cors.allowOrigins.includes('*');
  if (!anyOrigin && !cors.allowOrigins.includes(origin)) return {};
  return {
    'access-control-allow-origin': anyOrigin ? '*' : origin,
    ...(anyOrigin ? {} : { vary: 'Origin' }),
    ...(cors.allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
  };
}

function preflightHeaders(cors: CorsDefinition): Record<string, string> {
  const headers: Record<string, string> = {};
  if (cors.allowMethods.length > 0) headers['access-control-allow-methods'] = cors.allowMethods.join(',');
  if (cors.allowHeaders.length > 0) headers['access-control-allow-headers'] = cors.allowHeaders.join(',');
  if (cors.maxAgeInSeconds !== undefined) headers['access-control-max-age'] = String(cors.maxAgeInSeconds);
  return headers;
}
