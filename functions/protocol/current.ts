import * as v from 'valibot';
import type { HttpContract } from './contract.ts';

/** A query can name one of several workspaces; the first one counts. */
const WorkspaceQuery = v.pipe(
  v.object({ workspace_id: v.optional(v.array(v.string())) }),
  v.transform(({ workspace_id: asked }) => ({ askedWorkspace: asked?.[0] })),
);

/** `users/current`: the signed-in user, and the current workspace. Users have no MQTT credentials. */
export const USERS_CURRENT = {
  name: 'users-current',
  routes: ['GET /manage/api/v1/users/current'],
  access: 'token',
  input: WorkspaceQuery,
  output: v.object({
    user_id: v.string(),
    username: v.string(),
    user_type: v.number(),
    workspace_id: v.string(),
    workspaces: v.array(v.object({ workspace_id: v.string(), workspace_name: v.string() })),
    mqtt_addr: v.string(),
    mqtt_username: v.string(),
    mqtt_password: v.string(),
  }),
} as const satisfies HttpContract;

/** The name of this project for DJI's clients. */
export const PLATFORM_NAME = 'DJI media library';

/** `workspaces/current`: the current workspace. */
export const WORKSPACES_CURRENT = {
  name: 'workspaces-current',
  routes: ['GET /manage/api/v1/workspaces/current'],
  access: 'token',
  input: WorkspaceQuery,
  output: v.object({
    workspace_id: v.string(),
    workspace_name: v.string(),
    workspace_desc: v.string(),
    platform_name: v.string(),
  }),
} as const satisfies HttpContract;
