import { failure } from '../protocol/envelope.ts';
import { answerTo } from './error-answers.ts';
import type { HttpRequestState } from './http-event.ts';
import { jsonAnswer } from './json-answer.ts';
import { refusalOf } from './json-body.ts';

/** Turns every error into the envelope. An unexpected one is told with nothing but the request's id; the log has it whole. */
export const errorMapper = () => {
  const errorMapperOnError = (request: HttpRequestState): void => {
    // Whatever was thrown, even nothing: who writes the log line must know that it went wrong.
    const error = refusalOf(request.error ?? new Error('Something was thrown that is no error'));
    request.error = error as Error;
    const { status, code, expected } = answerTo(error);
    const message = expected ? (error as Error).message : 'The server failed';
    request.response = jsonAnswer(
      status,
      failure(code, status >= 500 ? `${message}; try again (request ${request.event.requestId})` : message),
    );
  };
  return { onError: errorMapperOnError };
};
