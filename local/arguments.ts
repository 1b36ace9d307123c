import { parseArgs } from 'node:util';
import { DEFAULT_DATA_DIRECTORY } from './endpoints.ts';
import { DEFAULT_PORT, PORTS_IN_A_ROW } from './stack.ts';

/** The options of `npm start`. */
export interface StartArguments {
  /** Undefined when `--port` is not given. */
  readonly port: number | undefined;
  readonly host: string;
  readonly dataDirectory: string;
  readonly ephemeral: boolean;
  readonly sample: boolean;
  readonly once: boolean;
}

/** A wrong command line. Exit code 2. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

const HIGHEST_PORT = 65_535 - PORTS_IN_A_ROW + 1;

/** Text of `--help`. */
export const START_HELP = `Runs the whole media library on this machine and uploads two sample flights into it.

  npm start -- [options]

  --port N      port of the API; the other services take the ports after it, and 0 takes any free ports
                (default ${DEFAULT_PORT}, or the next free ones)
  --data DIR    folder of the data, which survives a restart (default ${DEFAULT_DATA_DIRECTORY})
  --ephemeral   keep the data in a temporary folder and delete it at the end
  --no-sample   upload nothing
  --once        upload the sample flights, print the result, and stop; exit code 1 when a file failed
  --host NAME   address to listen on (default 127.0.0.1; any other lets other machines reach the stack)

Ctrl-C stops it.`;

/** Reads the command line. Returns `'help'` for `--help`. Throws `ArgumentError`. */
export function parseStartArguments(argv: readonly string[]): StartArguments | 'help' {
  const values = parse(argv);
  if (values.help) return 'help';
  if (values.ephemeral && values.data !== undefined)
    throw new ArgumentError('--ephemeral and --data exclude each other');
  if (values.data === '') throw new ArgumentError('--data takes a folder');
  if (values.host === '') throw new ArgumentError('--host takes an address');
  return {
    port: portNumber(values.port),
    host: values.host ?? '127.0.0.1',
    dataDirectory: values.data ?? DEFAULT_DATA_DIRECTORY,
    ephemeral: values.ephemeral ?? false,
    sample: !values['no-sample'],
    once: values.once ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        host: { type: 'string' },
        data: { type: 'string' },
        ephemeral: { type: 'boolean' },
        'no-sample': { type: 'boolean' },
        once: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    // The first sentence says what is wrong; the rest is advice for programmers.
    const [sentence] = (error as Error).message.split('. ');
    throw new ArgumentError(sentence ?? 'The options cannot be read');
  }
}

function portNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= HIGHEST_PORT) return port;
  throw new ArgumentError(`--port takes a whole number from 0 to ${HIGHEST_PORT}, not "${text}"`);
}
