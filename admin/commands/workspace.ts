import { type AddCommand, parseText } from '../command.ts';
import { createWorkspace, listWorkspaces } from '../people.ts';

/** `workspace create` and `workspace list`. */
export const workspaceCommands: AddCommand = (program, action) => {
  const workspace = program.command('workspace').description('workspaces: each sees its own files only');
  workspace
    .command('create')
    .description('makes a workspace and prints its id')
    .requiredOption('--name <name>', 'what people call it', parseText)
    .action(action((installation, { name }: { name: string }) => createWorkspace(installation, name)));
  workspace
    .command('list')
    .description('lists the workspaces')
    .action(action((installation) => listWorkspaces(installation)));
};
