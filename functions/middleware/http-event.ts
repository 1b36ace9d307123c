import type { Request } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Reporter } from '../core/media-file.ts';
import type { WorkspaceId } from '../core/workspace.ts';

/** Claims of a token that API Gateway has verified. Arrays have the form `[a b]`. */
export type Claims = Readonly<Record<string, unknown>>;

/** The user of a token. */
export interface SignedInUser {
  readonly userId: string;
  readonly username: string;
  readonly workspaceIds: readonly WorkspaceId[];
}

/** API Gateway's event (payload 2.0), and what the chain has added to it. */
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
  /** The decoded body. */
  input?: unknown;
}

export type HttpRequestState = Request<HttpEvent, APIGatewayProxyStructuredResultV2>;

/** A header's value. API Gateway's names are in lower case. */
export const headerOf = (event: HttpEvent, name: string): string | undefined => event.headers?.[name];
