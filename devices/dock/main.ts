/** `npm run dock`, from the command line to the exit code. */
import { ArgumentError } from '../common/arguments.ts';
import type { CommandProcess } from '../common/command-process.ts';
import { passwordPrompt } from '../common/password-prompt.ts';
import { transferProgress } from '../common/progress.ts';
import { runAsJson, summaryLines } from '../common/summary.ts';
import { DOCK_HELP, type DockArguments, parseDockArguments } from './arguments.ts';
import { type DockSummary, playDock } from './play-dock.ts';
import { resolveDockTarget } from './target.ts';

/** The document of `--json`. */
export const dockSummaryAsJson = (summary: DockSummary): object => ({
  mqtt: summary.mqtt,
  sn: summary.sn,
  workspace_id: summary.workspaceId,
  flight_id: summary.flightId,
  ...runAsJson(summary),
});

async function play(options: DockArguments, io: CommandProcess, signal: AbortSignal): Promise<number> {
  const people = options.json ? io.stderr : io.stdout;
  const target = await resolveDockTarget({
    ...options,
    environment: io.env,
    askPassword: passwordPrompt(io.stdin, io.stderr),
  });
  people.write(`Playing dock ${target.sn} with ${options.from}, at ${target.mqtt}.\n`);
  const summary = await playDock({ ...options, ...target, progress: transferProgress(people), signal });
  for (const line of summaryLines(summary)) people.write(`${line}\n`);
  if (summary.files.length > 0) people.write(`Flight ${summary.flightId}.\n`);
  if (options.json) io.stdout.write(`${JSON.stringify(dockSummaryAsJson(summary), null, 2)}\n`);
  if (summary.interrupted) return 130;
  return summary.failed > 0 ? 1 : 0;
}

/** Runs the command. Resolves to its exit code. `signal` aborts on Ctrl-C. */
export async function dock(
  argv: readonly string[],
  io: CommandProcess,
  signal: AbortSignal,
): Promise<number> {
  let wantsJson = argv.includes('--json');
  try {
    const options = parseDockArguments(argv);
    if (options === 'help') {
      io.stdout.write(`${DOCK_HELP}\n`);
      return 0;
    }
    wantsJson = options.json;
    return await play(options, io, signal);
  } catch (error) {
    if (signal.aborted) return 130;
    const message = error instanceof Error ? error.message : String(error);
    io.stderr.write(`${message}\n`);
    if (error instanceof ArgumentError) {
      io.stderr.write('npm run dock -- --help lists the options.\n');
      return 2;
    }
    if (wantsJson) io.stdout.write(`${JSON.stringify({ error: message })}\n`);
    return 1;
  }
}
