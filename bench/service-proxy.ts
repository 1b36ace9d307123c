/**
 * A proxy in front of one HTTP service. It forwards every request as it is, signature and all, and is told where the
 * service listens whenever that changes. It can let a share of the requests fail, in the ways of AWS and of networks.
 */
import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as openRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from './seeded-random.ts';

/** In which form a service tells of an error; `api` is that of API Gateway. */
export type ErrorForm = 'json' | 's3-xml' | 'sts-xml' | 'api';

/** A fault that is an answer. */
type ErrorFault = 'throttled' | 'failed' | 'unavailable';

/** What may happen to a request. */
export type Fault =
  | ErrorFault
  /** The connection ends before the service hears anything. */
  | 'dropped'
  /** The connection ends when half of the body has been sent. */
  | 'cut-off'
  /** The service does what it is asked, and its answer never arrives. */
  | 'answer-lost'
  | 'slow';

const WEIGHTS: ReadonlyMap<Fault, number> = new Map([
  ['throttled', 3],
  ['failed', 2],
  ['unavailable', 2],
  ['dropped', 2],
  ['cut-off', 1],
  ['answer-lost', 4],
  ['slow', 3],
]);

const SLOWEST_IN_MILLISECONDS = 1_500;

/** A request that the service has answered, whether or not the answer arrived. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly requestBody: Buffer;
  readonly status: number;
  readonly responseBody: Buffer;
}

/** What a proxy is for. */
export interface ServiceProxyOptions {
  readonly errorForm: ErrorForm;
  readonly random: SeededRandom;
  /** Hears of every request, before anything happens to it. @default nobody */
  readonly onRequest?: () => void;
  /** Hears of every request that was answered. Bodies are in memory then. @default nobody */
  readonly onExchange?: (exchange: Exchange) => void;
}

const errorBody = (form: ErrorForm, code: string): string => {
  const message = 'a fault that was asked for';
  if (form === 'api') return JSON.stringify({ message: code });
  if (form === 'json') return JSON.stringify({ __type: `com.amazonaws#${code}`, message });
  const error = `<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return form === 's3-xml' ? error : `<ErrorResponse>${error}</ErrorResponse>`;
};

/** Status and code of each error, by the form in which the service tells of it. */
const ERRORS: Readonly<Record<ErrorForm, Readonly<Record<ErrorFault, readonly [number, string]>>>> = {
  json: {
    throttled: [400, 'ThrottlingException'],
    failed: [500, 'InternalServerError'],
    unavailable: [503, 'ServiceUnavailable'],
  },
  's3-xml': {
    throttled: [503, 'SlowDown'],
    failed: [500, 'InternalError'],
    unavailable: [503, 'ServiceUnavailable'],
  },
  'sts-xml': {
    throttled: [400, 'Throttling'],
    failed: [500, 'InternalFailure'],
    unavailable: [503, 'ServiceUnavailable'],
  },
  api: {
    throttled: [429, 'Too Many Requests'],
    failed: [500, 'Internal Server Error'],
    unavailable: [503, 'Service Unavailable'],
  },
};

/** A running proxy. */
export class ServiceProxy {
  /** Share of the requests that something happens to. */
  faultRate = 0;
  /** How often each fault happened. */
  readonly faults = new Map<Fault, number>();
  readonly address: string;
  readonly #options: ServiceProxyOptions;
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  #target: URL | undefined;

  private constructor(server: Server, options: ServiceProxyOptions) {
    this.#server = server;
    this.#options = options;
    this.address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#serve(request, response));
  }

  /** Listens on a free port of loopback. Until it is told where the service is, connections are dropped. */
  static async listen(options: ServiceProxyOptions): Promise<ServiceProxy> {
    const server = createServer();
    server.keepAliveTimeout = 60_000;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ServiceProxy(server, options);
  }

  /** Where the service is now; undefined while it is nowhere. */
  lead(address: string | undefined): void {
    this.#target = address === undefined ? undefined : new URL(address);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { random, onRequest } = this.#options;
    onRequest?.();
    const fault = random.chance(this.faultRate) ? random.pick(WEIGHTS) : undefined;
    if (fault !== undefined) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    switch (fault) {
      case 'throttled':
      case 'failed':
      case 'unavailable':
        this.#refuse(request, response, fault);
        return;
      case 'dropped':
        request.socket.destroy();
        return;
      case 'slow':
        await sleep(random.integer(50, SLOWEST_IN_MILLISECONDS));
    }
    this.#forward(request, response, fault);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, fault: ErrorFault): void {
    const { errorForm } = this.#options;
    const [status, code] = ERRORS[errorForm][fault];
    const contentType = errorForm.endsWith('xml') ? 'application/xml' : 'application/json';
    // Whoever sends a body hears nothing until it is through.
    request.resume().once('end', () => {
      response.writeHead(status, { 'content-type': contentType });
      response.end(request.method === 'HEAD' ? undefined : errorBody(errorForm, code));
    });
  }

  #forward(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): void {
    const drop = (): void => void request.socket.destroy();
    if (this.#target === undefined) {
      drop();
      return;
    }
    const { onExchange } = this.#options;
    const { method = 'GET', url: path = '/' } = request;
    const asked: Buffer[] = [];
    const upstream = openRequest({
      agent: this.#agent,
      host: this.#target.hostname,
      port: this.#target.port,
      method,
      path,
      headers: request.rawHeaders,
      setHost: false,
    });
    upstream.on('error', drop);
    request.on('close', () => {
      if (!request.complete) upstream.destroy();
    });
    upstream.on('response', (answer) => {
      answer.on('error', drop);
      const answered: Buffer[] = [];
      const { statusCode: status = 500 } = answer;
      if (onExchange) answer.on('data', (chunk: Buffer) => answered.push(chunk));
      answer.on('end', () => {
        onExchange?.({
          method,
          path,
          status,
          requestBody: Buffer.concat(asked),
          responseBody: Buffer.concat(answered),
        });
        if (fault === 'answer-lost') drop();
      });
      if (fault === 'answer-lost') {
        answer.resume();
        return;
      }
      response.writeHead(status, answer.rawHeaders);
      answer.pipe(response);
    });
    if (onExchange) request.on('data', (chunk: Buffer) => asked.push(chunk));
    if (fault === 'cut-off') {
      const half = Number(request.headers['content-length'] ?? 0) / 2;
      let sent = 0;
      request.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        if (sent < half) return;
        upstream.destroy();
        drop();
      });
    }
    request.pipe(upstream);
  }
}
