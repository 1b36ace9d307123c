import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { AwsError, type ErrorProtocol } from './aws-error.ts';
import { xmlDocument } from './xml.ts';

/** A new request id. */
export function newRequestId(): string {
  return randomUUID();
}

/** Sends an XML document. */
export function sendXml(
  response: ServerResponse,
  statusCode: number,
  document: string,
  requestId: string,
): void {
  send(response, statusCode, { 'content-type': 'text/xml', 'x-amzn-requestid': requestId }, document);
}

/** Sends JSON text, by default with the content type of AWS's JSON protocol. */
export function sendJson(
  response: ServerResponse,
  statusCode: number,
  text: string,
  options: { requestId: string; contentType?: string; headers?: Readonly<Record<string, string>> },
): void {
  const { requestId, contentType = 'application/x-amz-json-1.1', headers } = options;
  send(
    response,
    statusCode,
    { 'content-type': contentType, 'x-amzn-requestid': requestId, ...headers },
    text,
  );
}

/**
 * Sends an error in the form of the protocol. Any error but an `AwsError` is a bug of the local stack: the
 * client gets `InternalError` or `InternalFailure` with the request id, and the caller of this function logs
 * it. `headOnly` leaves out the body, as the response to HEAD must.
 */
export function sendError(
  response: ServerResponse,
  error: unknown,
  options: { protocol: ErrorProtocol; requestId: string; headOnly?: boolean },
): void {
  const { protocol, requestId } = options;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const awsError = error instanceof AwsError ? error : internalError(protocol);
  const [headers, body] = errorDocument(awsError, protocol, requestId);
  send(response, awsError.statusCode, headers, options.headOnly ? '' : body);
}

function internalError(protocol: ErrorProtocol): AwsError {
  const code = protocol === 's3' ? 'InternalError' : 'InternalFailure';
  return new AwsError(code, 'We encountered an internal error. Please try again.', 500);
}

function errorDocument(
  error: AwsError,
  protocol: ErrorProtocol,
  requestId: string,
): [headers: Record<string, string>, body: string] {
  const { code, message, details } = error;
  switch (protocol) {
    case 's3':
      return [
        { 'content-type': 'application/xml', 'x-amz-request-id': requestId },
        xmlDocument('Error', { Code: code, Message: message, ...details, RequestId: requestId }),
      ];
    case 'query':
      return [
        { 'content-type': 'text/xml', 'x-amzn-requestid': requestId },
        xmlDocument(
          'ErrorResponse',
          {
            Error: { Type: error.statusCode < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
            RequestId: requestId,
          },
          'https://sts.amazonaws.com/doc/2011-06-15/',
        ),
      ];
    case 'json':
      return [
        {
          'content-type': 'application/x-amz-json-1.1',
          'x-amzn-requestid': requestId,
          'x-amzn-errortype': code,
        },
        JSON.stringify({ __type: code, message }),
      ];
  }
}

function send(
  response: ServerResponse,
  statusCode: number,
  headers: Record<string, string>,
  body: string,
): void {
  // When the body of a request was not read to its end, the connection cannot be used for another request.
  const close = response.req.complete ? {} : { connection: 'close' };
  response.writeHead(statusCode, { ...headers, ...close, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
