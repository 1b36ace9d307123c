import type { CachePolicyDefinition } from './definitions.ts';
import { cacheControlOf, type Headers, headerText } from './headers.ts';

/** A response whose body is in memory. */
export interface StoredResponse {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** The status of the origin: an error can have a page with another one. */
  readonly originStatus: number;
}

interface Entry {
  readonly response: StoredResponse;
  readonly storedAt: number;
  expiresAt: number;
}

/** Successes and redirects that are cached. */
const CACHED_STATUSES = [200, 203, 204, 300, 301, 302, 303, 307, 308];
const CACHED_ERRORS = [404, 405, 414, 500, 501, 502, 503, 504];
/** Errors that are cached if the origin says for how long. */
const CACHED_ERRORS_WITH_AGE = [400, 403, 412, 415];

/** The whole cache. An edge of CloudFront has more, so what does not fit here is only fetched more often. */
const MAX_BYTES = 16 * 1024 * 1024;

/** An edge's cache, in memory. It is empty after each start, as after an invalidation of everything. */
export class EdgeCache {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: () => Date;
  #bytes = 0;

  constructor(clock: () => Date) {
    this.#clock = clock;
  }

  /** A response that is still fresh, with its age. */
  fresh(key: string): { readonly response: StoredResponse; readonly ageInSeconds: number } | undefined {
    const entry = this.#entries.get(key);
    const now = this.#clock().getTime();
    if (!entry || entry.expiresAt <= now) return undefined;
    // Last in the order of the map: the first entry is the least recently used.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return { response: entry.response, ageInSeconds: Math.floor((now - entry.storedAt) / 1000) };
  }

  /** A success that is no longer fresh. It is served again for some seconds while the origin has errors. */
  revive(key: string, seconds: number): StoredResponse | undefined {
    const entry = this.#entries.get(key);
    if (!entry || entry.response.originStatus >= 400) return undefined;
    entry.expiresAt = this.#clock().getTime() + seconds * 1000;
    return entry.response;
  }

  put(key: string, response: StoredResponse, seconds: number): void {
    this.#remove(key);
    if (seconds <= 0 || response.body.length > MAX_BYTES) return;
    const now = this.#clock().getTime();
    this.#entries.set(key, { response, storedAt: now, expiresAt: now + seconds * 1000 });
    this.#bytes += response.body.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= MAX_BYTES) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.response.body.length;
  }
}

/** How long a success of the origin is cached, by policy and headers. */
export function cachedSeconds(
  policy: CachePolicyDefinition,
  statusCode: number,
  headers: Headers,
  now: Date,
): number {
  if (!CACHED_STATUSES.includes(statusCode)) return 0;
  const { minTtlInSeconds: least, defaultTtlInSeconds, maxTtlInSeconds: most } = policy;
  const directives = cacheControlOf(headers);
  if (['no-cache', 'no-store', 'private'].some((name) => directives.has(name))) return least;
  const age = ageOf(headers);
  if (age !== undefined) return Math.min(Math.max(age, least), most);
  const expires = Date.parse(headerText(headers, 'expires') ?? '');
  if (!Number.isNaN(expires)) {
    const seconds = Math.floor((expires - now.getTime()) / 1000);
    return Math.min(Math.max(seconds, least), most);
  }
  return Math.max(least, defaultTtlInSeconds);
}

/**
 * How long an error of the origin is cached. The cache policy does not matter: errors are cached where its
 * times are 0, too.
 */
export function cachedErrorSeconds(statusCode: number, headers: Headers, leastSeconds: number): number {
  const age = ageOf(headers);
  if (CACHED_ERRORS.includes(statusCode)) return Math.max(leastSeconds, age ?? 0);
  if (CACHED_ERRORS_WITH_AGE.includes(statusCode) && age !== undefined) return Math.max(leastSeconds, age);
  return 0;
}

function ageOf(headers: Headers): number | undefined {
  const directives = cacheControlOf(headers);
  const value = directives.get('s-maxage') ?? directives.get('max-age');
  return value !== undefined && /^\d+$/.test(value) ? Number(value) : undefined;
}
