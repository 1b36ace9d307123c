/** `npm run pilot` from the command line to the exit code. */
import { ApiError, UnreachableError } from './api-http.ts';
import { ArgumentError, PILOT_HELP, type PilotArguments, parsePilotArguments } from './arguments.ts';
import { transferProgress } from './progress.ts';
import { summaryAsJson, summaryLines } from './summary.ts';
import { passwordPrompt, resolveTarget } from './target.ts';
import { uploadFolder } from './upload-folder.ts';

/** What the command line talks to; the process, except in tests. */
export interface PilotProcess {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

async function upload(options: PilotArguments, io: PilotProcess, signal: AbortSignal): Promise<number> {
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

/** Why a run could not even begin, in words that help. */
function explain(error: unknown, isLocal: boolean): string {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof ApiError && error.status === 401) return `Sign-in refused: ${message}`;
  if (error instanceof UnreachableError && isLocal)
    return `${message}. Is the local stack running? Start it with "npm start"`;
  return message;
}

/** Runs the command and answers its exit code. `signal` is Ctrl-C. */
export async function pilot(argv: readonly string[], io: PilotProcess, signal: AbortSignal): Promise<number> {
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
      io.stderr.write('npm run pilot -- --help tells what there is.\n');
      return 2;
    }
    if (options?.json) io.stdout.write(`${JSON.stringify({ error: text })}\n`);
    return 1;
  }
}
