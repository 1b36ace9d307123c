import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type ApiGatewayOptions, createApiGateway } from '../../api-gateway/api-gateway.ts';
import type {
  HttpApiDefinition,
  JwtAuthorizerDefinition,
  RouteDefinition,
} from '../../api-gateway/definitions.ts';
import type { LocalService } from '../../http/local-service.ts';
import type { InvocationResult } from '../../lambda/definitions.ts';
import type { LogEntry } from '../../log.ts';

/** Issuer and audience of the tokens. */
export const ISSUER = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_abc';
export const CLIENT = 'client-1';
/** Accepts tokens of the issuer for the client. */
export const authorizer: JwtAuthorizerDefinition = {
  id: 'jwt',
  header: 'x-auth-token',
  issuer: ISSUER,
  audience: [CLIENT],
};

/** A route to the only function. */
export const route = (key: string, overrides: Partial<RouteDefinition> = {}): RouteDefinition => ({
  key,
  functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:echo',
  timeoutInMilliseconds: 5_000,
  scopes: [],
  ...overrides,
});

/** A fake Lambda. */
export type Handler = (event: Record<string, never>) => InvocationResult | Promise<InvocationResult>;

/** The result of a function. */
export const returning = (value: unknown): InvocationResult => ({ ok: true, payload: JSON.stringify(value) });
/** A function that returns its event. */
export const echo: Handler = (event) =>
  returning({
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });

/** The log lines of the gateways of a test. */
export const entries: LogEntry[] = [];
/** The gateways of a test. */
export const running: LocalService[] = [];

/** Stops all that a test has started. */
export async function closeGateways(): Promise<void> {
  await Promise.all(running.splice(0).map((service) => service.close()));
  entries.length = 0;
}

/** The keys of the issuer, and other keys. */
export const [keys, otherKeys] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);

/** The issuer's public keys, as it publishes them. */
export const publicKeys = async () =>
  createLocalJWKSet({ keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'k1', alg: 'RS256' }] });

/** Starts a gateway, and resolves to its address. */
export async function gateway(
  handler: Handler,
  api: Partial<HttpApiDefinition> & Partial<HttpApiDefinition['stage']> = {},
  options: Partial<ApiGatewayOptions> = {},
): Promise<string> {
  const {
    routes = [route('ANY /a/{id}'), route('GET /secret', { authorizer })],
    cors,
    domainNames,
    closed,
    ...stage
  } = api;
  const service = createApiGateway({
    api: {
      id: 'api1',
      cors,
      domainNames,
      closed,
      routes,
      stage: { name: '$default', routeThrottles: new Map(), ...stage },
    },
    functions: {
      invoke: async (_arn, event) => handler(event as Record<string, never>),
      mayInvoke: () => true,
    },
    keysOf: publicKeys,
    region: 'eu-central-1',
    accountId: '123456789012',
    log: (entry) => entries.push(entry),
    ...options,
  });
  running.push(service);
  service.server.listen(0, '127.0.0.1');
  await once(service.server, 'listening');
  return `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`;
}

/** A valid token of the issuer, with changes by the test. */
export async function tokenOf(
  claims: JWTPayload = {},
  options: { key?: typeof keys.privateKey; expires?: string; issuer?: string } = {},
) {
  return new SignJWT({ client_id: CLIENT, sub: 'user-1', 'cognito:groups': ['w1', 'w2'], ...claims })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(options.issuer ?? ISSUER)
    .setIssuedAt()
    .setExpirationTime(options.expires ?? '1h')
    .sign(options.key ?? keys.privateKey);
}

/** Status and body; the body as JSON when it is. */
export async function answerOf(response: Response): Promise<[number, unknown]> {
  const text = await response.text();
  return [
    response.status,
    response.headers.get('content-type') === 'application/json' ? JSON.parse(text) : text,
  ];
}
