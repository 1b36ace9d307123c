import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { isGatewaySn } from '../../functions/core/gateway.ts';
import { isWorkspaceId } from '../../functions/core/workspace.ts';
import { MANIFEST } from '../../functions/manifest.ts';
import { DEFAULT_DATA_DIRECTORY } from '../endpoints.ts';
import { UsageError } from './usage-error.ts';

/** The options of `npm run invoke`. */
export interface InvokeOptions {
  readonly workspace?: string;
  readonly body?: string;
  readonly route?: string;
  readonly path: Readonly<Record<string, string>>;
  readonly query: readonly (readonly [string, string])[];
  readonly header: Readonly<Record<string, string>>;
  readonly user: string;
  readonly claims?: string;
  readonly gatewaySn?: string;
  readonly password?: string;
  readonly object?: string;
  readonly event?: string;
  readonly data: string;
  readonly fakes?: boolean;
  readonly stored: readonly string[];
  readonly recorded: readonly string[];
  readonly json?: boolean;
}

const width = Math.max(...MANIFEST.map(({ name }) => name.length));

/** A line for each function. */
export const FUNCTION_LIST = MANIFEST.map(({ name, does }) => `  ${name.padEnd(width)}  ${does}\n`).join('');

const EXAMPLES = `
Functions:
${FUNCTION_LIST}
Examples:
  npm run invoke -- fast-upload --workspace UUID --body '{"fingerprint":"0123456789abcdef0123456789abcdef"}'
  npm run invoke -- flight --workspace UUID --path flight_id=FLIGHT
  npm run invoke -- config --gateway-sn SERIAL
  npm run invoke -- upload-callback --fakes --stored KEY --body @report.json
`;

/** `@FILE` stands for the contents of the file, `@-` for standard input. */
export function readText(value: string): string {
  if (!value.startsWith('@')) return value;
  const file = value.slice(1);
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file} cannot be read: ${(cause as Error).message}`);
  }
}

function pairOf(value: string): [string, string] {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write NAME=VALUE.');
  return [value.slice(0, at), value.slice(at + 1)];
}

const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];
const collectPairs = (value: string, earlier: readonly (readonly [string, string])[]) => [
  ...earlier,
  pairOf(value),
];
const collectNames = (value: string, earlier: Readonly<Record<string, string>>) => {
  const [name, text] = pairOf(value);
  return { ...earlier, [name]: text };
};
const collectHeaders = (value: string, earlier: Readonly<Record<string, string>>) => {
  const [name, text] = pairOf(value);
  return { ...earlier, [name.toLowerCase()]: text };
};

/** An option that may be given several times. */
const repeated = <Value>(
  flags: string,
  description: string,
  add: (value: string, earlier: Value) => Value,
  none: Value,
): Option => new Option(flags, `${description}; can be repeated`).argParser(add).default(none, 'none');

function parseWorkspace(value: string): string {
  if (!isWorkspaceId(value)) throw new InvalidArgumentError('A workspace id is a lower-case UUID.');
  return value;
}

function parseSn(value: string): string {
  if (!isGatewaySn(value)) throw new InvalidArgumentError('A serial number is 1 to 64 letters and digits.');
  return value;
}

/** The command line. `run` gets its options. */
export const invokeProgram = (
  run: (functionName: string | undefined, options: InvokeOptions) => Promise<void>,
): Command =>
  new Command('npm run invoke --')
    .description(
      'Runs one function from its source and prints its response, its log lines and the calls that it made. It uses ' +
        'the addresses and the role that the function has in the running local stack, or keeps everything in ' +
        'memory (--fakes).',
    )
    .argument('[function]', 'name of the function')
    .option('--workspace <uuid>', 'workspace in the path and in the token', parseWorkspace)
    .option('--body <json>', 'body of a request, or "data" of a message; @FILE reads a file')
    .option('--route <route>', 'one of the routes of the function, such as "GET /…" (default: its first)')
    .addOption(repeated('--path <name=value>', 'path parameter', collectNames, {}))
    .addOption(repeated('--query <name=value>', 'query parameter', collectPairs, []))
    .addOption(repeated('--header <name=value>', 'header', collectHeaders, {}))
    .option('--user <name>', 'user in the token', 'pilot')
    .option('--claims <json>', 'claims of the token, in place of those for user and workspace')
    .option('--gateway-sn <serial>', 'dock or remote controller that sends a message', parseSn)
    .option('--password <password>', 'password that a gateway signs in with')
    .option('--object <key>', 'object of a bucket event')
    .option('--event <file>', 'the whole event, as Lambda gets it; - reads standard input')
    .option('--data <dir>', 'data folder of the local stack', DEFAULT_DATA_DIRECTORY)
    .option(
      '--fakes',
      'everything in memory: no stack, no AWS; the user pilot has the password pilot, a gateway its serial number',
    )
    .addOption(repeated('--stored <key[=md5]>', 'with --fakes: an object in the bucket', collect, []))
    .addOption(
      repeated(
        '--recorded <json>',
        'with --fakes: body of an earlier upload-callback, or @FILE',
        collect,
        [],
      ),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help lists functions and options)')
    .action(run);
