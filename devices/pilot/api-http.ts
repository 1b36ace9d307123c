/** A POST to the API and its response: the envelope, or an error that says whether to retry. */
import { randomUUID } from 'node:crypto';
import { isTransientStatus } from '../common/retry.ts';

/** The server, or whatever is at its address, responded with anything but success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly retryAfterInSeconds: number;

  constructor(status: number, message: string, retryAfterInSeconds = 0) {
    super(message);
    this.status = status;
    this.retryAfterInSeconds = retryAfterInSeconds;
  }

  get transient(): boolean {
    return isTransientStatus(this.status);
  }
}

/** There was no response. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly transient = true;
}

/** The body of every response. */
export interface Envelope {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** How to post. */
export interface PostOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly requestTimeoutInMilliseconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Posts `body`. Throws `ApiError` for any response but 2xx with an envelope, and `UnreachableError` when
 * there is none.
 */
export async function postJson(url: string, body: object, options: PostOptions): Promise<Envelope> {
  const { signal, headers, requestTimeoutInMilliseconds } = options;
  const timeout = AbortSignal.timeout(requestTimeoutInMilliseconds);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': randomUUID(), ...headers },
      body: JSON.stringify(body),
      // Following a redirect would turn the POST into a GET, and send the token to another address.
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new UnreachableError(`${new URL(url).origin} cannot be reached: ${networkReason(error)}`, {
      cause: error,
    });
  }
  return readEnvelope(response, text);
}

function networkReason(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return 'no response in time';
  const cause = (error instanceof Error && error.cause) || error;
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  return code ?? (cause instanceof Error ? cause.message : String(cause));
}

function readEnvelope(response: Response, text: string): Envelope {
  let body: Partial<Envelope> = {};
  let isEnvelope = false;
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed && typeof parsed === 'object') body = parsed;
    isEnvelope = Number.isInteger(body.code);
  } catch {
    // Not this API: the page of a proxy, or a wrong address. The status says what to do.
  }
  const { status, headers } = response;
  if (status >= 300 && status < 400) {
    throw new ApiError(status, `it redirects to ${headers.get('location')}: use that address`);
  }
  if (!response.ok) {
    const requestId = headers.get('x-request-id') ?? headers.get('apigw-requestid');
    const message = body.message || response.statusText || 'no message';
    const trace = status >= 500 && requestId ? `, request ${requestId}` : '';
    throw new ApiError(
      status,
      `${message} (HTTP ${status}${trace})`,
      Number(headers.get('retry-after')) || 0,
    );
  }
  if (!isEnvelope)
    throw new ApiError(status, 'the response is not from a media library API: is the address right?');
  return { code: body.code ?? -1, message: body.message ?? '', data: body.data ?? {} };
}
