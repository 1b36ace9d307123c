/**
 * `GET /manage/api/v1/users/current`
 *
 * Returns the signed-in user, the current workspace, and all workspaces that the token allows.
 */
import { chosenWorkspace } from '../core/sign-in.ts';
import type { WorkspaceDirectory } from '../core/workspace-directory.ts';
import { type HttpEndpoint, httpEndpoint } from '../middleware/http-endpoint.ts';
import { mqttAddress, workspaceDirectory } from '../ports.ts';
import { USERS_CURRENT } from '../protocol/current.ts';
import { WEB_USER } from '../protocol/user-type.ts';

export const usersCurrent =
  (directory: WorkspaceDirectory, mqttAddress: string): HttpEndpoint<typeof USERS_CURRENT> =>
  async ({ user, body }) => ({
    user_id: user.userId,
    username: user.username,
    user_type: WEB_USER,
    workspace_id: chosenWorkspace(user, body.askedWorkspace),
    workspaces: await Promise.all(
      user.workspaceIds.toSorted().map(async (id) => ({
        workspace_id: id,
        workspace_name: (await directory.findName(id)) ?? id,
      })),
    ),
    mqtt_addr: mqttAddress,
    mqtt_username: '',
    mqtt_password: '',
  });

export const handler = httpEndpoint(USERS_CURRENT, usersCurrent(workspaceDirectory(), mqttAddress()));
