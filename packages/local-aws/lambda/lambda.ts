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

/** Lambda's limits for events and answers. */
const SYNCHRONOUS_LIMIT_IN_BYTES = 6 * 1024 * 1024;
const ASYNCHRONOUS_LIMIT_IN_BYTES = 1024 * 1024;

/** What an on-failure destination is told. */
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

/** What the local Lambda needs to start. */
export interface LambdaOptions {
  readonly functions: readonly FunctionDefinition[];
  readonly permissions: readonly InvokePermission[];
  readonly region: string;
  readonly accountId: string;
  /** Standard variables of the SDK, such as `AWS_ENDPOINT_URL_S3`; read whenever a worker starts. */
  readonly endpoints: () => Readonly<Record<string, string>>;
  /** New temporary credentials of a function's role. */
  readonly credentials: (definition: FunctionDefinition) => FunctionCredentials;
  readonly log: Log;
  /** Takes what a function failed to do asynchronously, at the destination that the template names. */
  readonly onFailure?: ((destinationArn: string, record: FailureRecord) => void) | undefined;
  /** Pauses before asynchronous invocations are repeated. @default 1 and 2 seconds; on AWS 1 and 2 minutes */
  readonly retryDelaysInMilliseconds?: readonly number[] | undefined;
  readonly limits?: Partial<PoolLimits> | undefined;
}

/** The functions of the template, run from their bundles. */
export class Lambda {
  readonly #options: LambdaOptions;
  readonly #functions: ReadonlyMap<string, FunctionDefinition>;
  readonly #pool: WorkerPool;
  readonly #retries = new Map<NodeJS.Timeout, () => void>();
  readonly #running = new Set<Promise<unknown>>();
  #closing = false;

  constructor(options: LambdaOptions) {
    this.#options = options;
    this.#functions = new Map(options.functions.map((definition) => [definition.arn, definition]));
    this.#pool = new WorkerPool(options);
  }

  /** How many workers there are now. */
  get workers(): number {
    return this.#pool.size;
  }

  /** How many workers one function may have: more invocations of it wait. */
  get workersPerFunction(): number {
    return this.#pool.perFunction;
  }

  /** Whether a permission of the template lets a service call the function on behalf of a source. */
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
   * The environment that a new worker of the function would get now, with new credentials of its role. `label` is the
   * function's; undefined when there is none of that label.
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

  /** Invokes and waits for the answer. Rejects only when there is no such function. */
  invoke(functionArn: string, event: unknown): Promise<InvocationResult> {
    return this.#track(
      this.#invoke(this.definition(functionArn), randomUUID(), event, SYNCHRONOUS_LIMIT_IN_BYTES),
    );
  }

  /**
   * Accepts an event as a rule or a bucket sends it: failures are repeated, then handed to the function's on-failure
   * destination. The promise tells how the last attempt ended; nobody has to wait for it.
   */
  invokeEvent(functionArn: string, event: unknown): Promise<InvocationResult> {
    return this.#track(this.#invokeWithRetries(this.definition(functionArn), event));
  }

  /** Lets running invocations finish, for at most `graceInMilliseconds`, and ends the workers. */
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

  /** What the template declares of a function. Throws when there is no such function. */
  definition(functionArn: string): FunctionDefinition {
    const definition = this.#functions.get(functionArn.replace(/:\$LATEST$/, ''));
    if (!definition) throw new Error(`There is no function ${functionArn}`);
    return definition;
  }

  async #invoke(
    definition: FunctionDefinition,
    requestId: string,
    event: unknown,
    limitBytes: number,
  ): Promise<InvocationResult> {
    const text = JSON.stringify(event) ?? 'null';
    const result =
      Buffer.byteLength(text) > limitBytes
        ? failed(
            'RequestTooLargeException',
            `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`,
          )
        : checkedSize(await this.#pool.run(definition, requestId, text));
    if (!result.ok) this.#logFailure(definition, requestId, result.error);
    return result;
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
