import { Option } from 'commander';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { type AddCommand, parseText, workspaceOption } from '../command.ts';
import { createUser, deleteUser, disableUser, listUsers, resetPassword, signOutUser } from '../people.ts';

const usernameOption = (): Option =>
  new Option('--username <name>', 'what the user signs in with').argParser(parseText).makeOptionMandatory();

const ACCESS_TOKEN_STAYS = 'an access token is valid until it expires, for a day by default';

/** The commands of users. */
export const userCommands: AddCommand = (program, action) => {
  const user = program.command('user').description('people who sign in with Pilot');
  user
    .command('create')
    .description('makes a user in a workspace and prints the password, once')
    .addOption(usernameOption())
    .addOption(workspaceOption().makeOptionMandatory())
    .option('--password <password>', 'a random one by default')
    .action(
      action(
        (
          installation,
          { username, workspace, password }: { username: string; workspace: WorkspaceId; password?: string },
        ) => createUser(installation, username, workspace, password),
      ),
    );
  user
    .command('list')
    .description('lists the users, of one workspace or of all')
    .addOption(workspaceOption())
    .action(
      action((installation, { workspace }: { workspace?: WorkspaceId }) =>
        listUsers(installation, workspace),
      ),
    );
  user
    .command('reset-password')
    .description('replaces the password, prints the new one, once, and signs the user out')
    .addOption(usernameOption())
    .option('--password <password>', 'a random one by default')
    .action(
      action((installation, { username, password }: { username: string; password?: string }) =>
        resetPassword(installation, username, password),
      ),
    );
  user
    .command('sign-out')
    .description(`ends all sessions of the user; ${ACCESS_TOKEN_STAYS}`)
    .addOption(usernameOption())
    .action(
      action(async (installation, { username }: { username: string }) => {
        await signOutUser(installation, username);
        return { username, signed_out: true };
      }),
    );
  user
    .command('disable')
    .description(`refuses sign-in and ends all sessions; ${ACCESS_TOKEN_STAYS}`)
    .addOption(usernameOption())
    .action(
      action(async (installation, { username }: { username: string }) => {
        await disableUser(installation, username);
        return { username, enabled: false };
      }),
    );
  user
    .command('delete')
    .description(`deletes the user, and no file; ${ACCESS_TOKEN_STAYS}`)
    .addOption(usernameOption())
    .action(
      action(async (installation, { username }: { username: string }) => {
        await deleteUser(installation, username);
        return { username, deleted: true };
      }),
    );
};
