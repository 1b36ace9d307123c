import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { newRequestId, sendJson } from '../http/answers.ts';
import { AwsError } from '../http/aws-error.ts';
import { type LocalService, localService } from '../http/local-service.ts';
import { readBody, requestTarget } from '../http/request.ts';

/** A request of AWS's JSON protocol: `X-Amz-Target: <service>.<operation>` and a JSON object. */
export interface JsonCall {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** An error in the form of the protocol. */
export interface JsonFailure {
  readonly statusCode: number;
  readonly body: { readonly __type: string; readonly [detail: string]: unknown };
}

/** What differs between services of the JSON protocol. */
export interface JsonServiceOptions {
  readonly name: string;
  readonly contentType: 'application/x-amz-json-1.0' | 'application/x-amz-json-1.1';
  /** The part of `X-Amz-Target` before the dot. */
  readonly target: string;
  readonly bodyLimitInBytes: number;
  answer(call: JsonCall): Promise<object>;
  /**
   * Resolves when everything that a response depends on is on disk. When it rejects, the client gets an
   * internal error. @default nothing to wait for
   */
  readonly settled?: (() => Promise<void>) | undefined;
  /**
   * The client's error for an exception; `undefined` for an internal error. @default only `AwsError`s have
   * one
   */
  readonly describeError?: ((error: unknown) => JsonFailure | undefined) | undefined;
  /** Documents for GET, by path. @default none */
  readonly document?: ((path: string) => object | undefined) | undefined;
  /** Called after the last response. */
  readonly onClose?: (() => Promise<void>) | undefined;
  /** Gets errors of the service itself. @default standard error */
  readonly log?: ((line: string) => void) | undefined;
}

/** A service with AWS's JSON protocol. */
export function jsonService(options: JsonServiceOptions): LocalService {
  const running = new Set<Promise<void>>();
  const server = createServer((request, response) => {
    const answer = respond(options, request, response).finally(() => running.delete(answer));
    running.add(answer);
  });
  const service = localService(options.name, server);
  return {
    ...service,
    close: async () => {
      await service.close();
      await Promise.all(running);
      await options.onClose?.();
    },
  };
}

/** `{"__type", "message"}` of an `AwsError`. */
export function describeAwsError(error: unknown): JsonFailure | undefined {
  if (!(error instanceof AwsError)) return undefined;
  return { statusCode: error.statusCode, body: { __type: error.code, message: error.message } };
}

async function respond(
  options: JsonServiceOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = newRequestId();
  let operation = 'a request';
  const send = (statusCode: number, body: object, more: Record<string, string> = {}): void => {
    const text = JSON.stringify(body);
    const headers = { ...more, 'x-amz-crc32': String(crc32(text)) };
    sendJson(response, statusCode, text, { requestId, contentType: options.contentType, headers });
  };
  try {
    if (request.method === 'GET') {
      const document = options.document?.(requestTarget(request).rawPath);
      if (!document)
        throw new AwsError('UnknownOperationException', 'There is nothing at this address.', 404);
      sendJson(response, 200, JSON.stringify(document), { requestId, contentType: 'application/json' });
      return;
    }
    operation = operationOf(request, options.target);
    const body = await readBody(request, options.bodyLimitInBytes);
    const call = { operation, input: parse(body), request, body };
    const answer = await options.answer(call).finally(() => options.settled?.());
    send(200, answer);
  } catch (error) {
    // The client is gone, and nothing is wrong here.
    if (response.destroyed) return;
    const failure = (options.describeError ?? describeAwsError)(error);
    if (!failure) {
      const log = options.log ?? console.error;
      log(
        `${options.name}: ${operation} failed (request ${requestId}): ${error instanceof Error ? error.stack : error}`,
      );
    }
    const { statusCode, body } = failure ?? INTERNAL_FAILURE;
    send(statusCode, body, { 'x-amzn-errortype': body.__type.slice(body.__type.indexOf('#') + 1) });
  }
}

const INTERNAL_FAILURE: JsonFailure = {
  statusCode: 500,
  body: { __type: 'InternalServerError', message: 'We encountered an internal error. Please try again.' },
};

function operationOf(request: IncomingMessage, expected: string): string {
  const [target, operation] = String(request.headers['x-amz-target'] ?? '').split('.');
  if (request.method !== 'POST' || target !== expected || !operation) {
    throw new AwsError(
      'UnknownOperationException',
      `Expected POST with X-Amz-Target: ${expected}.<operation>.`,
    );
  }
  return operation;
}

function parse(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new AwsError('SerializationException', 'The request body is not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AwsError('SerializationException', 'The request body is not a JSON object.');
  }
  return value as Record<string, unknown>;
}
