import type { Log } from '../log.ts';
import type { FunctionCredentials, FunctionDefinition, InvocationResult } from './definitions.ts';
import { FunctionWorker } from './function-worker.ts';

/** How many workers there may be, and for how long. A worker that has loaded the SDK takes about 20 MB. */
export interface PoolLimits {
  /** Workers of one function. */
  readonly perFunction: number;
  /** Workers of all functions together. */
  readonly total: number;
  /** How long an event waits for a busy worker before another one is started. */
  readonly growAfterInMilliseconds: number;
  /**
   * How long an idle worker is kept when other functions could use its place. A function's last worker is
   * kept longer.
   */
  readonly retireAfterInMilliseconds: number;
}

/** Measured on two cores: starting a worker takes 60 to 110 ms, a call of a warm one 5 to 15. */
export const DEFAULT_LIMITS: PoolLimits = {
  perFunction: 2,
  total: 4,
  growAfterInMilliseconds: 50,
  retireAfterInMilliseconds: 2_000,
};

/** Credentials must be valid this much longer than the invocation. */
const CREDENTIALS_MARGIN_IN_MILLISECONDS = 5 * 60_000;

interface Job {
  readonly requestId: string;
  readonly event: string;
  readonly resolve: (result: InvocationResult) => void;
  readonly onStart: (() => void) | undefined;
  readonly queuedAt: number;
}

interface Slot {
  readonly worker: FunctionWorker;
  readonly definition: FunctionDefinition;
  state: 'starting' | 'idle' | 'busy' | 'ended';
  idleSince: number;
  retirement?: NodeJS.Timeout;
}

/** How to create the pool. */
export interface WorkerPoolOptions {
  readonly region: string;
  /** Read when a worker starts: services may start later than the pool. */
  readonly endpoints: () => Readonly<Record<string, string>>;
  readonly credentials: (definition: FunctionDefinition) => FunctionCredentials;
  readonly log: Log;
  /** @default DEFAULT_LIMITS */
  readonly limits?: Partial<PoolLimits> | undefined;
}

/** Runs events on workers, which are started when needed. Events wait when all workers are busy. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #limits: PoolLimits;
  readonly #slots = new Set<Slot>();
  readonly #queues = new Map<FunctionDefinition, Job[]>();
  readonly #growing = new Set<FunctionDefinition>();
  #closed = false;

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
  }

  /** The present number of workers. */
  get size(): number {
    return this.#slots.size;
  }

  /** The maximum number of workers for one function. */
  get perFunction(): number {
    return this.#limits.perFunction;
  }

  /** Runs the function's handler. Never rejects. `onStart` is called when a worker has taken the event. */
  run(
    definition: FunctionDefinition,
    requestId: string,
    event: string,
    onStart?: () => void,
  ): Promise<InvocationResult> {
    if (this.#closed) return Promise.resolve(stopped());
    return new Promise((resolve) => {
      const queue = this.#queues.get(definition) ?? [];
      this.#queues.set(definition, queue);
      queue.push({ requestId, event, resolve, onStart, queuedAt: Date.now() });
      this.#serve(definition);
    });
  }

  /** Ends all workers. Waiting and running events end with an error. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const queue of this.#queues.values()) {
      for (const job of queue.splice(0)) job.resolve(stopped());
    }
    await Promise.all([...this.#slots].map((slot) => this.#end(slot)));
  }

  /** Gives waiting events to idle workers, and starts a worker when none will be free soon. */
  #serve(definition: FunctionDefinition): void {
    const queue = this.#queues.get(definition);
    if (!queue || this.#closed) return;
    for (let slot = this.#idleSlot(definition); slot && queue.length > 0; slot = this.#idleSlot(definition)) {
      const job = queue.shift();
      if (job) void this.#work(slot, job);
    }
    const [oldest] = queue;
    if (!oldest) return;
    const own = this.#ofFunction(definition);
    const starting = own.filter((slot) => slot.state === 'starting').length;
    if (starting >= queue.length) return;
    const waited = Date.now() - oldest.queuedAt;
    if (own.length > 0 && waited < this.#limits.growAfterInMilliseconds) {
      this.#serveLater(definition, this.#limits.growAfterInMilliseconds - waited);
      return;
    }
    if (this.#mayStart(own.length)) this.#start(definition);
  }

  #serveLater(definition: FunctionDefinition, milliseconds: number): void {
    if (this.#growing.has(definition)) return;
    this.#growing.add(definition);
    setTimeout(() => {
      this.#growing.delete(definition);
      this.#serve(definition);
    }, milliseconds).unref();
  }

  #mayStart(ownWorkers: number): boolean {
    if (ownWorkers >= this.#limits.perFunction) return false;
    if (this.#slots.size < this.#limits.total) return true;
    // A function without any worker takes the place of the worker that has been idle longest. A function that
    // needs one more takes only a place that seems unused.
    const idleSince =
      ownWorkers === 0 ? Number.POSITIVE_INFINITY : Date.now() - this.#limits.retireAfterInMilliseconds;
    const [longestIdle] = [...this.#slots]
      .filter((slot) => slot.state === 'idle' && slot.idleSince <= idleSince)
      .sort((left, right) => left.idleSince - right.idleSince);
    if (!longestIdle) return false;
    void this.#end(longestIdle);
    return true;
  }

  #start(definition: FunctionDefinition): void {
    const { region, log } = this.#options;
    const worker = new FunctionWorker(definition, {
      region,
      log,
      endpoints: this.#options.endpoints(),
      credentials: this.#options.credentials(definition),
    });
    const slot: Slot = { worker, definition, state: 'starting', idleSince: Date.now() };
    this.#slots.add(slot);
    void worker.started.then((error) => {
      if (!error) {
        void worker.ended.then(() => this.#forget(slot));
        // The event that the worker was started for comes first.
        const job = this.#queues.get(definition)?.shift();
        if (job) void this.#work(slot, job);
        else this.#rest(slot);
        return;
      }
      // As on AWS, a function that cannot be loaded fails every event that starts a worker.
      this.#queues.get(definition)?.shift()?.resolve({ ok: false, error });
      this.#forget(slot);
    });
  }

  async #work(slot: Slot, job: Job): Promise<void> {
    slot.state = 'busy';
    clearTimeout(slot.retirement);
    job.onStart?.();
    const result = await slot.worker.invoke(job.requestId, job.event);
    job.resolve(result);
    if (slot.state !== 'busy') return;
    if (slot.worker.usable) this.#rest(slot);
    else this.#forget(slot);
  }

  #rest(slot: Slot): void {
    slot.state = 'idle';
    slot.idleSince = Date.now();
    slot.retirement = setTimeout(() => {
      const others = this.#ofFunction(slot.definition).filter((other) => other !== slot);
      if (slot.state === 'idle' && others.length > 0) void this.#end(slot);
    }, this.#limits.retireAfterInMilliseconds).unref();
    this.#serveAll(slot.definition);
  }

  /** The worker that was used last, so that the others can be retired. */
  #idleSlot(definition: FunctionDefinition): Slot | undefined {
    const idle = this.#ofFunction(definition)
      .filter((slot) => slot.state === 'idle')
      .sort((left, right) => right.idleSince - left.idleSince);
    const neededUntil = Date.now() + definition.timeoutInSeconds * 1000 + CREDENTIALS_MARGIN_IN_MILLISECONDS;
    return idle.find((slot) => {
      if (slot.worker.credentialsExpireAt.getTime() > neededUntil) return true;
      void this.#end(slot);
      return false;
    });
  }

  #ofFunction(definition: FunctionDefinition): Slot[] {
    return [...this.#slots].filter((slot) => slot.definition === definition);
  }

  async #end(slot: Slot): Promise<void> {
    this.#remove(slot);
    await slot.worker.terminate();
  }

  #forget(slot: Slot): void {
    if (this.#remove(slot)) this.#serveAll(slot.definition);
  }

  #remove(slot: Slot): boolean {
    clearTimeout(slot.retirement);
    slot.state = 'ended';
    return this.#slots.delete(slot);
  }

  /** A worker is free: functions without workers come before the one that it has just served. */
  #serveAll(last: FunctionDefinition): void {
    const without = [...this.#queues.keys()].filter(
      (definition) => this.#ofFunction(definition).length === 0,
    );
    for (const definition of new Set([...without, last, ...this.#queues.keys()])) this.#serve(definition);
  }
}

function stopped(): InvocationResult {
  return {
    ok: false,
    error: { errorType: 'Stopped', errorMessage: 'The local stack is stopping', trace: [] },
  };
}
