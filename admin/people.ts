import { randomBytes, randomUUID } from 'node:crypto';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  CreateGroupCommand,
  GetGroupCommand,
  paginateListGroups,
  paginateListUsers,
  paginateListUsersInGroup,
  type UserType,
} from '@aws-sdk/client-cognito-identity-provider';
import { isWorkspaceId, type WorkspaceId } from '../functions/core/workspace.ts';
import type { Installation } from './installation.ts';
import { Refusal } from './refusal.ts';

/** A workspace as people see it. */
export interface Workspace {
  readonly workspace_id: WorkspaceId;
  readonly name: string;
}

const userPoolOf = ({ userPoolId }: Installation): string => {
  if (userPoolId === undefined)
    throw new Refusal('Users and workspaces of this installation are managed by its OIDC issuer');
  return userPoolId;
};

/** Turns the errors in `refusals` into messages for the terminal. Any other error is thrown as it is. */
async function tell<Result>(work: Promise<Result>, refusals: Record<string, string>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    const sentence = refusals[(error as Error).name];
    throw sentence === undefined ? error : new Refusal(sentence);
  }
}

export async function createWorkspace(installation: Installation, name: string): Promise<Workspace> {
  const workspaceId = randomUUID() as string as WorkspaceId;
  await installation.people.send(
    new CreateGroupCommand({
      UserPoolId: userPoolOf(installation),
      GroupName: workspaceId,
      Description: name,
    }),
  );
  return { workspace_id: workspaceId, name };
}

export async function listWorkspaces(installation: Installation): Promise<Workspace[]> {
  const workspaces: Workspace[] = [];
  const pages = paginateListGroups({ client: installation.people }, { UserPoolId: userPoolOf(installation) });
  for await (const { Groups = [] } of pages) {
    for (const { GroupName = '', Description = '' } of Groups) {
      if (isWorkspaceId(GroupName)) workspaces.push({ workspace_id: GroupName, name: Description });
    }
  }
  return workspaces;
}

/**
 * Throws a `Refusal` when there is no such workspace. With an OIDC issuer it cannot be checked, and the id
 * serves as the name.
 */
export async function getWorkspace(installation: Installation, workspaceId: WorkspaceId): Promise<Workspace> {
  if (installation.userPoolId === undefined) return { workspace_id: workspaceId, name: workspaceId };
  const { Group } = await tell(
    installation.people.send(
      new GetGroupCommand({ UserPoolId: installation.userPoolId, GroupName: workspaceId }),
    ),
    {
      ResourceNotFoundException: `There is no workspace ${workspaceId}; "workspace list" shows all of them`,
    },
  );
  return { workspace_id: workspaceId, name: Group?.Description || workspaceId };
}

/** Fits any password policy: 144 random bits, and every kind of character. */
const randomUserPassword = (): string => `${randomBytes(18).toString('base64url')}-aA1`;

const PASSWORD_REFUSED = {
  InvalidPasswordException:
    'The password does not fit the policy of the user pool; leave --password out for a random one',
};
const unknownUser = (username: string) => ({ UserNotFoundException: `There is no user ${username}` });

/** The password is shown once and cannot be read again. After a failure there is no user. */
export async function createUser(
  installation: Installation,
  username: string,
  workspaceId: WorkspaceId,
  password = randomUserPassword(),
): Promise<{ username: string; password: string; workspace_id: WorkspaceId }> {
  const { people } = installation;
  const user = { UserPoolId: userPoolOf(installation), Username: username };
  await getWorkspace(installation, workspaceId);
  // As the temporary password, Cognito checks it before it creates the user.
  const creation = { ...user, TemporaryPassword: password, MessageAction: 'SUPPRESS' as const };
  await tell(people.send(new AdminCreateUserCommand(creation)), {
    UsernameExistsException: `There is already a user ${username}`,
    ...PASSWORD_REFUSED,
  });
  try {
    await people.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
    await people.send(new AdminAddUserToGroupCommand({ ...user, GroupName: workspaceId }));
  } catch (error) {
    await people.send(new AdminDeleteUserCommand(user)).catch(() => {
      const advice = `"user delete --username ${username}" removes what there is of the user`;
      throw new Refusal(`${(error as Error).message}; ${advice}`);
    });
    throw error;
  }
  return { username, password, workspace_id: workspaceId };
}

/**
 * The old password is invalid at once, and all sessions of the user end as with `signOutUser`. The new
 * password is shown once and cannot be read again.
 */
export async function resetPassword(
  installation: Installation,
  username: string,
  password = randomUserPassword(),
): Promise<{ username: string; password: string }> {
  const user = { UserPoolId: userPoolOf(installation), Username: username };
  const change = new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true });
  await tell(installation.people.send(change), { ...unknownUser(username), ...PASSWORD_REFUSED });
  await signOutUser(installation, username);
  return { username, password };
}

const toUser = ({ Username = '', Enabled = false, UserStatus }: UserType) => ({
  username: Username,
  enabled: Enabled,
  status: UserStatus?.toLowerCase() ?? '',
});

export async function listUsers(
  installation: Installation,
  workspaceId: WorkspaceId | undefined,
): Promise<ReturnType<typeof toUser>[]> {
  const UserPoolId = userPoolOf(installation);
  const config = { client: installation.people };
  const pages =
    workspaceId === undefined
      ? paginateListUsers(config, { UserPoolId })
      : paginateListUsersInGroup(config, { UserPoolId, GroupName: workspaceId });
  const users: ReturnType<typeof toUser>[] = [];
  for await (const { Users = [] } of pages) users.push(...Users.map(toUser));
  return users;
}

/**
 * Nothing renews the user's tokens any more. Access tokens that were issued already are valid until they
 * expire, a day later by default. The user can sign in again.
 */
export async function signOutUser(installation: Installation, username: string): Promise<void> {
  const user = { UserPoolId: userPoolOf(installation), Username: username };
  await tell(installation.people.send(new AdminUserGlobalSignOutCommand(user)), unknownUser(username));
}

/** As `signOutUser`, and the user cannot sign in again. */
export async function disableUser(installation: Installation, username: string): Promise<void> {
  const user = { UserPoolId: userPoolOf(installation), Username: username };
  await tell(installation.people.send(new AdminDisableUserCommand(user)), unknownUser(username));
}

/** As `disableUser`, and the name is free again. The user's files stay. */
export async function deleteUser(installation: Installation, username: string): Promise<void> {
  const user = { UserPoolId: userPoolOf(installation), Username: username };
  await tell(installation.people.send(new AdminDeleteUserCommand(user)), unknownUser(username));
}
