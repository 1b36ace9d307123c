import { setTimeout as sleep } from 'node:timers/promises';

/** How often and how patiently something is tried again. */
export interface RetryPolicy {
  /** @default 7 (about half a minute in all, long enough for a restart of the other side) */
  readonly attempts?: number;
  /** Wait before the second attempt; doubles with each one. @default 300 */
  readonly firstDelayMs?: number;
  /** @default 10_000 */
  readonly longestDelayMs?: number;
}

/** Whether an HTTP status may be gone on the next attempt: throttling, a timeout or a fault of the server. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Wait before attempt number `attempt` (the second one is 2): exponential, with full jitter so that several
 * files that failed together do not come back together. The server's `Retry-After` wins when it is longer.
 */
export function retryDelayMs(attempt: number, policy: RetryPolicy = {}, retryAfterSeconds = 0): number {
  const longest = policy.longestDelayMs ?? 10_000;
  const ceiling = Math.min(longest, (policy.firstDelayMs ?? 300) * 2 ** (attempt - 2));
  const jittered = ceiling / 2 + (Math.random() * ceiling) / 2;
  return Math.max(jittered, Math.min(retryAfterSeconds * 1000, 6 * longest));
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
  const attempts = policy.attempts ?? 7;
  for (let number = 1; ; number++) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const { transient, retryAfterSeconds } = error as MaybeTransient;
      if (!transient || number >= attempts || signal?.aborted) throw error;
      await sleep(retryDelayMs(number + 1, policy, retryAfterSeconds), undefined, { signal });
    }
  }
}
