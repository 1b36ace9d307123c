import { CommanderError } from 'commander';
import { type FunctionRow, MANIFEST } from '../../functions/manifest.ts';
import { FUNCTION_LIST, type InvokeOptions, invokeProgram, readText } from './arguments.ts';
import { type EventInput, eventOf, parseJson } from './events.ts';
import { type Invocation, reportJson, reportText } from './report.ts';
import { runFunction } from './run.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

interface Output {
  write(text: string): unknown;
}

function rowOf(name: string | undefined): FunctionRow {
  const row = MANIFEST.find((candidate) => candidate.name === name);
  if (row) return row;
  const problem = name === undefined ? 'Name a function.' : `There is no function "${name}".`;
  throw new UsageError(`${problem} The functions are:\n${FUNCTION_LIST}`);
}

function inputOf(options: InvokeOptions): EventInput {
  const claims = options.claims === undefined ? undefined : parseJson(options.claims, '--claims');
  return {
    workspaceId: options.workspace,
    user: options.user,
    claims: claims as EventInput['claims'],
    route: options.route,
    body: options.body === undefined ? undefined : readText(options.body),
    pathParameters: options.path,
    query: options.query,
    headers: options.header,
    gatewaySn: options.gatewaySn,
    password: options.password,
    objectKey: options.object,
  };
}

async function openTarget(row: FunctionRow, options: InvokeOptions): Promise<Target> {
  const { fakes, stored, recorded } = options;
  // Loaded only when needed: the clients of the stack take half a second.
  if (fakes) {
    const { openFakesTarget } = await import('./fakes-target.ts');
    return openFakesTarget({ stored, recorded: recorded.map(readText) });
  }
  if (stored.length > 0 || recorded.length > 0)
    throw new UsageError('--stored and --recorded need --fakes. In the local stack, upload files instead.');
  const { openStackTarget } = await import('./stack-target.ts');
  return openStackTarget(row, options.data);
}

async function eventFor(row: FunctionRow, options: InvokeOptions, target: Target): Promise<object> {
  const input = await target.prepare(inputOf(options));
  if (options.event === undefined) {
    await target.check(input, row);
    return eventOf(row, input, target.origin);
  }
  const event = parseJson(readText(`@${options.event}`), '--event');
  if (typeof event !== 'object' || event === null) throw new UsageError('--event is not a JSON object');
  return event;
}

async function invoke(name: string | undefined, options: InvokeOptions): Promise<Invocation> {
  const row = rowOf(name);
  const target = await openTarget(row, options);
  const event = await eventFor(row, options, target);
  target.begin();
  const outcome = await runFunction(row, structuredClone(event), target.origin);
  return { row, target: target.title, event, outcome, calls: target.calls() };
}

/**
 * Runs one command line. It can run once in a process, since it replaces the process's environment. Returns
 * the exit code: 0, 1 when the function threw, 2 for a wrong command line.
 */
export async function runInvoke(args: readonly string[], output: Output, errors: Output): Promise<number> {
  let exitCode = 0;
  const program = invokeProgram(async (name, options) => {
    const invocation = await invoke(name, options);
    output.write(options.json ? reportJson(invocation) : reportText(invocation));
    if (invocation.outcome.error) exitCode = 1;
  })
    .configureOutput({ writeOut: (text) => output.write(text), writeErr: (text) => errors.write(text) })
    .exitOverride();
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    errors.write(`${error.message.trimEnd()}\n`);
    return 2;
  }
}
