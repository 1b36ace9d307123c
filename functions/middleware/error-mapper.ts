import { failure } from '../protocol/envelope.ts';
import { responseTo } from './error-responses.ts';
import type { HttpRequestState } from './http-event.ts';
import { refusalOf } from './json-body.ts';
import { jsonResponse } from './json-response.ts';

/**
 * Turns errors into the envelope. For an unexpected one, the response has only the request's id; the log has
 * the whole error.
 */
export const errorMapper = () => {
  const errorMapperOnError = (request: HttpRequestState): void => {
    // Whatever was thrown, even `undefined`: the log line must show that the call failed.
    const error = refusalOf(request.error ?? new Error('A value was thrown that is not an error'));
    request.error = error as Error;
    const { status, code, expected } = responseTo(error);
    const message = expected ? (error as Error).message : 'The server failed';
    request.response = jsonResponse(
      status,
      failure(code, status >= 500 ? `${message}; try again (request ${request.event.requestId})` : message),
    );
  };
  return { onError: errorMapperOnError };
};
