import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Reporter } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';
import { WORKSPACES_CLAIM } from '../environment.ts';
import { BODY_LIMIT_IN_BYTES, type HttpContract, type InputOf, type OutputOf } from '../protocol/contract.ts';
import { success } from '../protocol/envelope.ts';
import { authorizedWorkspace, signedInUser } from './authorized-workspace.ts';
import { errorMapper } from './error-mapper.ts';
import type { HttpEvent, SignedInUser } from './http-event.ts';
import { jsonBody } from './json-body.ts';
import { jsonResponse } from './json-response.ts';
import { observedChain } from './observed-chain.ts';
import { requestScope } from './request-scope.ts';
import { validatedInput } from './validated-input.ts';

/** What the handler of every endpoint gets. */
export interface OpenHttpRequest<Body> {
  readonly body: Body;
  /** The body as the device sent it, as JSON text. */
  readonly raw: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly pathParameters: Readonly<Record<string, string | undefined>>;
  /** The method and path of the request. */
  readonly asked: string;
}

/** What the handler of an endpoint gets that accepts any valid token. */
export interface TokenHttpRequest<Body> extends OpenHttpRequest<Body> {
  readonly user: SignedInUser;
}

/** What the handler of a workspace's endpoint gets. */
export interface WorkspaceHttpRequest<Body> extends TokenHttpRequest<Body> {
  readonly workspaceId: WorkspaceId;
  readonly reporter: Reporter;
}

/** What the handler of a contract gets. */
export type HttpRequest<Contract extends HttpContract> = {
  open: OpenHttpRequest<InputOf<Contract>>;
  token: TokenHttpRequest<InputOf<Contract>>;
  workspace: WorkspaceHttpRequest<InputOf<Contract>>;
}[Contract['access']];

/** Resolves to the envelope's `data`. */
export type HttpEndpoint<Contract extends HttpContract> = (
  request: HttpRequest<Contract>,
) => Promise<OutputOf<Contract>>;

/** All fields; handlers see only those of their kind. */
const requestOf = (event: HttpEvent): Partial<WorkspaceHttpRequest<unknown>> => ({
  body: event.input,
  raw: event.raw,
  headers: event.headers ?? {},
  pathParameters: event.pathParameters ?? {},
  asked: `${event.requestContext.http.method} ${event.rawPath}`,
  ...(event.user && { user: event.user }),
  ...(event.workspaceId && { workspaceId: event.workspaceId }),
  ...(event.reporter && { reporter: event.reporter }),
});

/**
 * The chain of all HTTP endpoints. The contract says who may call, and what is read. The error mapper is
 * registered last, so it handles errors first.
 */
export const httpEndpoint = <const Contract extends HttpContract>(
  { access, input, bodyLimitInBytes = BODY_LIMIT_IN_BYTES }: Contract,
  endpoint: HttpEndpoint<Contract>,
) => {
  const chain = observedChain<HttpEvent, APIGatewayProxyStructuredResultV2>().use(requestScope());
  if (access !== 'open') chain.use(signedInUser(process.env[WORKSPACES_CLAIM] ?? 'cognito:groups'));
  if (access === 'workspace') chain.use(authorizedWorkspace());
  if (input) chain.use(jsonBody(bodyLimitInBytes)).use(validatedInput(input));
  return chain
    .use(errorMapper())
    .handler(async (event: HttpEvent) =>
      jsonResponse(200, success(await endpoint(requestOf(event) as HttpRequest<Contract>))),
    );
};
