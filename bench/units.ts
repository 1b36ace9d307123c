/** Counts what AWS would charge for, in a local stack in this process. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { MANIFEST, MEMORY_IN_MEGABYTES } from '../functions/manifest.ts';
import { PRICES } from '../lib/prices.ts';
import type { Endpoints } from '../local/endpoints.ts';
import { CAPACITY_CHANNEL, type CapacityConsumed, type LogEntry } from '../packages/local-aws/index.ts';

/** How long a warm function runs for a call on AWS, by assumption: this machine cannot tell. */
export const CALL_IN_SECONDS = 0.05;
/** What CloudWatch Logs adds to the size of each line. */
const LINE_OVERHEAD_IN_BYTES = 26;
/** Messages that are received and deleted together. */
const QUEUE_BATCH = 10;

/** The units that are charged, by their price. */
export type Unit = Exclude<
  keyof typeof PRICES,
  'storageByteDay' | 'tableByteMonth' | 'recoveryByteMonth' | 'egressByte'
>;

/** Counts of units. */
export type Units = Partial<Record<Unit, number>>;

const REQUEST_START = 'http.server.request.start';

const MEMORY = new Map(MANIFEST.map(({ name, memoryInMegabytes }) => [name, memoryInMegabytes]));
const TRIGGER = new Map(MANIFEST.map(({ name, trigger }) => [name, trigger.kind]));

/** Counts units from its construction on. */
export class UnitMeter {
  readonly #s3Port: number;
  #units: Units = {};

  constructor({ s3 }: Pick<Endpoints, 's3'>) {
    this.#s3Port = Number(new URL(s3).port);
    subscribe(REQUEST_START, this.#request);
    subscribe(CAPACITY_CHANNEL, this.#capacity);
  }

  /** Counts until now, and begins anew. */
  take(): Units {
    const taken = this.#units;
    this.#units = {};
    return taken;
  }

  stop(): void {
    unsubscribe(REQUEST_START, this.#request);
    unsubscribe(CAPACITY_CHANNEL, this.#capacity);
  }

  /** Takes a line of the local stack's log. */
  logged({ source, line }: LogEntry): void {
    const bytes = Buffer.byteLength(line) + LINE_OVERHEAD_IN_BYTES;
    if (source === 'access') {
      this.#add('logByte', bytes);
      // API Gateway charges for no request that it refuses itself.
      if (!/"status":"(?:401|429)"/.test(line)) this.#add('apiRequest');
      return;
    }
    const trigger = TRIGGER.get(source);
    if (trigger === undefined) return;
    this.#add('logByte', bytes);
    // One line a call, besides those of metrics.
    if (!/"message":"(?:handled|refused|failed)"/.test(line)) return;
    this.#add('functionCall');
    this.#add('functionGbSecond', (CALL_IN_SECONDS * (MEMORY.get(source) ?? MEMORY_IN_MEGABYTES)) / 1024);
    if (trigger === 'mqtt' || trigger === 'mqtt-unnamed') {
      this.#add('iotMessage');
      // The rule, and its action.
      this.#add('iotRule', 2);
    }
  }

  /** Takes an event of the bus. */
  sent(): void {
    this.#add('busEvent');
  }

  #add(unit: Unit, count = 1): void {
    this.#units[unit] = (this.#units[unit] ?? 0) + count;
  }

  readonly #capacity = (message: unknown): void => {
    const { kind, units } = message as CapacityConsumed;
    this.#add(kind === 'read' ? 'readUnit' : 'writeUnit', units);
  };

  readonly #request = (message: unknown): void => {
    const { request, socket } = message as { readonly request: IncomingMessage; readonly socket: Socket };
    const target = request.headers['x-amz-target'];
    if (typeof target === 'string' && target.endsWith('.SendMessage')) this.#queueMessage();
    // The message to the broker, and the one to the device.
    if (request.method === 'POST' && request.url?.startsWith('/topics/')) this.#add('iotMessage', 2);
    if (socket.localPort !== this.#s3Port) return;
    if (request.method === 'PUT') {
      this.#add('s3Put');
      // The bucket's notification.
      this.#queueMessage();
    } else if (request.method === 'GET' || request.method === 'HEAD') this.#add('s3Get');
  };

  /** Sent alone, received and deleted with others. */
  #queueMessage(): void {
    this.#add('queueRequest', 1 + 2 / QUEUE_BATCH);
  }
}

/** Dollars for units, times a factor. */
export const priceOf = (units: Units, factor = 1): number =>
  Object.entries(units).reduce((sum, [unit, count]) => sum + count * PRICES[unit as Unit], 0) * factor;
