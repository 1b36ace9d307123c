import {
  assertWorkspaceAllowed,
  isWorkspaceId,
  parseWorkspaceId,
  type WorkspaceId,
} from '../core/workspace.ts';
import type { Claims, HttpRequestState } from './http-event.ts';
import { logger } from './log.ts';

/** The workspaces in a claim: an array, or API Gateway's form of one, `[a b]`. Other groups are left out. */
export function workspacesOf(claim: unknown): readonly WorkspaceId[] {
  const names = Array.isArray(claim)
    ? claim.map(String)
    : String(claim ?? '')
        .replace(/^\[(.*)\]$/s, '$1')
        .split(/\s+/);
  return names.filter(isWorkspaceId);
}

/** The user name in the token. */
const usernameOf = (claims: Claims): string =>
  String(claims['username'] ?? claims['cognito:username'] ?? claims['sub'] ?? '');

/** Identifies the user by the token that API Gateway has verified. */
export const signedInUser = (workspacesClaim: string) => {
  const signedInUserBefore = ({ event }: HttpRequestState): void => {
    const claims = event.requestContext.authorizer?.jwt?.claims ?? {};
    event.user = {
      userId: String(claims['sub'] ?? ''),
      username: usernameOf(claims),
      workspaceIds: workspacesOf(claims[workspacesClaim]),
    };
    logger.appendKeys({ user: event.user.username || undefined });
  };
  return { before: signedInUserBefore };
};

/**
 * Allows a request only when the token lists the workspace in its path; otherwise responds 403, and never
 * 401.
 */
export const authorizedWorkspace = () => {
  const authorizedWorkspaceBefore = ({ event }: HttpRequestState): void => {
    const workspaceId = parseWorkspaceId(event.pathParameters?.['workspace_id']);
    assertWorkspaceAllowed(event.user?.workspaceIds ?? [], workspaceId);
    event.workspaceId = workspaceId;
    event.reporter = { kind: 'pilot', name: event.user?.username ?? '' };
  };
  return { before: authorizedWorkspaceBefore };
};
