import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Identity } from '../iam/identities.ts';
import { signRequest } from '../iam/sign-request.ts';
import type { Addresses } from '../services.ts';
import type { OriginDefinition } from './definitions.ts';
import { type Headers, headersOf, headerText, rawHeaders } from './headers.ts';
import type { OriginRequest } from './origin-request.ts';

/** A response of an origin. Its body must be read or destroyed. */
export interface OriginResponse {
  readonly statusCode: number;
  readonly headers: Headers;
  readonly body: IncomingMessage;
}

/** An origin gave no response. */
export class OriginError extends Error {
  override readonly name = 'OriginError';
  readonly statusCode: 502 | 504;

  constructor(statusCode: 502 | 504, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/** What reaches the origins of a distribution. */
export interface OriginsOptions {
  /** Complete when all services listen. */
  readonly addresses: Addresses;
  /** The identity of the distribution, which signs its requests to buckets. */
  readonly identity: Identity;
  readonly region: string;
  readonly clock: () => Date;
}

/** The origins of a distribution, at their addresses on this machine. */
export class Origins {
  readonly #options: OriginsOptions;
  readonly #agent = new Agent();

  constructor(options: OriginsOptions) {
    this.#options = options;
  }

  /** Sends a request. Rejects with an `OriginError` when there is no response. */
  send(
    origin: OriginDefinition,
    request: OriginRequest,
    body: IncomingMessage | undefined,
  ): Promise<OriginResponse> {
    const address = this.#options.addresses[origin.kind === 'bucket' ? 's3' : 'api'];
    if (address === undefined) return Promise.reject(new OriginError(502, `${origin.id} does not run`));
    const { hostname, port, host } = new URL(address);
    const { method, target, headers } =
      origin.kind === 'bucket' ? this.#toBucket(origin, request, host) : request;
    headers.set('host', [(origin.kind === 'api' && origin.host) || host]);
    return new Promise((resolve, reject) => {
      const outgoing = httpRequest({
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        method,
        path: target,
        headers: rawHeaders(headers).flat(),
        agent: this.#agent,
        timeout: origin.responseTimeoutInMilliseconds,
      });
      outgoing.once('response', (response) => {
        resolve({
          statusCode: response.statusCode ?? 502,
          headers: headersOf(response.rawHeaders),
          body: response,
        });
      });
      outgoing.once('timeout', () => {
        const milliseconds = origin.responseTimeoutInMilliseconds;
        outgoing.destroy(new OriginError(504, `${origin.id} did not respond within ${milliseconds} ms`));
      });
      outgoing.once('error', (error) => {
        body?.unpipe(outgoing);
        reject(
          error instanceof OriginError
            ? error
            : new OriginError(502, `${origin.id} cannot be reached: ${error.message}`, { cause: error }),
        );
      });
      if (!body) {
        outgoing.end();
        return;
      }
      body.pipe(outgoing);
      body.once('close', () => {
        // The viewer went away before the end of its body.
        if (!body.complete) outgoing.destroy();
      });
    });
  }

  #toBucket(
    origin: OriginDefinition & { kind: 'bucket' },
    request: OriginRequest,
    host: string,
  ): OriginRequest {
    const target = `/${origin.bucketName}${request.target}`;
    const { identity, region, clock } = this.#options;
    const hasOwn = headerText(request.headers, 'authorization') !== undefined;
    if (origin.signing === 'never' || (origin.signing === 'no-override' && hasOwn))
      return { ...request, target };
    const headers: Headers = new Map(
      [...request.headers].filter(([name]) => name !== 'authorization' && !name.startsWith('x-amz-')),
    );
    const signed = signRequest(
      { method: request.method, target, host },
      { identity, service: 's3', region, clock },
    );
    for (const [name, value] of signed) headers.set(name, [value]);
    return { method: request.method, target, headers };
  }
}
