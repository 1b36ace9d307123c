import { randomUUID } from 'node:crypto';
import { matchesArnPattern } from '../iam/policy-pattern.ts';
import type { Log } from '../log.ts';
import type {
  FunctionCredentials,
  FunctionDefinition,
  FunctionError,
  InvocationResult,
  InvokePermission,
} from './definitions.ts';
import { functionEnvironment } from './environment.ts';
import { type PoolLimits, WorkerPool } from './worker-pool.ts';

/** Lambda's limits for events and responses. */
const SYNCHRONOUS_LIMIT_IN_BYTES = 6 * 1024 * 1024;
const ASYNCHRONOUS_LIMIT_IN_BYTES = 1024 * 1024;

/** What an on-failure destination receives. */
export interface FailureRecord {
  readonly version: '1.0';
  readonly timestamp: string;
  readonly requestContext: {
    readonly requestId: string;
    readonly functionArn: string;
    readonly condition: 'RetriesExhausted';
    readonly approximateInvokeCount: number;
  };
  readonly requestPayload: unknown;
  readonly responseContext: {
    readonly statusCode: 200;
    readonly executedVersion: '$LATEST';
    readonly functionError: 'Unhandled';
  };
  readonly responsePayload: FunctionError;
}

/** How to start the local Lambda. */
export interface LambdaOptions {
  readonly functions: readonly FunctionDefinition[];
  readonly permissions: readonly InvokePermission[];
  readonly region: string;
  readonly accountId: string;
  /** Standard variables of the SDK, such as `AWS_ENDPOINT_URL_S3`. Read whenever a worker starts. */
  readonly endpoints: () => Readonly<Record<string, string>>;
  /** New temporary credentials of a function's role. */
  readonly credentials: (definition: FunctionDefinition) => FunctionCredentials;
  readonly log: Log;
  /** Called with failed asynchronous invocations, and the destination in the template. */
  readonly onFailure?: ((destinationArn: string, record: FailureRecord) => void) | undefined;
  /**
   * Delays before asynchronous invocations are retried. @default 1 and 2 seconds; on AWS it is 1 and 2
   * minutes
   */
  readonly retryDelaysInMilliseconds?: readonly number[] | undefined;
  readonly limits?: Partial<PoolLimits> | undefined;
}

/** The functions of the template, which run from their bundles. */
export class Lambda {
  readonly #options: LambdaOptions;
  readonly #functions: ReadonlyMap<string, FunctionDefinition>;
  readonly #pool: WorkerPool;
  readonly #retries = new Map<NodeJS.Timeout, () => void>();
  readonly #running = new Set<Promise<unknown>>();
  /** Invocations of each function that have not ended. */
  readonly #inFlight = new Map<FunctionDefinition, number>();
  #closing = false;

  constructor(options: LambdaOptions) {
    this.#options = options;
    this.#functions = new Map(options.functions.map((definition) => [definition.arn, definition]));
    this.#pool = new WorkerPool(options);
  }

  /** The present number of workers. */
  get workers(): number {
    return this.#pool.size;
  }

  /** The maximum number of workers for one function. Further invocations wait. */
  get workersPerFunction(): number {
    return this.#pool.perFunction;
  }

  /** Whether the template allows a service to invoke the function on behalf of a source. */
  mayInvoke(
    functionArn: string,
    caller: { readonly principal: string; readonly sourceArn: string },
  ): boolean {
    return this.#options.permissions.some(
      (permission) =>
        permission.functionArn === functionArn &&
        permission.principal === caller.principal &&
        (permission.sourceAccount ?? this.#options.accountId) === this.#options.accountId &&
        (permission.sourceArn === undefined ||
          matchesArnPattern(permission.sourceArn, caller.sourceArn) === true),
    );
  }

  /**
   * The environment of a new worker of the function, with new credentials of its role. `label` is that of the
   * function. Undefined when there is no such function.
   */
  environment(label: string): Record<string, string> | undefined {
    const definition = [...this.#functions.values()].find((candidate) => candidate.label === label);
    if (!definition) return undefined;
    const { region, endpoints, credentials } = this.#options;
    return functionEnvironment(definition, {
      region,
      endpoints: endpoints(),
      credentials: credentials(definition),
      logStream: `outside/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    });
  }

  /**
   * Invokes the function and waits for its response. Fails when its reserved concurrency is used up. Rejects only
   * when there is no such function. `onStart` is called when a worker has taken the event. The queue before that
   * does not exist on AWS.
   */
  invoke(functionArn: string, event: unknown, onStart?: () => void): Promise<InvocationResult> {
    const definition = this.definition(functionArn);
    const { reservedConcurrency = Number.POSITIVE_INFINITY } = definition;
    if ((this.#inFlight.get(definition) ?? 0) >= reservedConcurrency) {
      const throttled = failed('TooManyRequestsException', 'Rate Exceeded.');
      if (!throttled.ok) this.#logFailure(definition, randomUUID(), throttled.error);
      return Promise.resolve(throttled);
    }
    return this.#track(this.#invoke(definition, randomUUID(), event, SYNCHRONOUS_LIMIT_IN_BYTES, onStart));
  }

  /**
   * Accepts an asynchronous event. Failures are retried, then sent to the function's on-failure destination.
   * The promise resolves to the result of the last attempt; it need not be awaited.
   */
  invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult> {
    return this.#track(this.#invokeWithRetries(this.definition(functionArn), event));
  }

  /** Waits for running invocations, for at most `graceInMilliseconds`, and ends the workers. */
  async close(graceInMilliseconds = 3_000): Promise<void> {
    this.#closing = true;
    for (const [timer, giveUp] of this.#retries) {
      clearTimeout(timer);
      giveUp();
    }
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceInMilliseconds);
    });
    await Promise.race([Promise.allSettled(this.#running), grace]);
    clearTimeout(timer);
    await this.#pool.close();
  }

  /** The function in the template. Throws when there is none. */
  definition(functionArn: string): FunctionDefinition {
    const definition = this.#functions.get(functionArn.replace(/:\$LATEST$/, ''));
    if (!definition) throw new Error(`There is no function ${functionArn}`);
    return definition;
  }

  async #invoke(
    definition: FunctionDefinition,
    requestId: string,
    event: unknown,
    limitInBytes: number,
    onStart?: () => void,
  ): Promise<InvocationResult> {
    const text = JSON.stringify(event) ?? 'null';
    const result =
      Buffer.byteLength(text) > limitInBytes
        ? failed(
            'RequestTooLargeException',
            `Request must be smaller than ${limitInBytes} bytes for the InvokeFunction operation`,
          )
        : checkedSize(await this.#run(definition, requestId, text, onStart));
    if (!result.ok) this.#logFailure(definition, requestId, result.error);
    return result;
  }

  async #run(
    definition: FunctionDefinition,
    requestId: string,
    event: string,
    onStart?: () => void,
  ): Promise<InvocationResult> {
    const count = (change: 1 | -1) =>
      this.#inFlight.set(definition, (this.#inFlight.get(definition) ?? 0) + change);
    count(1);
    try {
      return await this.#pool.run(definition, requestId, event, onStart);
    } finally {
      count(-1);
    }
  }

  async #invokeWithRetries(definition: FunctionDefinition, event: unknown): Promise<InvocationResult> {
    const requestId = randomUUID();
    const delays = this.#options.retryDelaysInMilliseconds ?? [1_000, 2_000];
    for (let attempt = 1; ; attempt += 1) {
      const result = await this.#invoke(definition, requestId, event, ASYNCHRONOUS_LIMIT_IN_BYTES);
      if (result.ok || this.#closing) return result;
      if (attempt > definition.retryAttempts) {
        this.#giveUp(definition, requestId, event, result.error, attempt);
        return result;
      }
      await this.#pause(delays[attempt - 1] ?? delays.at(-1) ?? 0);
      if (this.#closing) return result;
    }
  }

  #giveUp(
    definition: FunctionDefinition,
    requestId: string,
    event: unknown,
    error: FunctionError,
    attempts: number,
  ): void {
    const { onFailureArn } = definition;
    if (onFailureArn === undefined || !this.#options.onFailure) {
      const line = JSON.stringify({
        level: 'ERROR',
        requestId,
        message: 'An asynchronous event is dropped',
        attempts,
      });
      this.#options.log({ source: definition.label, line, level: 'error' });
      return;
    }
    this.#options.onFailure(onFailureArn, {
      version: '1.0',
      timestamp: new Date().toISOString(),
      requestContext: {
        requestId,
        functionArn: `${definition.arn}:$LATEST`,
        condition: 'RetriesExhausted',
        approximateInvokeCount: attempts,
      },
      requestPayload: event,
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      responsePayload: error,
    });
  }

  #logFailure(definition: FunctionDefinition, requestId: string, error: FunctionError): void {
    const { errorType, errorMessage, trace } = error;
    const line = JSON.stringify({ level: 'ERROR', requestId, errorType, errorMessage, stackTrace: trace });
    this.#options.log({ source: definition.label, line, level: 'error' });
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        resolve();
      }, milliseconds);
      this.#retries.set(timer, resolve);
    });
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    work.then(done, done);
    return work;
  }
}

function failed(errorType: string, errorMessage: string): InvocationResult {
  return { ok: false, error: { errorType, errorMessage, trace: [] } };
}

function checkedSize(result: InvocationResult): InvocationResult {
  if (!result.ok || Buffer.byteLength(result.payload) <= SYNCHRONOUS_LIMIT_IN_BYTES) return result;
  return failed(
    'Function.ResponseSizeTooLarge',
    `Response payload size exceeded maximum allowed payload size (${SYNCHRONOUS_LIMIT_IN_BYTES} bytes).`,
  );
}
