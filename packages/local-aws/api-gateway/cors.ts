import type { Answer } from './answer.ts';
import type { CorsDefinition } from './definitions.ts';

/** Headers of the integration that the gateway replaces when CORS is configured. */
const CORS_HEADER = /^access-control-/;

/** The parts of a request that CORS depends on. */
export interface CorsRequest {
  readonly method: string;
  readonly origin: string | undefined;
  readonly requestedMethod: string | undefined;
}

/** Whether a browser asks if it may send a request. */
export function isPreflight({ method, origin, requestedMethod }: CorsRequest): boolean {
  return method === 'OPTIONS' && origin !== undefined && requestedMethod !== undefined;
}

/** The gateway's own response to a preflight request that no route matches. */
export const PREFLIGHT_ANSWER: Answer = { statusCode: 204, headers: {}, body: Buffer.alloc(0) };

/** A response with the API's CORS headers in place of the integration's. */
export function withCors(answer: Answer, cors: CorsDefinition | undefined, request: CorsRequest): Answer {
  if (!cors) return answer;
  const own = Object.entries(answer.headers).filter(([name]) => !CORS_HEADER.test(name));
  return { ...answer, headers: { ...Object.fromEntries(own), ...corsHeaders(cors, request) } };
}

/** None for an origin that is not allowed. */
function corsHeaders(cors: CorsDefinition, request: CorsRequest): Record<string, string> {
  const { origin } = request;
  const anyOrigin = cors.allowOrigins.includes('*');
  if (origin === undefined || !(anyOrigin || cors.allowOrigins.includes(origin))) return {};
  return {
    'access-control-allow-origin': anyOrigin ? '*' : origin,
    ...(anyOrigin ? {} : { vary: 'Origin' }),
    ...(cors.allowCredentials ? { 'access-control-allow-credentials': 'true' } : {}),
    ...(isPreflight(request)
      ? preflightHeaders(cors)
      : list('access-control-expose-headers', cors.exposeHeaders)),
  };
}

function preflightHeaders(cors: CorsDefinition): Record<string, string> {
  return {
    ...list('access-control-allow-methods', cors.allowMethods),
    ...list('access-control-allow-headers', cors.allowHeaders),
    ...(cors.maxAgeInSeconds === undefined ? {} : { 'access-control-max-age': String(cors.maxAgeInSeconds) }),
  };
}

const list = (header: string, values: readonly string[]): Record<string, string> =>
  values.length > 0 ? { [header]: values.join(',') } : {};
