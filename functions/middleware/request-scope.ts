import { type HttpEvent, type HttpRequestState, headerOf } from './http-event.ts';
import { logger } from './log.ts';

/** An id that is safe in headers and logs: visible ASCII of limited length. */
const ECHOABLE = /^[\x21-\x7e]{1,128}$/;

const requestIdOf = (event: HttpEvent): string => {
  const asked = headerOf(event, 'x-request-id');
  return asked !== undefined && ECHOABLE.test(asked) ? asked : event.requestContext.requestId;
};

const deviceHeader = (event: HttpEvent, name: string): string | undefined =>
  headerOf(event, name)?.slice(0, 128);

/**
 * Sets the id of the request, which is the device's `X-Request-ID` if there is one, and the keys of the log
 * line.
 */
export const requestScope = () => {
  const requestScopeBefore = ({ event }: HttpRequestState): void => {
    event.requestId = requestIdOf(event);
    logger.appendKeys({
      request_id: event.requestId,
      route: event.routeKey,
      workspace_id: event.pathParameters?.['workspace_id'],
      device_id: deviceHeader(event, 'x-device-id'),
      firmware_version: deviceHeader(event, 'x-firmware-version'),
    });
  };
  const requestScopeAfter = ({ event, response }: HttpRequestState): void => {
    if (response) response.headers = { ...response.headers, 'x-request-id': event.requestId };
  };
  return { before: requestScopeBefore, after: requestScopeAfter, onError: requestScopeAfter };
};
