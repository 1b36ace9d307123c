/**
 * `GET /manage/api/v1/workspaces/current`
 *
 * Returns the current workspace with its name.
 */
import { chosenWorkspace } from '../core/sign-in.ts';
import type { WorkspaceDirectory } from '../core/workspace-directory.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { workspaceDirectory } from '../ports.ts';
import { PLATFORM_NAME, WORKSPACES_CURRENT } from '../protocol/current.ts';

export const workspacesCurrent =
  (directory: WorkspaceDirectory): HttpEndpoint<typeof WORKSPACES_CURRENT> =>
  async ({ user, body }) => {
    const workspaceId = chosenWorkspace(user, body.askedWorkspace);
    return {
      workspace_id: workspaceId,
      workspace_name: (await directory.findName(workspaceId)) ?? workspaceId,
      workspace_desc: '',
      platform_name: PLATFORM_NAME,
    };
  };

export const handler = httpEndpoint(WORKSPACES_CURRENT, workspacesCurrent(workspaceDirectory()));
