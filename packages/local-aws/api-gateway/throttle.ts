import type { StageDefinition, Throttle } from './definitions.ts';

/** The token buckets of a stage, one for each route. */
export class Throttles {
  readonly #stage: StageDefinition;
  readonly #buckets = new Map<string, { tokens: number; filledAt: number }>();

  constructor(stage: StageDefinition) {
    this.#stage = stage;
  }

  /** Takes a token for a request on the route. False when there is none left. */
  take(routeKey: string, now: Date): boolean {
    const throttle = this.#stage.routeThrottles.get(routeKey) ?? this.#stage.throttle;
    return !throttle || this.#takeFrom(routeKey, throttle, now.getTime());
  }

  #takeFrom(routeKey: string, { ratePerSecond, burst }: Throttle, now: number): boolean {
    const bucket = this.#buckets.get(routeKey) ?? { tokens: burst, filledAt: now };
    this.#buckets.set(routeKey, bucket);
    const elapsedInSeconds = Math.max(0, now - bucket.filledAt) / 1000;
    bucket.tokens = Math.min(burst, bucket.tokens + elapsedInSeconds * ratePerSecond);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
