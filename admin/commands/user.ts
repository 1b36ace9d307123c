import { Option } from 'commander';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { type AddCommand, parseText, workspaceOption } from '../command.ts';
import { createUser, disableUser, listUsers } from '../people.ts';

const usernameOption = (): Option =>
  new Option('--username <name>', 'what the user signs in with').argParser(parseText).makeOptionMandatory();

/** `user create`, `user list` and `user disable`. */
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
    .command('disable')
    .description('refuses sign-in; a token already issued lasts until it expires, one hour at most')
    .addOption(usernameOption())
    .action(
      action(async (installation, { username }: { username: string }) => {
        await disableUser(installation, username);
        return { username, enabled: false };
      }),
    );
};
