import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { AwsError } from '../http/aws-error.ts';
import { matchesPattern } from '../iam/policy-pattern.ts';
import type { CorsRule } from './definitions.ts';

/** The headers for a browser of another origin; undefined without an origin, or when no rule allows it. */
export function corsHeaders(
  { headers, method = 'GET' }: IncomingMessage,
  rules: readonly CorsRule[],
): OutgoingHttpHeaders | undefined {
  const { origin } = headers;
  const rule = origin && rules.find((candidate) => allows(candidate, origin, method, []));
  if (!rule) return undefined;
  return {
    ...originHeaders(rule, origin),
    ...(rule.exposedHeaders?.length
      ? { 'access-control-expose-headers': rule.exposedHeaders.join(', ') }
      : {}),
  };
}

/** The response to a preflight request. Throws `AccessForbidden` when no rule allows it. */
export function preflightHeaders(
  { headers }: IncomingMessage,
  rules: readonly CorsRule[],
): OutgoingHttpHeaders {
  const { origin } = headers;
  const method = headers['access-control-request-method'];
  if (!origin || !method) {
    throw new AwsError('BadRequest', 'Insufficient information. Origin request header needed.');
  }
  const requestedHeaders = (headers['access-control-request-headers'] ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  const rule = rules.find((candidate) => allows(candidate, origin, method, requestedHeaders));
  if (!rule) {
    throw new AwsError('AccessForbidden', 'CORSResponse: This CORS request is not allowed.', 403, {
      Method: method,
      ResourceType: 'OBJECT',
    });
  }
  return {
    ...originHeaders(rule, origin),
    'access-control-allow-methods': rule.allowedMethods.join(', '),
    ...(requestedHeaders.length > 0 ? { 'access-control-allow-headers': requestedHeaders.join(', ') } : {}),
    ...(rule.maxAgeInSeconds === undefined ? {} : { 'access-control-max-age': String(rule.maxAgeInSeconds) }),
  };
}

function originHeaders({ allowedOrigins }: CorsRule, origin: string): Record<string, string> {
  const vary = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method';
  return allowedOrigins.includes('*')
    ? { 'access-control-allow-origin': '*', vary }
    : { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true', vary };
}

function allows(rule: CorsRule, origin: string, method: string, headers: readonly string[]): boolean {
  return (
    rule.allowedOrigins.some((pattern) => matchesPattern(pattern, origin)) &&
    rule.allowedMethods.includes(method) &&
    headers.every((name) =>
      (rule.allowedHeaders ?? []).some((pattern) => matchesPattern(pattern.toLowerCase(), name)),
    )
  );
}
