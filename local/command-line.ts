import { relative } from 'node:path';
import { isLoopback, StartError, type StartErrorCode, TemplateError } from '../packages/local-aws/index.ts';
import { ArgumentError, parseStartArguments, START_HELP, type StartArguments } from './arguments.ts';
import { DEFAULT_DATA_DIRECTORY, endpointsFile } from './endpoints.ts';
import { type SampleOutcome, uploadSample } from './sample-upload.ts';
import { type LocalStack, startLocalStack } from './stack.ts';
import { StackLog } from './stack-log.ts';
import { SynthesisError } from './synthesis.ts';

/** Under npm, Ctrl-C can arrive twice: from the terminal, and passed on by npm. */
const SAME_SIGNAL_IN_MILLISECONDS = 500;

/** What the user can do about an error. */
const WAYS_OUT: Readonly<Record<StartErrorCode, string>> = {
  'port-unavailable': 'choose others with --port',
  'no-such-host': 'choose another with --host',
  'data-in-use': 'choose another with --data',
  'data-unusable': 'choose another with --data',
};

type Terminal = Pick<NodeJS.Process, 'stdout' | 'stderr' | 'on' | 'exit'>;

/** Runs the command. Resolves to its exit code. */
export async function runLocalStack(argv: readonly string[], terminal: Terminal): Promise<number> {
  let options: StartArguments | 'help';
  try {
    options = parseStartArguments(argv);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    terminal.stderr.write(`${error.message}\nnpm start -- --help lists the options.\n`);
    return 2;
  }
  if (options === 'help') {
    terminal.stdout.write(`${START_HELP}\n`);
    return 0;
  }
  try {
    return await run(options, terminal, stopSignal(terminal));
  } catch (error) {
    terminal.stderr.write(`${explanation(error)}\n`);
    return 1;
  }
}

/**
 * An error that the user can act on is its message and advice; any other is a bug and gets its stack trace.
 */
function explanation(error: unknown): string {
  if (error instanceof StartError) return `${error.message}: ${WAYS_OUT[error.code]}`;
  if (error instanceof SynthesisError || error instanceof TemplateError) return error.message;
  return (error as Error).stack ?? String(error);
}

async function run(options: StartArguments, terminal: Terminal, stop: AbortSignal): Promise<number> {
  const say = (line = ''): void => void terminal.stdout.write(`${line}\n`);
  const log = new StackLog((line) => terminal.stderr.write(`! ${line}\n`));
  if (!isLoopback(options.host)) {
    say(
      `Listening on ${options.host}: anyone who can reach this machine can use the stack, without encryption.`,
    );
  }
  const stack = await startLocalStack({
    ...options,
    log: log.log,
    onOtherPorts: (reason, port) => say(`${reason}: the stack takes ports from ${port} on.`),
    onSynthesis: () => say('Synthesising the stack: the first time, and whenever its source has changed …'),
  });
  try {
    const logFile = log.open(stack.dataDirectory);
    // Counted from the start of the process, so loading modules is included.
    say(`Ready in ${(performance.now() / 1000).toFixed(1)} s.`);
    for (const line of whereEverythingIs(stack)) say(line);
    const failed = options.sample ? await sampleFlights(stack, say, stop) : 0;
    if (options.once) return failed > 0 ? 1 : 0;
    if (!stop.aborted) for (const line of whatToTypeNext(options, stack, logFile)) say(line);
    await aborted(stop);
    say('\nStopping …');
    return 0;
  } finally {
    log.quiet();
    await stack.close();
    log.close();
  }
}

/** Resolves to the number of files that failed. */
async function sampleFlights(
  { endpoints, dataDirectory }: LocalStack,
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<number> {
  let failed = 0;
  for (const [flight, title, owners] of [
    ['pilot', 'A sample flight, uploaded as DJI Pilot 2 does it:', endpoints.users],
    ['dock', 'A sample flight, uploaded as DJI Dock does it:', endpoints.docks],
  ] as const) {
    if (stop.aborted || owners.length === 0) continue;
    say(`\n${title}`);
    try {
      const outcome = await uploadSample(flight, dataDirectory, stop);
      for (const line of outcomeLines(outcome)) say(line);
      failed += outcome.failed;
    } catch (error) {
      if (stop.aborted) continue;
      say(`The upload failed: ${(error as Error).message}`);
      failed += 1;
    }
  }
  return failed;
}

function outcomeLines({ uploaded, alreadyThere, failed, bytes, reasons }: SampleOutcome): string[] {
  const parts = [
    uploaded > 0 && `${uploaded} files uploaded (${(bytes / 1e6).toFixed(1)} MB)`,
    alreadyThere > 0 && `${alreadyThere} there already`,
    failed > 0 && `${failed} failed`,
  ].filter(Boolean);
  return [...reasons.map((reason) => `failed: ${reason}`), `${parts.join(', ') || 'nothing to upload'}.`];
}

function whereEverythingIs({ endpoints }: LocalStack): string[] {
  const [user] = endpoints.users;
  const [dock] = endpoints.docks;
  const rows = [
    ['API', endpoints.api],
    ['page', endpoints.page],
    ['S3', `${endpoints.s3}, bucket ${endpoints.bucket}`],
    ...(endpoints.mqtt ? [['MQTT', endpoints.mqtt]] : []),
    ...(user
      ? [
          ['user', `${user.username}, password ${user.password}`],
          ['workspace', user.workspace_id],
        ]
      : []),
    ...(dock ? [['dock', `${dock.username}, password ${dock.password}`]] : []),
  ];
  return ['', ...rows.map(([name = '', value]) => `  ${name.padEnd(11)}${value}`)];
}

function whatToTypeNext(
  options: StartArguments,
  { endpoints, dataDirectory }: LocalStack,
  logFile: string,
): string[] {
  const { root, region, s3, bucket } = endpoints;
  const isDefault = !options.ephemeral && options.dataDirectory === DEFAULT_DATA_DIRECTORY;
  const data = isDefault ? '' : ` --data ${shortened(dataDirectory)}`;
  return [
    '\nNext, in another terminal:',
    `  npm run pilot -- --from DIR${data}     upload a folder of photos and videos as Pilot 2 does`,
    ...(endpoints.mqtt ? [`  npm run dock -- --from DIR${data}      the same as a dock does`] : []),
    `  AWS_ACCESS_KEY_ID=${root.access_key_id} AWS_SECRET_ACCESS_KEY=${root.secret_access_key} \\`,
    `    aws --endpoint-url ${s3} --region ${region} s3 ls --recursive s3://${bucket}`,
    '',
    `Everything else, for scripts: ${shortened(endpointsFile(dataDirectory))}. The log: ${shortened(logFile)}.`,
    `Ctrl-C stops the stack; ${options.ephemeral ? 'its data is deleted then' : 'the data stays'}.`,
  ];
}

function shortened(path: string): string {
  const fromHere = relative('.', path);
  return fromHere.startsWith('..') ? path : fromHere;
}

/** Aborts when the stack is asked to stop. The second request ends the process at once. */
function stopSignal(terminal: Terminal): AbortSignal {
  const controller = new AbortController();
  let askedAt: number | undefined;
  const stop = (): void => {
    if (askedAt !== undefined && Date.now() - askedAt > SAME_SIGNAL_IN_MILLISECONDS) terminal.exit(130);
    askedAt ??= Date.now();
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) terminal.on(signal, stop);
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
