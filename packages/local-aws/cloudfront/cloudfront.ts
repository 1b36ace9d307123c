import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { type LocalService, localService } from '../http/local-service.ts';
import type { Identity } from '../iam/identities.ts';
import type { Log } from '../log.ts';
import type { Addresses } from '../services.ts';
import { edgeLogLine } from './access-log.ts';
import type { DistributionDefinition, ViewerFunctionDefinition } from './definitions.ts';
import { EdgeContent, type EdgeResponse } from './edge-content.ts';
import { edgeError } from './error-page.ts';
import { type Headers, headersOf, headerText, rawHeaders } from './headers.ts';
import type { ViewerRequest } from './origin-request.ts';
import { Origins } from './origins.ts';
import { behaviorFor } from './path-pattern.ts';
import { withPolicy } from './response-headers.ts';
import { ViewerFunction, ViewerFunctionError } from './viewer-function.ts';

/** How to start the local CloudFront. */
export interface CloudFrontOptions {
  readonly distribution: DistributionDefinition;
  /** Complete when all services listen. */
  readonly addresses: Addresses;
  /** The identity of the distribution, which signs its requests to buckets. */
  readonly identity: Identity;
  readonly region: string;
  readonly log: Log;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
}

/** CloudFront waits longer than any origin may take. */
const REQUEST_TIMEOUT_IN_MILLISECONDS = 0;

/** The local CloudFront: the distribution of the template. The caller listens. */
export function createCloudFront(options: CloudFrontOptions): LocalService {
  const edge = new Edge(options);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_IN_MILLISECONDS }, (message, response) => {
    void edge.serve(message, response);
  });
  return localService('cloudfront', server);
}

class Edge {
  readonly #distribution: DistributionDefinition;
  readonly #content: EdgeContent;
  readonly #clock: () => Date;
  readonly #log: Log;
  readonly #functions = new Map<ViewerFunctionDefinition, ViewerFunction>();

  constructor(options: CloudFrontOptions) {
    const { distribution, addresses, identity, region, log, clock = () => new Date() } = options;
    this.#distribution = distribution;
    this.#clock = clock;
    this.#log = log;
    const origins = new Origins({ addresses, identity, region, clock });
    this.#content = new EdgeContent({ distribution, origins, log, clock });
    for (const { viewerRequest, viewerResponse } of distribution.behaviors) {
      for (const definition of [viewerRequest, viewerResponse]) {
        if (!definition) continue;
        const write = (line: string): void => log({ source: definition.label, line });
        this.#functions.set(definition, new ViewerFunction(definition, distribution, write));
      }
    }
  }

  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const receivedAt = this.#clock();
    const startedAt = performance.now();
    const request = viewerRequest(message);
    let edgeResponse: EdgeResponse;
    try {
      edgeResponse = await this.#respond(request, message);
    } catch (error) {
      edgeResponse = this.#failure(request, error);
    }
    try {
      await this.#send(request, response, edgeResponse);
    } catch {
      // The viewer has gone, or the origin broke off: the viewer sees that the body is not whole.
      response.destroy();
    }
    if (!message.complete) message.resume();
    if (!this.#distribution.logged) return;
    const line = edgeLogLine(request, {
      receivedAt,
      secondsTaken: (performance.now() - startedAt) / 1000,
      domainName: this.#distribution.domainName,
      statusCode: edgeResponse.statusCode,
      result: edgeResponse.result,
      bytesSent: response.socket?.bytesWritten ?? 0,
      contentType: headerText(edgeResponse.headers, 'content-type'),
      contentLength: headerText(edgeResponse.headers, 'content-length'),
    });
    this.#log({ source: 'access', line });
  }

  async #respond(received: ViewerRequest, message: IncomingMessage): Promise<EdgeResponse> {
    const { method } = received;
    if (!received.uri.startsWith('/'))
      return { ...edgeError(400, 'The address of the request has no path.', received.id), result: 'Error' };
    const behavior = behaviorFor(this.#distribution.behaviors, received.uri);
    const hasBody =
      Number(headerText(received.headers, 'content-length') ?? 0) > 0 ||
      received.headers.has('transfer-encoding');
    if (!behavior.methods.includes(method)) {
      const reason = `The distribution does not allow the method ${method} for this path.`;
      return { ...edgeError(403, reason, received.id), result: 'Error' };
    }
    if (method === 'GET' && hasBody) {
      return { ...edgeError(403, 'A GET request has no body.', received.id), result: 'Error' };
    }
    let request = received;
    if (behavior.viewerRequest) {
      const outcome = this.#function(behavior.viewerRequest).onRequest(received);
      if ('response' in outcome) {
        const { statusCode, headers, body = Buffer.alloc(0) } = outcome.response;
        return { statusCode, headers, body, result: 'FunctionGeneratedResponse' };
      }
      request = outcome.request;
    }
    const { defaultRootObject } = this.#distribution;
    if (request.uri === '/' && defaultRootObject !== undefined)
      request = { ...request, uri: `/${defaultRootObject}` };
    const content = await this.#content.get(behavior, request, hasBody ? message : undefined);
    const withHeaders = { ...content, headers: withPolicy(content.headers, behavior.responseHeadersPolicy) };
    if (!behavior.viewerResponse || (content.originStatus ?? 500) >= 400) return withHeaders;
    const changed = this.#function(behavior.viewerResponse).onResponse(request, withHeaders);
    if (changed.body && !Buffer.isBuffer(content.body)) content.body.destroy();
    return { ...content, ...changed, body: changed.body ?? content.body };
  }

  #function(definition: ViewerFunctionDefinition): ViewerFunction {
    const found = this.#functions.get(definition);
    if (!found) throw new Error(`${definition.label} is not loaded`);
    return found;
  }

  #failure(request: ViewerRequest, error: unknown): EdgeResponse {
    const isFunction = error instanceof ViewerFunctionError;
    const reason = isFunction ? error.message : `Fault of the local AWS: ${String(error)}`;
    this.#log({ source: 'cloudfront', line: `${request.method} ${request.uri}: ${reason}`, level: 'error' });
    const response = isFunction
      ? edgeError(error.statusCode, 'The function could not run, or its result is invalid.', request.id)
      : edgeError(500, 'Internal error.', request.id);
    return { ...response, result: 'Error' };
  }

  async #send(request: ViewerRequest, response: ServerResponse, edge: EdgeResponse): Promise<void> {
    const { statusCode, body, result } = edge;
    const headers: Headers = new Map(edge.headers);
    const isEmpty = request.method === 'HEAD' || statusCode === 204 || statusCode === 304;
    if (Buffer.isBuffer(body) && statusCode !== 204 && statusCode !== 304)
      headers.set('content-length', [String(body.length)]);
    if (!headers.has('server')) headers.set('server', ['CloudFront']);
    headers.set('via', [`1.1 ${this.#distribution.id.toLowerCase()}.cloudfront.net (CloudFront)`]);
    headers.set('x-amz-cf-id', [request.id]);
    headers.set('x-amz-cf-pop', ['LOCAL']);
    headers.set('x-cache', [`${result} from cloudfront`]);
    response.writeHead(statusCode, rawHeaders(headers).flat());
    if (isEmpty) {
      if (!Buffer.isBuffer(body)) body.resume();
      response.end();
    } else if (Buffer.isBuffer(body)) {
      response.end(body);
    } else {
      await pipeline(body, response);
    }
  }
}

function viewerRequest(message: IncomingMessage): ViewerRequest {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const { remoteAddress = '', remotePort = 0 } = message.socket;
  return {
    id: randomBytes(40).toString('base64url'),
    method: message.method ?? 'GET',
    uri: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? '' : url.slice(mark + 1),
    headers: headersOf(message.rawHeaders),
    ip: remoteAddress.replace(/^::ffff:/, ''),
    port: remotePort,
    httpVersion: message.httpVersion,
  };
}
