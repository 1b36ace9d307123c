import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Log } from '../log.ts';
import { cachedErrorSeconds, cachedSeconds, EdgeCache, type StoredResponse } from './cache.ts';
import { compressed, isCompressible } from './compression.ts';
import {
  type BehaviorDefinition,
  DEFAULT_ERROR_TTL_IN_SECONDS,
  type DistributionDefinition,
} from './definitions.ts';
import { edgeError } from './error-page.ts';
import { type Headers, headerText } from './headers.ts';
import { acceptedEncodings, cacheKey, originRequest, type ViewerRequest } from './origin-request.ts';
import { OriginError, type OriginResponse, type Origins } from './origins.ts';
import { behaviorFor } from './path-pattern.ts';
import { passedHeaders } from './response-headers.ts';
import { isNotModified } from './validators.ts';

/** What CloudFront says of a response in the header `x-cache`. */
export type EdgeResult = 'Hit' | 'Miss' | 'Error' | 'FunctionGeneratedResponse';

/** A response to the viewer. Its body is in memory, or comes from the origin. */
export interface EdgeResponse {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: Buffer | IncomingMessage;
  /** 502 and 504 for an origin that gave no response. Undefined when CloudFront asked none. */
  readonly originStatus?: number | undefined;
  readonly result: EdgeResult;
}

/** Larger bodies go through without the cache. */
const MAX_STORED_BYTES = 10_000_000;

const NO_RESPONSE = 'The origin gave no response, or not all of it.';

/** What an edge has between its viewers and its origins. */
export interface EdgeContentOptions {
  readonly distribution: DistributionDefinition;
  readonly origins: Origins;
  readonly log: Log;
  readonly clock: () => Date;
}

/** The content of a distribution: from the cache, or from its origin. */
export class EdgeContent {
  readonly #distribution: DistributionDefinition;
  readonly #origins: Origins;
  readonly #cache: EdgeCache;
  readonly #clock: () => Date;
  readonly #log: Log;

  constructor({ distribution, origins, log, clock }: EdgeContentOptions) {
    this.#distribution = distribution;
    this.#origins = origins;
    this.#cache = new EdgeCache(clock);
    this.#clock = clock;
    this.#log = log;
  }

  /** What the cache or the origin has, with the page of an error if there is one. */
  async get(
    behavior: BehaviorDefinition,
    request: ViewerRequest,
    body?: IncomingMessage,
    isErrorPage = false,
  ): Promise<EdgeResponse> {
    const { cachePolicy, cachedMethods } = behavior;
    const isCached = cachedMethods.includes(request.method) && !request.headers.has('range');
    const key = isCached ? cacheKey(behavior, request) : '';
    const found = isCached ? this.#cache.fresh(key) : undefined;
    if (found) {
      const headers: Headers = new Map(found.response.headers).set('age', [String(found.ageInSeconds)]);
      const result = found.response.originStatus < 400 ? 'Hit' : 'Error';
      return this.#conditional(request, { ...found.response, headers, result });
    }
    const sent = originRequest(behavior, request, {
      distributionId: this.#distribution.id,
      conditional: !isCached || cachePolicy.maxTtlInSeconds === 0,
    });
    const fail = (received: OriginResponse | StoredResponse): Promise<EdgeResponse> =>
      this.#error(behavior, request, received, { key: isCached ? key : undefined, isErrorPage });
    let received: OriginResponse;
    try {
      received = await this.#origins.send(behavior.origin, sent, body);
    } catch (error) {
      return fail(this.#noResponse(request, error));
    }
    const { statusCode } = received;
    if (statusCode >= 400) return fail(received);
    const seconds =
      isCached && request.method !== 'HEAD'
        ? cachedSeconds(cachePolicy, statusCode, received.headers, this.#clock())
        : 0;
    const [encoding] =
      behavior.compress && cachePolicy.maxTtlInSeconds > 0 && isCompressible(statusCode, received.headers)
        ? acceptedEncodings(cachePolicy, request.headers)
        : [];
    const headers = passedHeaders(behavior, received.headers);
    if (request.method === 'HEAD' || (seconds === 0 && encoding === undefined) || !isSmall(received.headers))
      return { statusCode, headers, body: received.body, originStatus: statusCode, result: 'Miss' };
    let whole: Buffer;
    try {
      whole = await wholeBody(received.body);
    } catch (error) {
      return fail(this.#noResponse(request, error));
    }
    const plain: StoredResponse = { statusCode, headers, body: whole, originStatus: statusCode };
    const stored = encoding === undefined ? plain : await compressed(plain, encoding);
    if (isCached) this.#cache.put(key, stored, seconds);
    return this.#conditional(request, { ...stored, result: 'Miss' });
  }

  async #error(
    behavior: BehaviorDefinition,
    request: ViewerRequest,
    received: OriginResponse | StoredResponse,
    { key, isErrorPage }: { readonly key: string | undefined; readonly isErrorPage: boolean },
  ): Promise<EdgeResponse> {
    const { statusCode } = received;
    const own: EdgeResponse = {
      statusCode,
      headers: passedHeaders(behavior, received.headers),
      body: received.body,
      originStatus: statusCode,
      result: 'Error',
    };
    // An error page has no error page.
    if (isErrorPage) return own;
    const { page, cachingMinTtlInSeconds = DEFAULT_ERROR_TTL_IN_SECONDS } =
      this.#distribution.errorResponses.get(statusCode) ?? {};
    const stale = statusCode >= 500 && key !== undefined && this.#cache.revive(key, cachingMinTtlInSeconds);
    if (stale) {
      discard(received.body);
      return this.#conditional(request, { ...stale, result: 'Hit' });
    }
    let shown = own;
    if (page) {
      discard(received.body);
      const uri = page.path;
      const kept = [...request.headers].filter(([name]) => name === 'accept-encoding');
      const pageRequest: ViewerRequest = {
        ...request,
        method: 'GET',
        uri,
        query: '',
        headers: new Map(kept),
      };
      const content = await this.get(
        behaviorFor(this.#distribution.behaviors, uri),
        pageRequest,
        undefined,
        true,
      );
      const ok = content.statusCode < 400;
      shown = {
        ...content,
        statusCode: ok ? page.statusCode : content.statusCode,
        originStatus: statusCode,
        result: 'Error',
      };
    }
    const seconds = cachedErrorSeconds(statusCode, received.headers, cachingMinTtlInSeconds);
    if (key === undefined || seconds === 0 || request.method === 'HEAD' || !isSmall(shown.headers))
      return shown;
    let body: Buffer;
    try {
      body = await wholeBody(shown.body);
    } catch (error) {
      return { ...this.#noResponse(request, error), result: 'Error' };
    }
    const whole = { ...shown, originStatus: statusCode, body };
    this.#cache.put(key, whole, seconds);
    return whole;
  }

  /** A response from memory, or that the viewer has it already. */
  #conditional(
    request: ViewerRequest,
    response: StoredResponse & { readonly result: EdgeResult },
  ): EdgeResponse {
    if (response.statusCode !== 200 || !isNotModified(request.headers, response.headers)) return response;
    const headers: Headers = new Map(
      [...response.headers].filter(
        ([name]) => !['content-length', 'content-type', 'content-encoding'].includes(name),
      ),
    );
    return { ...response, statusCode: 304, headers, body: Buffer.alloc(0) };
  }

  /** What stands for a response of an origin that gave none. */
  #noResponse(request: ViewerRequest, error: unknown): StoredResponse {
    if (!(error instanceof OriginError)) throw error;
    const line = `${request.method} ${request.uri}: ${error.message}`;
    this.#log({ source: 'cloudfront', line, level: 'error' });
    const { statusCode } = error;
    return { ...edgeError(statusCode, NO_RESPONSE, request.id), originStatus: statusCode };
  }
}

function isSmall(headers: Headers): boolean {
  const length = headerText(headers, 'content-length');
  return length !== undefined && Number(length) <= MAX_STORED_BYTES;
}

/** Rejects with an `OriginError` when the origin breaks off. */
async function wholeBody(body: Buffer | IncomingMessage): Promise<Buffer> {
  if (Buffer.isBuffer(body)) return body;
  try {
    return await buffer(body);
  } catch (cause) {
    throw new OriginError(502, `The origin broke off: ${(cause as Error).message}`, { cause });
  }
}

function discard(body: Buffer | IncomingMessage): void {
  if (!Buffer.isBuffer(body)) body.resume();
}
