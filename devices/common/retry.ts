import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** How long after the first failure it goes on; a restart of the other side takes less. @default 30_000 */
  readonly patienceMs?: number;
  /** @default as many as fit */
  readonly attempts?: number;
  /** Wait before the second attempt; doubles with each one. @default 300 */
  readonly firstDelayMs?: number;
  /** @default 5_000 */
  readonly longestDelayMs?: number;
}

const PATIENCE_MS = 30_000;
const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 5_000;
/** The most that a server may ask for with `Retry-After`. */
const LONGEST_RETRY_AFTER_MS = 60_000;

/** Whether an HTTP status may be gone on the next attempt: throttling, a timeout or a fault of the server. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Wait before attempt number `attempt` (the second one is 2): exponential, with full jitter so that several
 * files that failed together do not come back together. The server's `Retry-After` wins when it is longer.
 */
export function retryDelayMs(attempt: number, policy: RetryPolicy = {}, retryAfterSeconds = 0): number {
  const { firstDelayMs = FIRST_DELAY_MS, longestDelayMs = LONGEST_DELAY_MS } = policy;
  const ceiling = Math.min(longestDelayMs, firstDelayMs * 2 ** (attempt - 2));
  const jittered = ceiling / 2 + (Math.random() * ceiling) / 2;
  return Math.max(jittered, Math.min(retryAfterSeconds * 1000, LONGEST_RETRY_AFTER_MS));
}

/** An error that says of itself whether another attempt makes sense. */
export interface MaybeTransient {
  readonly transient?: boolean;
  readonly retryAfterSeconds?: number;
}

/** Runs `attempt` until it succeeds, fails for good, or the policy is used up; then throws its last error. */
export async function retrying<Result>(
  attempt: () => Promise<Result>,
  policy: RetryPolicy = {},
  signal?: AbortSignal,
): Promise<Result> {
  const { attempts = Number.POSITIVE_INFINITY, patienceMs = PATIENCE_MS } = policy;
  let giveUpAtMs = Number.POSITIVE_INFINITY;
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const { transient, retryAfterSeconds } = error as MaybeTransient;
      giveUpAtMs = Math.min(giveUpAtMs, Date.now() + patienceMs);
      const isLast = number >= attempts || Date.now() >= giveUpAtMs;
      if (!transient || isLast || signal?.aborted) throw error;
      await sleep(retryDelayMs(number + 1, policy, retryAfterSeconds), undefined, { signal });
    }
  }
}
