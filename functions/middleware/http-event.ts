import type { Request } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Reporter } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';

/** Claims of a token that API Gateway has verified; it hands arrays over as `[a b]`. */
export type Claims = Readonly<Record<string, unknown>>;

/** Whom a token stands for. */
export interface SignedInUser {
  readonly userId: string;
  readonly username: string;
  readonly workspaceIds: readonly WorkspaceId[];
}

/** API Gateway's event (payload 2.0), and what the chain has made of it so far. */
export interface HttpEvent extends Omit<APIGatewayProxyEventV2, 'requestContext'> {
  requestContext: APIGatewayProxyEventV2['requestContext'] & {
    readonly authorizer?: { readonly jwt?: { readonly claims?: Claims } };
  };
  requestId: string;
  user?: SignedInUser;
  workspaceId?: WorkspaceId;
  reporter?: Reporter;
  /** The body as the device sent it, as JSON text. */
  raw: string;
  /** What the schema made of the body. */
  input?: unknown;
}

export type HttpRequestState = Request<HttpEvent, APIGatewayProxyStructuredResultV2>;

/** A header's value, by its name in lower case: so API Gateway hands all of them over. */
export const headerOf = (event: HttpEvent, name: string): string | undefined => event.headers?.[name];
