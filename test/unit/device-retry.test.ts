import { afterEach, describe, expect, it, vi } from 'vitest';
import { isTransientStatus, retryDelayInMilliseconds, retrying } from '../../devices/common/retry.ts';
import { ApiError, UnreachableError } from '../../devices/pilot/api-http.ts';

const quick = { firstDelayInMilliseconds: 1, longestDelayInMilliseconds: 2, attempts: 4 };

/** Fails with each of `errors` in turn, then answers. */
function failing(...errors: Error[]) {
  let calls = 0;
  const attempt = async (): Promise<string> => {
    const error = errors[calls++];
    if (error) throw error;
    return 'done';
  };
  return { attempt, calls: () => calls };
}

describe('the retried errors', () => {
  it.each([408, 429, 500, 502, 503, 504])('include status %i', (status) => {
    expect(isTransientStatus(status)).toBe(true);
  });

  it.each([200, 301, 400, 401, 403, 404, 413])('do not include status %i', (status) => {
    expect(isTransientStatus(status)).toBe(false);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

describe('retrying', () => {
  it('retries faults of the server and the network', async () => {
    const work = failing(
      new ApiError(503, 'busy'),
      new UnreachableError('nobody'),
      new ApiError(429, 'slower'),
    );
    expect(await retrying(work.attempt, quick)).toBe('done');
    expect(work.calls()).toBe(4);
  });

  it('stops at once for a final response', async () => {
    const work = failing(new ApiError(400, 'no such field'));
    await expect(retrying(work.attempt, quick)).rejects.toThrow('no such field');
    expect(work.calls()).toBe(1);
  });

  it('throws the last error after its attempts', async () => {
    const errors = ['first', 'second', 'third', 'last', 'never'].map((text) => new ApiError(500, text));
    const work = failing(...errors);
    await expect(retrying(work.attempt, quick)).rejects.toThrow('last');
    expect(work.calls()).toBe(4);
  });

  it('retries for half a minute after the first failure, however long that one took', async () => {
    let now = 1_000_000;
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    const seconds = [60, 10, 10, 9, 2, 1];
    let calls = 0;
    const attempt = async (): Promise<never> => {
      now += (seconds[calls++] ?? 0) * 1000;
      throw new UnreachableError(`attempt ${calls}`);
    };
    const { firstDelayInMilliseconds, longestDelayInMilliseconds } = quick;
    await expect(retrying(attempt, { firstDelayInMilliseconds, longestDelayInMilliseconds })).rejects.toThrow(
      'attempt 5',
    );
  });

  it('stops waiting when it is aborted', async () => {
    const stop = new AbortController();
    const work = failing(new ApiError(503, 'busy'));
    const slow = retrying(
      work.attempt,
      { firstDelayInMilliseconds: 60_000, longestDelayInMilliseconds: 60_000 },
      stop.signal,
    );
    setTimeout(() => stop.abort(new Error('stopped')), 5);
    await expect(slow).rejects.toThrow();
    expect(work.calls()).toBe(1);
  });
});

describe('retryDelayInMilliseconds', () => {
  it('doubles, with jitter, up to its limit', () => {
    const policy = { firstDelayInMilliseconds: 100, longestDelayInMilliseconds: 1000 };
    for (const [attempt, ceiling] of [
      [2, 100],
      [3, 200],
      [4, 400],
      [9, 1000],
    ] as const) {
      const delays = Array.from({ length: 50 }, () => retryDelayInMilliseconds(attempt, policy));
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(ceiling / 2);
      expect(Math.max(...delays)).toBeLessThanOrEqual(ceiling);
      expect(new Set(delays).size).toBeGreaterThan(10);
    }
  });

  it('is that of the Retry-After header, within a limit', () => {
    expect(
      retryDelayInMilliseconds(2, { firstDelayInMilliseconds: 100, longestDelayInMilliseconds: 10_000 }, 5),
    ).toBe(5000);
    expect(
      retryDelayInMilliseconds(
        2,
        { firstDelayInMilliseconds: 100, longestDelayInMilliseconds: 10_000 },
        86_400,
      ),
    ).toBe(60_000);
  });
});
