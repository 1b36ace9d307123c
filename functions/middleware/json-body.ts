import httpJsonBodyParser from '@middy/http-json-body-parser';
import { BodyTooLargeError, MalformedRequestError } from '../core/errors.ts';
import type { HttpRequestState } from './http-event.ts';
import { withoutPrototypeNames } from './prototype-names.ts';

/** The query of a GET: each name with the list of its values. */
function queryOf(rawQueryString: string | undefined): Record<string, string[]> {
  const query = new URLSearchParams(rawQueryString);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
}

/** What the parser gets without a body. */
const NOTHING = 'null';

/** Makes JSON text of the body, keeps it, and refuses more bytes than the limit. */
const bodyText = (limitInBytes: number) => {
  const bodyTextBefore = ({ event }: HttpRequestState): void => {
    if (event.requestContext.http.method === 'GET') {
      event.raw = JSON.stringify(queryOf(event.rawQueryString));
    } else {
      const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (bytes.length > limitInBytes) throw new BodyTooLargeError(bytes.length, limitInBytes);
      // The original text is kept: parsing would change the last digits of 64-bit numbers.
      event.raw = bytes.toString();
    }
    event.body = event.raw.trim() === '' ? NOTHING : withoutPrototypeNames(event.raw);
    event.isBase64Encoded = false;
  };
  return { before: bodyTextBefore };
};

/**
 * Reads the body. Its content type is ignored, since clients forget it. A missing or empty body is null.
 * Bodies that are too large or not JSON are refused.
 */
export const jsonBody = (limitInBytes: number) => [
  bodyText(limitInBytes),
  httpJsonBodyParser({ disableContentTypeCheck: true }),
];

/** Whether the parser could not read the body. */
const isUnreadableBody = (error: Error): boolean => {
  const { cause } = error;
  return (
    typeof cause === 'object' &&
    cause !== null &&
    'package' in cause &&
    cause.package === '@middy/http-json-body-parser'
  );
};

/** Translates the parser's error. The cause is left out, since it quotes the body. */
export const refusalOf = (error: unknown): unknown =>
  error instanceof Error && isUnreadableBody(error)
    ? new MalformedRequestError('The body is not JSON')
    : error;
