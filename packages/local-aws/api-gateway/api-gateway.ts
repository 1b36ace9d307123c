import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { LocalService } from '../http/local-service.ts';
import type { InvocationResult } from '../lambda/definitions.ts';
import type { Log } from '../log.ts';
import { accessLogLine } from './access-log.ts';
import { type Answer, functionAnswer, gatewayAnswer } from './answer.ts';
import { type CorsRequest, isPreflight, PREFLIGHT_ANSWER, withCors } from './cors.ts';
import type { HttpApiDefinition, RouteDefinition } from './definitions.ts';
import { type JwtContext, payloadEvent, type ReceivedRequest } from './event.ts';
import { JwtAuthorizer, type KeysOf } from './jwt-authorizer.ts';
import { type ReadBodyResult, readBounded, tooLargeByHeader } from './request-body.ts';
import { Router } from './router.ts';
import { Throttles } from './throttle.ts';

/** The parts of Lambda that the gateway uses. */
export interface FunctionInvoker {
  invoke(functionArn: string, event: unknown): Promise<InvocationResult>;
  mayInvoke(functionArn: string, caller: { readonly principal: string; readonly sourceArn: string }): boolean;
}

/** How to start the local API Gateway. */
export interface ApiGatewayOptions {
  readonly api: HttpApiDefinition;
  readonly functions: FunctionInvoker;
  readonly keysOf: KeysOf;
  readonly region: string;
  readonly accountId: string;
  readonly log: Log;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** How long running requests may take after the gateway was closed. @default 3 seconds */
  readonly closeGraceInMilliseconds?: number | undefined;
}

/** What the access log says of a request. */
interface Outcome {
  readonly answer: Answer;
  readonly routeKey?: string | undefined;
  readonly integrationLatencyInMilliseconds?: number | undefined;
  readonly integrationStatus?: number | undefined;
  readonly integrationError?: string | undefined;
  readonly authorizerError?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly claims?: Readonly<Record<string, string>> | undefined;
}

/** The local API Gateway: the HTTP API of the template. The caller listens. */
export function createApiGateway(options: ApiGatewayOptions): LocalService {
  const gateway = new ApiGateway(options);
  const server = createServer((request, response) => void gateway.serve(request, response));
  // A client that waits for `100 Continue` does not send a body that is too large.
  server.on('checkContinue', (request, response) => {
    if (!tooLargeByHeader(request)) response.writeContinue();
    void gateway.serve(request, response);
  });
  return {
    name: 'api',
    server,
    close: () => closeGracefully(server, options.closeGraceInMilliseconds ?? 3_000),
  };
}

/** Accepts no new connections, and lets running requests finish. */
async function closeGracefully(server: Server, graceInMilliseconds: number): Promise<void> {
  const grace = setTimeout(() => server.closeAllConnections(), graceInMilliseconds);
  // A client keeps its connection open after the last response.
  const sweep = setInterval(() => server.closeIdleConnections(), 20);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  clearInterval(sweep);
  clearTimeout(grace);
}

class ApiGateway {
  readonly #options: ApiGatewayOptions;
  readonly #router: Router;
  readonly #throttles: Throttles;
  readonly #authorizers = new Map<string, JwtAuthorizer>();
  readonly #clock: () => Date;

  constructor(options: ApiGatewayOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => new Date());
    this.#router = new Router(options.api.routes);
    this.#throttles = new Throttles(options.api.stage);
    for (const { authorizer } of options.api.routes) {
      if (authorizer && !this.#authorizers.has(authorizer.id)) {
        this.#authorizers.set(authorizer.id, new JwtAuthorizer(authorizer, options.keysOf));
      }
    }
  }

  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAt = this.#clock();
    const startedAt = performance.now();
    const read = await readBounded(incoming);
    if (read.end === 'aborted') return;
    const request = receivedRequest(incoming, read, receivedAt);
    const extendedRequestId = randomBytes(11).toString('base64url').concat('=');
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(request, read);
    } catch (error) {
      this.#options.log({
        source: 'api',
        line: `Fault of the local stack: ${String(error)}`,
        level: 'error',
      });
      outcome = { answer: gatewayAnswer(500, 'Internal Server Error') };
    }
    const answer = withCors(outcome.answer, this.#options.api.cors, corsRequest(request));
    send(response, answer, extendedRequestId, incoming.method === 'HEAD', read.end === 'too-large');
    this.#logAccess(
      request,
      { ...outcome, answer },
      extendedRequestId,
      Math.round(performance.now() - startedAt),
    );
  }

  async #outcome(request: ReceivedRequest, read: ReadBodyResult): Promise<Outcome> {
    const { cors, stage } = this.#options.api;
    if (read.end === 'too-large') return refusal(413, 'Request Entity Too Large');
    const header = (name: string) => headerOf(request, name);
    const { domainNames = [], closed = false } = this.#options.api;
    if (closed && !domainNames.includes((header('host') ?? '').replace(/:\d+$/, '')))
      return refusal(404, 'Not Found');
    const routePath = pathWithoutStage(request.rawPath, stage.name);
    if (routePath === undefined) return refusal(404, 'Not Found');
    if (!isDecodable(request.rawPath)) return refusal(400, 'Bad Request');
    const match = this.#router.match(request.method, routePath);
    // With a route for OPTIONS, which $default is as well, API Gateway leaves the response to it.
    if (!match && cors && isPreflight(corsRequest(request))) return { answer: PREFLIGHT_ANSWER };
    if (!match) return refusal(404, 'Not Found');
    const { route } = match;
    const routeKey = route.key;
    if (!this.#throttles.take(routeKey, request.receivedAt))
      return { ...refusal(429, 'Too Many Requests'), routeKey };
    let jwt: JwtContext | undefined;
    if (route.authorizer) {
      const authorizer = this.#authorizers.get(route.authorizer.id);
      const authorization = await authorizer?.authorize(
        header(route.authorizer.header),
        route.scopes,
        this.#clock(),
      );
      if (!authorization?.allowed)
        return {
          ...unauthorized(authorization?.statusCode ?? 401),
          routeKey,
          authorizerError: authorization?.reason,
        };
      jwt = authorization.jwt;
    }
    const { accountId } = this.#options;
    const api = {
      accountId,
      apiId: this.#options.api.id,
      stage: stage.name,
      stageVariables: stage.variables,
    };
    const outcome = await this.#integrate(route, payloadEvent(request, match, api, jwt));
    return { ...outcome, routeKey, claims: jwt?.claims };
  }

  async #integrate(route: RouteDefinition, event: unknown): Promise<Outcome> {
    const { functions, log } = this.#options;
    const sourceArn = this.#sourceArn(route.key);
    if (!functions.mayInvoke(route.functionArn, { principal: 'apigateway.amazonaws.com', sourceArn })) {
      const integrationError = `no permission of ${route.functionArn} allows ${sourceArn} to invoke it`;
      log({ source: 'api', line: `${route.key}: ${integrationError}`, level: 'error' });
      return { ...refusal(500, 'Internal Server Error'), integrationError };
    }
    const startedAt = performance.now();
    const result = await withinTime(functions.invoke(route.functionArn, event), route.timeoutInMilliseconds);
    const measured = { integrationLatencyInMilliseconds: Math.round(performance.now() - startedAt) };
    if (result === 'timed out') {
      const integrationError = `Endpoint request timed out after ${route.timeoutInMilliseconds} ms`;
      log({ source: 'api', line: `${route.key}: ${integrationError}`, level: 'error' });
      return { ...refusal(503, 'Service Unavailable'), ...measured, integrationError };
    }
    if (!result.ok) {
      const { errorType, errorMessage } = result.error;
      const integrationError = `${errorType}: ${errorMessage}`;
      if (errorType === 'RequestTooLargeException')
        return { ...refusal(413, 'Request Entity Too Large'), ...measured, integrationError };
      if (errorType === 'TooManyRequestsException')
        return { ...refusal(503, 'Service Unavailable'), ...measured, integrationError };
      return { ...refusal(500, 'Internal Server Error'), ...measured, integrationError };
    }
    const answer = functionAnswer(result.payload);
    if (answer) return { answer, ...measured, integrationStatus: 200 };
    const integrationError = 'The function returned something that is not a response';
    log({ source: 'api', line: `${route.key}: ${integrationError}`, level: 'error' });
    return {
      ...refusal(500, 'Internal Server Error'),
      ...measured,
      integrationStatus: 200,
      integrationError,
    };
  }

  /** The route in Lambda's form: `…:<api>/<stage>/<method>/<path>`, with the braces of the path. */
  #sourceArn(routeKey: string): string {
    const { api, region, accountId } = this.#options;
    const [method, path] = routeKey.split(' ');
    const resource = path === undefined ? routeKey : `${method === 'ANY' ? '*' : method}${path}`;
    return `arn:aws:execute-api:${region}:${accountId}:${api.id}/${api.stage.name}/${resource}`;
  }

  #logAccess(
    request: ReceivedRequest,
    outcome: Outcome,
    extendedRequestId: string,
    responseLatencyInMilliseconds: number,
  ): void {
    const { api, accountId, log } = this.#options;
    if (api.stage.accessLogFormat === undefined) return;
    const { answer, ...rest } = outcome;
    const line = accessLogLine(api.stage.accessLogFormat, {
      ...rest,
      accountId,
      apiId: api.id,
      stage: api.stage.name,
      requestId: request.requestId,
      extendedRequestId,
      receivedAt: request.receivedAt,
      method: request.method,
      path: request.rawPath,
      protocol: `HTTP/${request.httpVersion}`,
      sourceIp: request.sourceIp,
      userAgent: headerOf(request, 'user-agent') ?? '',
      domainName: (headerOf(request, 'host') ?? '').replace(/:\d+$/, ''),
      status: answer.statusCode,
      responseLength: answer.body.length,
      responseLatencyInMilliseconds,
    });
    log({ source: 'access', line });
  }
}

function receivedRequest(incoming: IncomingMessage, read: ReadBodyResult, receivedAt: Date): ReceivedRequest {
  const url = incoming.url ?? '/';
  const mark = url.indexOf('?');
  return {
    requestId: randomUUID(),
    method: incoming.method ?? 'GET',
    rawPath: mark < 0 ? url : url.slice(0, mark),
    rawQueryString: mark < 0 ? '' : url.slice(mark + 1),
    rawHeaders: incoming.rawHeaders,
    httpVersion: incoming.httpVersion,
    sourceIp: (incoming.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    localPort: incoming.socket.localPort ?? 0,
    body: read.body,
    receivedAt,
  };
}

function corsRequest(request: ReceivedRequest): CorsRequest {
  return {
    method: request.method,
    origin: headerOf(request, 'origin'),
    requestedMethod: headerOf(request, 'access-control-request-method'),
  };
}

function refusal(statusCode: number, message: string): Outcome {
  return { answer: gatewayAnswer(statusCode, message), errorMessage: message };
}

function unauthorized(statusCode: 401 | 403): Outcome {
  const message = statusCode === 401 ? 'Unauthorized' : 'Forbidden';
  const error = statusCode === 401 ? 'invalid_token' : 'insufficient_scope';
  return {
    answer: gatewayAnswer(statusCode, message, { 'www-authenticate': `Bearer error="${error}"` }),
    errorMessage: message,
  };
}

function pathWithoutStage(rawPath: string, stage: string): string | undefined {
  if (!rawPath.startsWith('/')) return undefined;
  if (stage === '$default') return rawPath;
  if (rawPath === `/${stage}`) return '/';
  return rawPath.startsWith(`/${stage}/`) ? rawPath.slice(stage.length + 1) : undefined;
}

function isDecodable(rawPath: string): boolean {
  try {
    decodeURIComponent(rawPath);
    return true;
  } catch {
    return false;
  }
}

async function withinTime<T>(work: Promise<T>, milliseconds: number): Promise<T | 'timed out'> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<'timed out'>((resolve) => {
    timer = setTimeout(() => resolve('timed out'), milliseconds);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function send(
  response: ServerResponse,
  answer: Answer,
  extendedRequestId: string,
  headOnly: boolean,
  close: boolean,
): void {
  const {
    'content-length': _ownLength,
    'transfer-encoding': _ownEncoding,
    connection: _ownConnection,
    ...headers
  } = answer.headers;
  const withoutBody = answer.statusCode === 204 || answer.statusCode === 304;
  for (const [name, value] of Object.entries({ ...headers, 'apigw-requestid': extendedRequestId })) {
    try {
      response.setHeader(name, value);
    } catch {
      // A header that HTTP does not allow, such as one with a line break, is the function's mistake and
      // not the client's.
    }
  }
  if (!withoutBody) response.setHeader('content-length', answer.body.length);
  if (close) response.setHeader('connection', 'close');
  response.statusCode = answer.statusCode;
  response.end(headOnly || withoutBody ? undefined : answer.body);
}

function headerOf(
  request: Pick<IncomingMessage, 'rawHeaders'> | Pick<ReceivedRequest, 'rawHeaders'>,
  name: string,
): string | undefined {
  const index = request.rawHeaders.findIndex(
    (header, position) => position % 2 === 0 && header.toLowerCase() === name,
  );
  return index < 0 ? undefined : request.rawHeaders[index + 1];
}
