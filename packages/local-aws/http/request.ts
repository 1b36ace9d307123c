import type { IncomingMessage } from 'node:http';
import { AwsError } from './aws-error.ts';

/** A request target, split but not normalised: the signature was made for its original form. */
export interface RequestTarget {
  /** The path as it was sent, still percent-encoded. */
  readonly rawPath: string;
  /** Names and values of the query, decoded, in order, with repeated names. */
  readonly query: ReadonlyArray<readonly [name: string, value: string]>;
}

/**
 * The path and query of a request. Throws `InvalidURI` when the target or its percent-encoding is invalid.
 */
export function requestTarget(request: { readonly url?: string | undefined }): RequestTarget {
  const url = request.url ?? '';
  if (!url.startsWith('/')) throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  const mark = url.indexOf('?');
  return mark < 0
    ? { rawPath: url, query: [] }
    : { rawPath: url.slice(0, mark), query: parseQuery(url.slice(mark + 1)) };
}

/**
 * A query string or form body as pairs. `+` stands for a space, as in AWS. Throws `InvalidURI` when it is
 * invalid.
 */
export function parseQuery(text: string): Array<[name: string, value: string]> {
  return text
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
      return [decodePercent(name.replaceAll('+', ' ')), decodePercent(value.replaceAll('+', ' '))];
    });
}

/** Percent-decoded text. Throws `InvalidURI` when the encoding is invalid or not UTF-8. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}

/** The whole body, for services with small requests. Throws `RequestEntityTooLarge` above the limit. */
export function readBody(request: IncomingMessage, limitInBytes: number): Promise<Buffer> {
  // With events: an iterator over the stream takes as long as the rest of a small call.
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      // The rest is read and dropped: a client that is still sending does not read the response.
      if (size <= limitInBytes) chunks.push(chunk);
    });
    request.once('end', () => {
      if (size <= limitInBytes)
        resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size));
      else
        reject(new AwsError('RequestEntityTooLarge', `The request body is over ${limitInBytes} bytes.`, 413));
    });
    request.once('error', reject);
    request.once('close', () => reject(new Error('The request ended before its body')));
  });
}
