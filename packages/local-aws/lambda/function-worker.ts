import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';
import type { Log } from '../log.ts';
import type {
  FunctionCredentials,
  FunctionDefinition,
  FunctionError,
  InvocationResult,
} from './definitions.ts';
import { functionEnvironment } from './environment.ts';

/** Lambda's limit for loading a function. */
const INIT_TIMEOUT_IN_MILLISECONDS = 10_000;

/** Enough for the short-lived objects of one event. V8's own default takes 3 MB more for each worker. */
const YOUNG_GENERATION_IN_MEGABYTES = 4;

const WORKER_FILE = new URL('worker.mjs', import.meta.url);

type Message =
  | { readonly type: 'ready' }
  | { readonly type: 'init-error'; readonly error: FunctionError }
  | { readonly type: 'output'; readonly stream: 'stdout' | 'stderr'; readonly text: string }
  | { readonly type: 'result'; readonly requestId: string; readonly payload: string }
  | { readonly type: 'error'; readonly requestId: string; readonly error: FunctionError };

/** What all workers need besides their functions. */
export interface WorkerOptions {
  readonly region: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly credentials: FunctionCredentials;
  readonly log: Log;
}

/**
 * An execution environment of a function: a thread that has loaded the bundle and handles one event at a
 * time.
 */
export class FunctionWorker {
  readonly definition: FunctionDefinition;
  /** The worker cannot be used longer: the SDK in it reads its credentials once. */
  readonly credentialsExpireAt: Date;
  /** Why the function could not be loaded; undefined when it was. */
  readonly started: Promise<FunctionError | undefined>;
  /** Settles when the thread has ended. */
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #fail: ((error: FunctionError) => void) | undefined;
  #settle: ((result: InvocationResult) => void) | undefined;
  #error: FunctionError | undefined;
  #usable = true;

  constructor(definition: FunctionDefinition, options: WorkerOptions) {
    this.definition = definition;
    this.credentialsExpireAt = options.credentials.expiresAt;
    const logStream = `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${randomUUID().replaceAll('-', '')}`;
    this.#worker = new Worker(WORKER_FILE, {
      name: definition.label,
      env: functionEnvironment(definition, { ...options, logStream }),
      argv: [],
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: definition.memoryInMegabytes,
        maxYoungGenerationSizeMb: YOUNG_GENERATION_IN_MEGABYTES,
      },
      workerData: {
        codeDirectory: definition.codeDirectory,
        handlerName: definition.handler,
        functionName: definition.name,
        functionArn: definition.arn,
        memoryInMegabytes: definition.memoryInMegabytes,
        logGroup: definition.logGroup,
        logStream,
      },
    });
    const log = (line: string): void => options.log({ source: definition.label, line });
    const output = { stdout: new LineReader(log), stderr: new LineReader(log) };
    // What Node itself has to say, such as warnings, does not come as a message.
    for (const stream of [this.#worker.stdout, this.#worker.stderr]) onLines(stream, log);
    this.started = this.#start();
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', (exitCode) => {
        this.#usable = false;
        for (const reader of Object.values(output)) reader.end();
        // An uncaught error says more than the exit code that follows.
        this.#fail?.(this.#error ?? exitError(exitCode));
        resolve();
      });
    });
    this.#worker.on('error', (error: unknown) => {
      this.#error = uncaughtError(error);
    });
    this.#worker.on('message', (message: Message) => {
      // The lines of an invocation come before its answer, so they are in the log when its caller has that.
      if (message.type === 'output') output[message.stream].read(message.text);
      if (message.type === 'result') this.#settle?.({ ok: true, payload: message.payload });
      if (message.type === 'error') this.#settle?.({ ok: false, error: message.error });
    });
  }

  /** Runs the handler. Never rejects. After a timeout or crash the worker has ended. */
  async invoke(requestId: string, event: string): Promise<InvocationResult> {
    const { timeoutInSeconds } = this.definition;
    const milliseconds = timeoutInSeconds * 1000;
    let timer: NodeJS.Timeout | undefined;
    const result = await new Promise<InvocationResult>((resolve) => {
      this.#settle = resolve;
      this.#fail = (error) =>
        resolve({
          ok: false,
          error: { ...error, errorMessage: `RequestId: ${requestId} Error: ${error.errorMessage}` },
        });
      timer = setTimeout(() => {
        this.#fail?.(timeoutError(timeoutInSeconds));
        void this.terminate();
      }, milliseconds);
      const traceId = `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomUUID().replaceAll('-', '').slice(0, 24)};Sampled=0`;
      this.#worker.postMessage({ requestId, event, deadline: Date.now() + milliseconds, traceId });
    });
    clearTimeout(timer);
    this.#settle = undefined;
    this.#fail = undefined;
    return result;
  }

  /** Whether it can take another event. It cannot after a timeout, a crash or `end`. */
  get usable(): boolean {
    return this.#usable;
  }

  async terminate(): Promise<void> {
    this.#usable = false;
    await this.#worker.terminate();
  }

  async #start(): Promise<FunctionError | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const error = await new Promise<FunctionError | undefined>((resolve) => {
      this.#fail = resolve;
      timer = setTimeout(
        () => resolve(timeoutError(INIT_TIMEOUT_IN_MILLISECONDS / 1000)),
        INIT_TIMEOUT_IN_MILLISECONDS,
      );
      this.#worker.on('message', (message: Message) => {
        if (message.type === 'ready') resolve(undefined);
        if (message.type === 'init-error') resolve(message.error);
      });
    });
    clearTimeout(timer);
    this.#fail = undefined;
    if (error) await this.terminate();
    return error;
  }
}

/** Cuts text into lines, however it comes. */
class LineReader {
  readonly #take: (line: string) => void;
  #rest = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  read(text: string): void {
    const lines = `${this.#rest}${text}`.split(/\r?\n/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '') this.#take(line);
  }

  /** A last line may lack its end. */
  end(): void {
    if (this.#rest !== '') this.#take(this.#rest);
    this.#rest = '';
  }
}

function onLines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', (line) => {
    if (line !== '') take(line);
  });
}

function timeoutError(seconds: number): FunctionError {
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `Task timed out after ${seconds.toFixed(2)} seconds`,
    trace: [],
  };
}

function exitError(exitCode: number): FunctionError {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage:
      exitCode === 0
        ? 'Runtime exited without providing a reason'
        : `Runtime exited with error: exit status ${exitCode}`,
    trace: [],
  };
}

function uncaughtError(error: unknown): FunctionError {
  if (!(error instanceof Error))
    return { errorType: 'Runtime.ExitError', errorMessage: String(error), trace: [] };
  if ((error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return {
      errorType: 'Runtime.OutOfMemory',
      errorMessage: 'Runtime exited with error: signal: killed',
      trace: [],
    };
  }
  return { errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') };
}
