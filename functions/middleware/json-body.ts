import httpJsonBodyParser from '@middy/http-json-body-parser';
import { BodyTooLargeError, MalformedRequestError } from '../core/errors.ts';
import type { HttpRequestState } from './http-event.ts';
import { withoutPrototypeNames } from './prototype-names.ts';

/** A GET asks with its query: every name with the list of its values. */
function queryOf(rawQueryString: string | undefined): Record<string, string[]> {
  const query = new URLSearchParams(rawQueryString);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
}

/**
 * Reads the body, whatever content type it claims: clients forget it. No body and an empty one are undefined. Bodies over the limit, in
 * bytes, and what is not JSON are refused.
 */
export const jsonBody = (limitInBytes: number) => {
  const parser = httpJsonBodyParser({ disableContentTypeCheck: true });

  const jsonBodyBefore = (request: HttpRequestState): void => {
    const { event } = request;
    if (event.requestContext.http.method === 'GET') {
      event.body = queryOf(event.rawQueryString);
      event.raw = JSON.stringify(event.body);
      return;
    }
    const sent = typeof event.body === 'string' ? event.body : '';
    const bytes = Buffer.from(sent, event.isBase64Encoded ? 'base64' : 'utf8');
    if (bytes.length > limitInBytes) throw new BodyTooLargeError(bytes.length, limitInBytes);
    // Not made again from what was parsed: a number of 64 bits would lose its last digits.
    event.raw = bytes.toString();
    event.isBase64Encoded = false;
    if (event.raw.trim() === '') {
      event.body = undefined;
      return;
    }
    event.body = withoutPrototypeNames(event.raw);
    try {
      parser.before?.(request as never);
    } catch (cause) {
      throw new MalformedRequestError('The body is not JSON', { cause });
    }
  };
  return { before: jsonBodyBefore };
};
