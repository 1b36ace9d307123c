import type { IncomingMessage } from 'node:http';

/** API Gateway's limit for request bodies. */
export const BODY_LIMIT_IN_BYTES = 10 * 1024 * 1024;

/** How much of a larger body is still read, so that the client can read the response. */
const DISCARD_LIMIT_IN_BYTES = 64 * 1024 * 1024;

/** A body, or why there is none. */
export interface ReadBodyResult {
  readonly end: 'complete' | 'too-large' | 'aborted';
  readonly body: Buffer;
}

/** Whether the announced length is over the limit. */
export function tooLargeByHeader(request: IncomingMessage): boolean {
  return Number(request.headers['content-length'] ?? 0) > BODY_LIMIT_IN_BYTES;
}

/** Reads the body up to the limit. The rest is dropped while the response is sent. */
export function readBounded(request: IncomingMessage): Promise<ReadBodyResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (tooLargeByHeader(request)) resolve({ end: 'too-large', body: Buffer.alloc(0) });
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > DISCARD_LIMIT_IN_BYTES) request.destroy();
      if (size > BODY_LIMIT_IN_BYTES) {
        chunks.length = 0;
        resolve({ end: 'too-large', body: Buffer.alloc(0) });
      } else {
        chunks.push(chunk);
      }
    });
    request.once('end', () => resolve({ end: 'complete', body: Buffer.concat(chunks) }));
    request.once('error', () => resolve({ end: 'aborted', body: Buffer.alloc(0) }));
    request.once('close', () => resolve({ end: 'aborted', body: Buffer.alloc(0) }));
  });
}
