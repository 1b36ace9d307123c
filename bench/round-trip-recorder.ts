/**
 * Listens to what is asked of a local stack's services while it runs in this process, and tells how many of those calls
 * came one after the other. Every answer is held back for a moment, so that calls which can overlap do.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Endpoints } from '../local/endpoints.ts';

/** Much longer than it takes to send a second call, so that a call that waits for no other begins before it ends. */
const HOLD_IN_MILLISECONDS = 40;

/** The services that functions call. */
const RECORDED = ['dynamodb', 's3', 'sts', 'iot_data', 'cognito', 'secretsmanager'] as const;

type Service = (typeof RECORDED)[number];

/** One call of a function. */
export interface ServiceCall {
  readonly operation: string;
  readonly beganAt: number;
  readonly endedAt: number;
}

/** Node tells these to subscribers of its HTTP channels. */
interface ServedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

const BEGINNING = 'http.server.request.start';

/** Operations that no header names. */
const OPERATION_OF: Partial<Record<Service, string>> = { sts: 'AssumeRole', iot_data: 'Publish' };

function operationOf(service: Service, { method, headers }: IncomingMessage): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.slice(target.indexOf('.') + 1);
  if (service === 's3') return method === 'HEAD' ? 'HeadObject' : `${method} object`;
  return OPERATION_OF[service] ?? `${method} ${service}`;
}

/** The most calls of which each began after the one before had ended. */
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

/** Records from the moment it is made. */
export class RoundTripRecorder {
  readonly #services: ReadonlyMap<number, Service>;
  #calls: ServiceCall[] = [];

  constructor(endpoints: Endpoints) {
    this.#services = new Map(RECORDED.map((service) => [Number(new URL(endpoints[service]).port), service]));
    subscribe(BEGINNING, this.#begin);
  }

  /** What `work` made functions call. */
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
    // Devices and this benchmark put objects; functions only look at them.
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
