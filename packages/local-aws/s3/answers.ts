import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { AwsError } from '../http/aws-error.ts';
import { type XmlNode, xmlDocument } from '../http/xml.ts';

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** How long the rest of a refused body is read and thrown away, so that the client gets to reading the refusal. */
const DRAIN_MILLISECONDS = 60_000;

/** Answers with a document of S3. */
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

/** Answers without a body. */
export function sendEmpty(
  response: ServerResponse,
  statusCode: number,
  headers: OutgoingHttpHeaders = {},
): void {
  response.writeHead(statusCode, statusCode === 204 ? headers : { ...headers, 'content-length': 0 });
  response.end();
}

/**
 * Answers with an error. The connection stays open and what is left of the request's body is thrown away: a client
 * that is still sending would find the connection closed and never see why.
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
  // The answers to HEAD and "not modified" have no body, though they could tell its length.
  const bodiless = request.method === 'HEAD' || error.statusCode === 304;
  response.writeHead(error.statusCode, {
    'content-type': 'application/xml',
    ...(bodiless ? {} : { 'content-length': Buffer.byteLength(body) }),
  });
  response.end(bodiless ? undefined : body);
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), DRAIN_MILLISECONDS).unref();
  request.once('close', () => clearTimeout(timer));
}
