import { parseArgs } from 'node:util';
import { isWorkspaceId, type WorkspaceId } from '../../functions/core/workspace.ts';
import { createDock, listDocks, revokeDock, rotateDock } from './docks.ts';
import { type Installation, openInstallation } from './installation.ts';
import { createUser, createWorkspace, disableUser, listUsers, listWorkspaces } from './people.ts';
import { Refusal } from './refusal.ts';

const HELP = `npm run admin -- <noun> <verb> [options]

  workspace create --name NAME
  workspace list
  user create --username NAME --workspace UUID [--password PASSWORD]
  user list [--workspace UUID]
  user disable --username NAME
  dock create --sn SERIAL --workspace UUID    prints user name and password, once
  dock list --workspace UUID
  dock rotate --sn SERIAL                     a new password; also undoes a revocation
  dock revoke --sn SERIAL

  --data DIR       data folder of the local stack (default .local)
  --outputs FILE   a stack on AWS instead: what "npx cdk deploy --outputs-file FILE" wrote
  --json           machine-readable output
  --help
`;

const OPTIONS = {
  name: { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  workspace: { type: 'string' },
  sn: { type: 'string' },
  data: { type: 'string', default: '.local' },
  outputs: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS; allowPositionals: true }>>['values'];
type Option = 'name' | 'username' | 'password' | 'workspace' | 'sn';

/** What a command prints: one object, or rows. */
type Answer = object | readonly object[];

interface Command {
  readonly required: readonly Option[];
  readonly optional?: readonly Option[];
  run(installation: Installation, values: Values): Promise<Answer>;
}

const workspaceOf = ({ workspace }: Values): WorkspaceId => {
  if (workspace === undefined || !isWorkspaceId(workspace))
    throw new Refusal('--workspace: expected a lower-case UUID', 2);
  return workspace;
};

const text = (values: Values, option: Option): string => values[option] ?? '';

const COMMANDS: Readonly<Record<string, Command>> = {
  'workspace create': { required: ['name'], run: (to, values) => createWorkspace(to, text(values, 'name')) },
  'workspace list': { required: [], run: (to) => listWorkspaces(to) },
  'user create': {
    required: ['username', 'workspace'],
    optional: ['password'],
    run: (to, values) => createUser(to, text(values, 'username'), workspaceOf(values), values.password),
  },
  'user list': {
    required: [],
    optional: ['workspace'],
    run: (to, values) => listUsers(to, values.workspace === undefined ? undefined : workspaceOf(values)),
  },
  'user disable': {
    required: ['username'],
    run: async (to, values) => {
      await disableUser(to, text(values, 'username'));
      return { username: values.username, enabled: false };
    },
  },
  'dock create': {
    required: ['sn', 'workspace'],
    run: (to, values) => createDock(to, text(values, 'sn'), workspaceOf(values)),
  },
  'dock list': { required: ['workspace'], run: (to, values) => listDocks(to, workspaceOf(values)) },
  'dock rotate': { required: ['sn'], run: (to, values) => rotateDock(to, text(values, 'sn')) },
  'dock revoke': {
    required: ['sn'],
    run: async (to, values) => {
      await revokeDock(to, text(values, 'sn'));
      return { sn: values.sn, revoked: true };
    },
  },
};

function render(answer: Answer): string {
  if (!Array.isArray(answer)) {
    const width = Math.max(...Object.keys(answer).map((key) => key.length));
    return Object.entries(answer)
      .map(([key, value]) => `${key.padEnd(width)}  ${value}\n`)
      .join('');
  }
  const [first] = answer;
  if (first === undefined) return 'none\n';
  const columns = Object.keys(first);
  const rows = [columns, ...answer.map((row) => columns.map((column) => String(row[column])))];
  const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

function parse(args: readonly string[]): { command: Command | undefined; values: Values } {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help || args.length === 0) return { command: undefined, values };
  const command = COMMANDS[positionals.join(' ')];
  if (command === undefined)
    throw new Refusal(`There is no command "${positionals.join(' ')}"; --help lists them`, 2);
  for (const option of command.required) {
    if (!values[option]) throw new Refusal(`${positionals.join(' ')} needs --${option}`, 2);
  }
  const known = new Set<string>([...command.required, ...(command.optional ?? [])]);
  for (const option of ['name', 'username', 'password', 'workspace', 'sn'] as const) {
    if (values[option] !== undefined && !known.has(option)) {
      throw new Refusal(`${positionals.join(' ')} does not take --${option}`, 2);
    }
  }
  return { command, values };
}

/** Runs one command line. Resolves to the exit code: 0, 1 for what was refused or failed, 2 for what was not understood. */
export async function runAdmin(
  args: readonly string[],
  output: { write(text: string): unknown },
  errors: { write(text: string): unknown },
): Promise<number> {
  try {
    const { command, values } = parse(args);
    if (command === undefined) {
      output.write(HELP);
      return args.length === 0 ? 2 : 0;
    }
    const answer = await command.run(
      openInstallation(values as Values & { outputs: string | undefined }),
      values,
    );
    output.write(values.json ? `${JSON.stringify(answer, null, 2)}\n` : render(answer));
    return 0;
  } catch (error) {
    if (error instanceof Refusal) {
      errors.write(`${error.message}\n`);
      return error.exitCode;
    }
    const { code, message, name } = error as NodeJS.ErrnoException;
    if (code?.startsWith('ERR_PARSE_ARGS')) {
      errors.write(`${message.split('. ')[0]}; --help lists the options\n`);
      return 2;
    }
    errors.write(`${name}: ${message || code}\n`);
    return 1;
  }
}
