/** `npm run pilot`, from the command line to the exit code. */

import { ArgumentError } from '../common/arguments.ts';
import type { CommandProcess } from '../common/command-process.ts';
import { passwordPrompt } from '../common/password-prompt.ts';
import { transferProgress } from '../common/progress.ts';
import { runAsJson, summaryLines } from '../common/summary.ts';
import { ApiError, UnreachableError } from './api-http.ts';
import { PILOT_HELP, type PilotArguments, parsePilotArguments } from './arguments.ts';
import { resolveTarget } from './target.ts';
import { type UploadSummary, uploadFolder } from './upload-folder.ts';

/** The document of `--json`. */
export const summaryAsJson = (summary: UploadSummary): object => ({
  api: summary.api,
  workspace_id: summary.workspaceId,
  ...runAsJson(summary),
});

async function upload(options: PilotArguments, io: CommandProcess, signal: AbortSignal): Promise<number> {
  const people = options.json ? io.stderr : io.stdout;
  const target = await resolveTarget({
    ...options,
    environment: io.env,
    askPassword: passwordPrompt(io.stdin, io.stderr),
  });
  people.write(`Uploading ${options.from} to ${target.api} as ${target.username}.\n`);
  const summary = await uploadFolder({ ...options, ...target, progress: transferProgress(people), signal });
  for (const line of summaryLines(summary)) people.write(`${line}\n`);
  if (options.json) io.stdout.write(`${JSON.stringify(summaryAsJson(summary), null, 2)}\n`);
  if (summary.interrupted) return 130;
  return summary.failed > 0 ? 1 : 0;
}

/** Why a run could not start, in words that help. */
function explain(error: unknown, isLocal: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError && error.status === 401) return `Sign-in failed: ${message}`;
  if (error instanceof UnreachableError && isLocal)
    return `${message}. Is the local stack running? Start it with "npm start"`;
  return message;
}

/** Runs the command. Resolves to its exit code. `signal` aborts on Ctrl-C. */
export async function pilot(
  argv: readonly string[],
  io: CommandProcess,
  signal: AbortSignal,
): Promise<number> {
  let options: PilotArguments | undefined;
  try {
    const parsed = parsePilotArguments(argv);
    if (parsed === 'help') {
      io.stdout.write(`${PILOT_HELP}\n`);
      return 0;
    }
    options = parsed;
    return await upload(options, io, signal);
  } catch (error) {
    if (signal.aborted) return 130;
    const text = explain(error, options?.api === undefined);
    io.stderr.write(`${text}\n`);
    if (error instanceof ArgumentError) {
      io.stderr.write('npm run pilot -- --help lists the options.\n');
      return 2;
    }
    if (options?.json) io.stdout.write(`${JSON.stringify({ error: text })}\n`);
    return 1;
  }
}
