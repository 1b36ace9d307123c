import { Command, CommanderError } from 'commander';
import type { Action, AddCommand, LongRun } from './command.ts';
import { dockCommands } from './commands/dock.ts';
import { reconcileCommand } from './commands/reconcile.ts';
import { userCommands } from './commands/user.ts';
import { workspaceCommands } from './commands/workspace.ts';
import { type InstallationOptions, openInstallation } from './installation.ts';
import { Refusal, Unfinished } from './refusal.ts';
import { type Answer, render } from './render.ts';

/** All commands, in the order of the help. */
const COMMANDS: readonly AddCommand[] = [workspaceCommands, userCommands, dockCommands, reconcileCommand];

const EXAMPLES = `
Examples:
  npm run admin -- workspace create --name "Survey"
  npm run admin -- user create --username pilot --workspace UUID
  npm run admin -- dock create --sn SERIAL --workspace UUID --outputs cdk-outputs.json
`;

interface Output {
  write(text: string): unknown;
}

interface CommonOptions extends InstallationOptions {
  readonly json?: boolean;
}

/** The help lists the verbs at once, without a level for the nouns. */
const verbsOf = ({ commands }: Command): Command[] =>
  commands.flatMap((command) => (command.commands.length > 0 ? command.commands : [command]));

/** A command as the help shows it: noun, verb and the required options. */
function termOf(command: Command): string {
  const noun = command.parent?.parent ? [command.parent.name()] : [];
  const mandatory = command.options.filter((option) => option.mandatory).map(({ flags }) => flags);
  return [...noun, command.name(), ...mandatory].join(' ');
}

function adminProgram(output: Output, errors: Output, interruption: LongRun['interruption']): Command {
  const program = new Command('npm run admin --')
    .description(
      'Workspaces, people and docks of a media library, and its catalog, in the local stack or on AWS.',
    )
    .option('--data <dir>', 'data folder of the local stack', '.local')
    .option('--outputs <file>', 'a stack on AWS instead: the cdk-outputs.json that "npm run deploy" writes')
    .option('--json', 'print JSON')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true, visibleCommands: verbsOf, subcommandTerm: termOf })
    .configureOutput({ writeOut: (text) => output.write(text), writeErr: (text) => errors.write(text) })
    .showHelpAfterError('(--help lists commands and options)')
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  const action: Action = (work) => async (options, command) => {
    const common = command.optsWithGlobals<CommonOptions>();
    const print = (answer: Answer) =>
      output.write(common.json ? `${JSON.stringify(answer, null, 2)}\n` : render(answer));
    const run = { interruption, tell: (line: string) => void errors.write(`${line}\n`) };
    try {
      print(await work(openInstallation(common), options, run));
    } catch (error) {
      if (error instanceof Unfinished) print(error.answer);
      throw error;
    }
  };
  for (const addCommand of COMMANDS) addCommand(program, action);
  return program;
}

/** Never aborts. */
const uninterrupted = (): AbortSignal => new AbortController().signal;

/**
 * Runs one command line. Returns the exit code: 0, 1 for a refusal or a failure, 2 for a wrong command line,
 * 130 for an interrupted command.
 */
export async function runAdmin(
  args: readonly string[],
  output: Output,
  errors: Output,
  interruption: LongRun['interruption'] = uninterrupted,
): Promise<number> {
  try {
    await adminProgram(output, errors, interruption).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof Refusal) {
      errors.write(`${error.message}\n`);
      return error instanceof Unfinished ? error.exitCode : 1;
    }
    const { code, message, name } = error as NodeJS.ErrnoException;
    errors.write(`${name}: ${message || code}\n`);
    return 1;
  }
}
