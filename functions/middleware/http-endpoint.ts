import middy from '@middy/core';
import type { Reporter } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';
import { WORKSPACES_CLAIM } from '../environment.ts';
import { success } from '../protocol/envelope.ts';
import { authorizedWorkspace } from './authorized-workspace.ts';
import { errorMapper } from './error-mapper.ts';
import type { HttpEvent } from './http-event.ts';
import { jsonAnswer } from './json-answer.ts';
import { jsonBody } from './json-body.ts';
import { requestScope } from './request-scope.ts';
import { type InputSchema, validatedInput } from './validated-input.ts';

/** Ten thousand tiny fingerprints fit. */
export const BODY_LIMIT_IN_BYTES = 1_000_000;

/** A report is kept whole beside what was made of it, and a DynamoDB item holds 400 KB. */
export const REPORT_LIMIT_IN_BYTES = 128_000;

/** Leaves time for an answer before Lambda ends the function. */
const TIMEOUT_EARLY_IN_MILLISECONDS = 500;

/** What an endpoint that needs no workspace gets. */
export interface OpenHttpRequest<Body> {
  readonly body: Body;
  readonly raw: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  /** `POST /path`, as it was asked. */
  readonly asked: string;
}

/** What an endpoint of a workspace gets. */
export interface HttpRequest<Body> extends OpenHttpRequest<Body> {
  readonly workspaceId: WorkspaceId;
  readonly reporter: Reporter;
}

/** Resolves to the envelope's `data`. */
export type OpenHttpEndpoint<Body> = (request: OpenHttpRequest<Body>) => Promise<unknown>;
/** Resolves to the envelope's `data`. */
export type HttpEndpoint<Body> = (request: HttpRequest<Body>) => Promise<unknown>;

export interface HttpEndpointOptions {
  /** @default 1,000,000 */
  readonly bodyLimitInBytes?: number;
}

const askedOf = (event: HttpEvent): string => `${event.requestContext.http.method} ${event.rawPath}`;

const openRequestOf = (event: HttpEvent): OpenHttpRequest<never> => ({
  body: event.body as never,
  raw: event.raw,
  headers: event.headers ?? {},
  pathParameters: event.pathParameters ?? {},
  asked: askedOf(event),
});

const chain = () =>
  middy<HttpEvent>({ timeoutEarlyInMillis: TIMEOUT_EARLY_IN_MILLISECONDS }).use(requestScope());

/** The chain of every endpoint of a workspace. The error mapper is registered last, so it answers first. */
export const httpEndpoint = <Body>(
  schema: InputSchema<Body>,
  endpoint: HttpEndpoint<Body>,
  { bodyLimitInBytes = BODY_LIMIT_IN_BYTES }: HttpEndpointOptions = {},
) =>
  chain()
    .use(authorizedWorkspace(process.env[WORKSPACES_CLAIM] ?? 'cognito:groups'))
    .use(jsonBody(bodyLimitInBytes))
    .use(validatedInput(schema))
    .use(errorMapper())
    .handler(async (event: HttpEvent) => {
      const { workspaceId, reporter } = event as Required<HttpEvent>;
      return jsonAnswer(200, success(await endpoint({ ...openRequestOf(event), workspaceId, reporter })));
    });

/** The same chain for what is asked before there is a token. */
export const openHttpEndpoint = <Body>(schema: InputSchema<Body>, endpoint: OpenHttpEndpoint<Body>) =>
  chain()
    .use(jsonBody(BODY_LIMIT_IN_BYTES))
    .use(validatedInput(schema))
    .use(errorMapper())
    .handler(async (event: HttpEvent) => jsonAnswer(200, success(await endpoint(openRequestOf(event)))));

/** The same chain for what no body could change: it is not even read. */
export const bodilessHttpEndpoint = (endpoint: (asked: string) => Promise<unknown>) =>
  chain()
    .use(errorMapper())
    .handler(async (event: HttpEvent) => jsonAnswer(200, success(await endpoint(askedOf(event)))));
