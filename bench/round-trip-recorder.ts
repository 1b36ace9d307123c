/**
 * Records the calls to the services of a local stack in this process, and counts those that were made in
 * sequence. Every response is delayed a little, so that concurrent calls overlap.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoints } from '../local/endpoints.ts';

/** Much longer than sending another call takes, so concurrent calls begin before the first one ends. */
const HOLD_IN_MILLISECONDS = 40;

/** The services that functions call. */
const RECORDED = ['dynamodb', 's3', 'sts', 'sqs', 'iot_data', 'cognito', 'secretsmanager'] as const;

type Service = (typeof RECORDED)[number];

/** One call of a function. */
export interface ServiceCall {
  readonly operation: string;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** What Node passes to subscribers of its HTTP diagnostics channels. */
interface ServedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

const BEGINNING = 'http.server.request.start';

/** Operations that are not named in a header. */
const OPERATION_OF: Partial<Record<Service, string>> = { sts: 'AssumeRole', iot_data: 'Publish' };

function operationOf(service: Service, { method, headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.indexOf('.') + 1);
  if (service === 's3') return method === 'HEAD' ? 'HeadObject' : `${method} object`;
  return OPERATION_OF[service] ?? `${method} ${service}`;
}

/** The longest sequence of calls in which each began after the previous one had ended. */
export function longestChain(calls: readonly ServiceCall[]): number {
  let length = 0;
  let endOfChain = Number.NEGATIVE_INFINITY;
  for (const call of calls.toSorted((left, right) => left.endedAt - right.endedAt)) {
    if (call.beganAt < endOfChain) continue;
    length++;
    endOfChain = call.endedAt;
  }
  return length;
}

/** Records all calls after its construction. */
export class RoundTripRecorder {
  readonly #services: ReadonlyMap<number, Service>;
  #calls: ServiceCall[] = [];

  constructor(endpoints: Endpoints) {
    this.#services = new Map(RECORDED.map((service) => [Number(new URL(endpoints[service]).port), service]));
    subscribe(BEGINNING, this.#begin);
  }

  /** The calls that functions made because of `work`. */
  async record(work: () => Promise<unknown>): Promise<readonly ServiceCall[]> {
    this.#calls = [];
    await work();
    return this.#calls;
  }

  stop(): void {
    unsubscribe(BEGINNING, this.#begin);
  }

  readonly #begin = (message: unknown): void => {
    const { request, response, socket } = message as ServedRequest;
    const service = this.#services.get(socket.localPort ?? 0);
    // Devices and this benchmark upload objects; functions never do.
    if (!service || (service === 's3' && request.method !== 'HEAD')) return;
    const operation = operationOf(service, request);
    const beganAt = performance.now();
    const end = response.end.bind(response) as (...rest: unknown[]) => ServerResponse;
    response.end = ((...rest: unknown[]) => {
      setTimeout(() => {
        this.#calls.push({ operation, beganAt, endedAt: performance.now() });
        end(...rest);
      }, HOLD_IN_MILLISECONDS);
      return response;
    }) as typeof response.end;
  };
}
