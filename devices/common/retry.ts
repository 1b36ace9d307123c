import { setTimeout as sleep } from 'node:timers/promises';

/** How often, and for how long, something is retried. */
export interface RetryPolicy {
  /** How long after the first failure it is retried. A restart of the server takes less. @default 30_000 */
  readonly patienceInMilliseconds?: number;
  /** @default no limit */
  readonly attempts?: number;
  /** Delay before the second attempt; it doubles with each attempt. @default 300 */
  readonly firstDelayInMilliseconds?: number;
  /** @default 5_000 */
  readonly longestDelayInMilliseconds?: number;
}

const PATIENCE_IN_MILLISECONDS = 30_000;
const FIRST_DELAY_IN_MILLISECONDS = 300;
const LONGEST_DELAY_IN_MILLISECONDS = 5_000;
/** The longest `Retry-After` of a server that is respected. */
const LONGEST_RETRY_AFTER_IN_MILLISECONDS = 60_000;

/** Whether a request with this HTTP status may succeed later: throttling, a timeout or a server error. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Delay before attempt `attempt` (the second is 2): exponential, with full jitter, so that files that failed
 * together are not retried together. A longer `Retry-After` of the server takes precedence.
 */
export function retryDelayInMilliseconds(
  attempt: number,
  policy: RetryPolicy = {},
  retryAfterInSeconds = 0,
): number {
  const {
    firstDelayInMilliseconds = FIRST_DELAY_IN_MILLISECONDS,
    longestDelayInMilliseconds = LONGEST_DELAY_IN_MILLISECONDS,
  } = policy;
  const ceiling = Math.min(longestDelayInMilliseconds, firstDelayInMilliseconds * 2 ** (attempt - 2));
  const jittered = ceiling / 2 + (Math.random() * ceiling) / 2;
  return Math.max(jittered, Math.min(retryAfterInSeconds * 1000, LONGEST_RETRY_AFTER_IN_MILLISECONDS));
}

/** An error that says whether a retry may help. */
export interface MaybeTransient {
  readonly transient?: boolean;
  readonly retryAfterInSeconds?: number;
}

/** Runs `attempt` until it succeeds, fails for good, or the policy is used up; then throws the last error. */
export async function retrying<Result>(
  attempt: () => Promise<Result>,
  policy: RetryPolicy = {},
  signal?: AbortSignal,
): Promise<Result> {
  const { attempts = Number.POSITIVE_INFINITY, patienceInMilliseconds = PATIENCE_IN_MILLISECONDS } = policy;
  let giveUpAtInMilliseconds = Number.POSITIVE_INFINITY;
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const { transient, retryAfterInSeconds } = error as MaybeTransient;
      giveUpAtInMilliseconds = Math.min(giveUpAtInMilliseconds, Date.now() + patienceInMilliseconds);
      const isLast = number >= attempts || Date.now() >= giveUpAtInMilliseconds;
      if (!transient || isLast || signal?.aborted) throw error;
      await sleep(retryDelayInMilliseconds(number + 1, policy, retryAfterInSeconds), undefined, { signal });
    }
  }
}
