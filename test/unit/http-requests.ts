import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { vi } from 'vitest';
import type { HttpEvent } from '../../functions/middleware/http-event.ts';
import type { Envelope } from '../../functions/protocol/envelope.ts';
import { WORKSPACE } from '../fixtures/library.ts';

/** The properties of a request that a test can set. All others are those of a user of `WORKSPACE`. */
export interface Request {
  readonly method?: string;
  readonly path?: string;
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown;
  readonly base64?: boolean;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly workspaceId?: string;
  /** Null for a route without an authorizer. */
  readonly claims?: Readonly<Record<string, unknown>> | null;
}

/** The claims of the user's token, in API Gateway's form. */
export const CLAIMS = { sub: 'user-1', username: 'pilot', 'cognito:groups': `[${WORKSPACE}]` };

/** The request id of API Gateway in these tests. */
export const GATEWAY_REQUEST_ID = 'JKJaXmPLvHcESHA=';

/** An event of API Gateway, payload format 2.0. */
export function apiEvent({
  method = 'POST',
  path = '/media/api/v1/workspaces/{workspace_id}/fast-upload',
  body,
  base64 = false,
  query = '',
  headers = {},
  workspaceId = WORKSPACE,
  claims = CLAIMS,
}: Request): HttpEvent {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const rawPath = path.replace('{workspace_id}', workspaceId);
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath,
    rawQueryString: query,
    headers: { 'content-type': 'application/json', host: 'api.example.com', ...headers },
    pathParameters: { workspace_id: workspaceId },
    isBase64Encoded: base64,
    ...(text !== undefined && { body: base64 ? Buffer.from(text).toString('base64') : text }),
    requestContext: {
      accountId: '123456789012',
      apiId: 'api',
      domainName: 'api.example.com',
      domainPrefix: 'api',
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'Pilot' },
      requestId: GATEWAY_REQUEST_ID,
      routeKey: `${method} ${path}`,
      stage: '$default',
      time: '01/Jan/2026:00:00:00 +0000',
      timeEpoch: 1_767_225_600_000,
      ...(claims && { authorizer: { jwt: { claims, scopes: null } } }),
    },
  } as unknown as HttpEvent;
}

const context = {
  functionName: 'fast-upload',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:fast-upload',
  memoryLimitInMB: '512',
  awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
  getRemainingTimeInMillis: () => 20_000,
} as Context;

/** A handler, as Lambda calls it. */
export type Handler = (event: HttpEvent, context: Context) => Promise<unknown>;

/** A response. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly envelope: Envelope;
  readonly text: string;
}

/** Calls a handler as API Gateway does. */
export async function call(
  handler: unknown,
  request: Request = {},
  changes: Partial<Context> = {},
): Promise<Answer> {
  const result = (await (handler as Handler)(apiEvent(request), {
    ...context,
    ...changes,
  })) as APIGatewayProxyStructuredResultV2;
  const text = result.body ?? '';
  return { status: result.statusCode, headers: result.headers ?? {}, envelope: JSON.parse(text), text };
}

/** Captures all log lines from now on, instead of printing them. */
export function recordLog(): { lines(): Record<string, unknown>[]; text(): string } {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  }
  return {
    text: () => written.join(''),
    lines: () =>
      written
        .join('')
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line)),
  };
}
