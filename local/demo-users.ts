import { type AdministratorCall, CallError } from '../packages/local-aws/index.ts';
import type { DemoWorkspace } from './account.ts';
import type { DemoUser } from './endpoints.ts';

/**
 * Creates the missing demo workspaces, which are groups, and demo users. Existing users are left alone: they
 * may have been disabled, or have new passwords.
 */
export async function ensureDemoUsers(
  account: { readonly workspaces: readonly DemoWorkspace[]; readonly users: readonly DemoUser[] },
  userPoolId: string,
  callAws: AdministratorCall,
): Promise<void> {
  const call = (operation: string, input: Record<string, unknown>) =>
    callAws('cognito', operation, { UserPoolId: userPoolId, ...input });

  for (const { id, name } of account.workspaces) {
    const group = await unless('ResourceNotFoundException', call('GetGroup', { GroupName: id }));
    if (!group) await call('CreateGroup', { GroupName: id, Description: name });
  }
  for (const { username, password, workspace_id: workspaceId } of account.users) {
    const user = { Username: username };
    const found = await unless('UserNotFoundException', call('AdminGetUser', user));
    if (!found) await call('AdminCreateUser', { ...user, MessageAction: 'SUPPRESS' });
    // A user who never chose a password is left over from a start that was killed half-way.
    else if (found['UserStatus'] !== 'FORCE_CHANGE_PASSWORD') continue;
    await call('AdminAddUserToGroup', { ...user, GroupName: workspaceId });
    await call('AdminSetUserPassword', { ...user, Password: password, Permanent: true });
  }
}

async function unless<T>(code: string, call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CallError && error.code === code) return undefined;
    throw error;
  }
}
