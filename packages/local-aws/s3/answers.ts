import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AwsError } from '../http/aws-error.ts';
import { type XmlNode, xmlDocument } from '../http/xml.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** How long the rest of a refused body is read and dropped, so that the client gets to read the response. */
const DRAIN_TIMEOUT_IN_MILLISECONDS = 60_000;

/** Sends an XML document of S3. */
export function sendDocument(
  response: ServerResponse,
  rootName: string,
  content: XmlNode,
  headers: OutgoingHttpHeaders = {},
): void {
  const body = xmlDocument(rootName, content, NAMESPACE);
  response.writeHead(200, {
    ...headers,
    'content-type': 'application/xml',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** Sends a response without a body. */
export function sendEmpty(
  response: ServerResponse,
  statusCode: number,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(statusCode, statusCode === 204 ? headers : { ...headers, 'content-length': 0 });
  response.end();
}

/**
 * Sends an error. The connection stays open, and the rest of the request's body is dropped: a client that is
 * still sending would otherwise see a closed connection and no error.
 */
export function sendError(response: ServerResponse, error: AwsError, requestId: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { req: request } = response;
  const body = xmlDocument('Error', {
    Code: error.code,
    Message: error.message,
    ...error.details,
    RequestId: requestId,
  });
  // Responses to HEAD and "not modified" have no body.
  const bodiless = request.method === 'HEAD' || error.statusCode === 304;
  response.writeHead(error.statusCode, {
    'content-type': 'application/xml',
    ...(bodiless ? {} : { 'content-length': Buffer.byteLength(body) }),
  });
  response.end(bodiless ? undefined : body);
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_TIMEOUT_IN_MILLISECONDS).unref();
  request.once('close', () => clearTimeout(timer));
}
