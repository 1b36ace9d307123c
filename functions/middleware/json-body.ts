import httpJsonBodyParser from '@middy/http-json-body-parser';
import { BodyTooLargeError, MalformedRequestError } from '../core/errors.ts';
import type { HttpRequestState } from './http-event.ts';
import { withoutPrototypeNames } from './prototype-names.ts';

/** A GET asks with its query: every name with the list of its values. */
function queryOf(rawQueryString: string | undefined): Record<string, string[]> {
  const query = new URLSearchParams(rawQueryString);
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
}

/** What the parser gets where there is no body: JSON's word for nothing. */
const NOTHING = 'null';

/** Makes JSON text of whatever was sent, keeps it, and refuses what is over the limit, in bytes. */
const bodyText = (limitInBytes: number) => {
  const bodyTextBefore = ({ event }: HttpRequestState): void => {
    if (event.requestContext.http.method === 'GET') {
      event.raw = JSON.stringify(queryOf(event.rawQueryString));
    } else {
      const bytes = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
      if (bytes.length > limitInBytes) throw new BodyTooLargeError(bytes.length, limitInBytes);
      // Not made again from what was parsed: a number of 64 bits would lose its last digits.
      event.raw = bytes.toString();
    }
    event.body = event.raw.trim() === '' ? NOTHING : withoutPrototypeNames(event.raw);
    event.isBase64Encoded = false;
  };
  return { before: bodyTextBefore };
};

/**
 * Reads the body, whatever content type it claims: clients forget it. No body and an empty one are null. Bodies over the limit and
 * what is not JSON are refused.
 */
export const jsonBody = (limitInBytes: number) => [
  bodyText(limitInBytes),
  httpJsonBodyParser({ disableContentTypeCheck: true }),
];

/** The parser's own word for a body that it cannot read. */
const isUnreadableBody = (error: Error): boolean => {
  const { cause } = error;
  return (
    typeof cause === 'object' &&
    cause !== null &&
    'package' in cause &&
    cause.package === '@middy/http-json-body-parser'
  );
};

/** Translates the parser's refusal. Without its cause, which quotes the body. */
export const refusalOf = (error: unknown): unknown =>
  error instanceof Error && isUnreadableBody(error)
    ? new MalformedRequestError('The body is not JSON')
    : error;
