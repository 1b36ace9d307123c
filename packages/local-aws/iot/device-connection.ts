import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { AedesPublishPacket, Client, ConnectPacket, PublishPacket } from 'aedes';
import type { IoTCustomAuthorizerEvent } from 'aws-lambda';
import type { Admission, Authorizer } from './authorizer.ts';
import { type BrokerLocation, DevicePermissions } from './device-permissions.ts';
import { MAX_PAYLOAD_SIZE_IN_BYTES } from './packet-limit.ts';
import { topicFilterProblem, topicProblem } from './topic.ts';

/** AWS IoT's limits for a connection. */
const MAX_CLIENT_ID_LENGTH_IN_BYTES = 128;
export const MAX_SUBSCRIPTIONS = 50;

/** The definition of a connection. */
export interface DeviceConnectionOptions {
  readonly client: Client;
  readonly connect: ConnectPacket;
  readonly authorizer: Authorizer;
  readonly location: BrokerLocation;
  readonly log: (line: string) => void;
  /** How long a second of the authorizer's intervals takes. */
  readonly secondInMilliseconds: number;
}

/**
 * The connection of a device: what it may do, and for how long. Methods that check something return the
 * reason of a refusal, or nothing.
 */
export class DeviceConnection {
  readonly #options: DeviceConnectionOptions;
  readonly #event: IoTCustomAuthorizerEvent;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #filters = new Set<string>();
  #permissions: DevicePermissions;
  #ended = false;
  /** Set when the device has received CONNACK. */
  ready = false;

  constructor(options: DeviceConnectionOptions) {
    this.#options = options;
    this.#event = authorizerEvent(options.connect, options.client.req);
    this.#permissions = this.#permissionsOf([]);
  }

  get protocolVersion(): number | undefined {
    return this.#options.connect.protocolVersion;
  }

  get clientId(): string {
    return this.#options.connect.clientId;
  }

  /** Asks the authorizer for the first time. */
  async admit(): Promise<string | undefined> {
    const { connect, authorizer } = this.#options;
    const clientIdLengthInBytes = Buffer.byteLength(connect.clientId);
    if (clientIdLengthInBytes === 0 || clientIdLengthInBytes > MAX_CLIENT_ID_LENGTH_IN_BYTES) {
      return `a client id has 1 to ${MAX_CLIENT_ID_LENGTH_IN_BYTES} bytes`;
    }
    const answer = await authorizer.ask(this.#event);
    if (!answer.admitted) return answer.reason;
    this.#permissions = this.#permissionsOf(answer.admission.policies);
    const refusal = this.#connectRefusal();
    if (refusal !== undefined || this.#ended) return refusal;
    this.#schedule(answer.admission);
    this.#after(answer.admission.disconnectAfterInSeconds, () =>
      this.#close('its connection reached the longest allowed duration'),
    );
    return undefined;
  }

  publishRefusal({ topic, payload, qos, retain }: PublishPacket): string | undefined {
    if (qos === 2) return 'AWS IoT does not support QoS 2';
    const problem = topicProblem(topic);
    if (problem !== undefined) return `it may not publish: ${problem}`;
    if (Buffer.byteLength(payload) > MAX_PAYLOAD_SIZE_IN_BYTES)
      return `the payload is over ${MAX_PAYLOAD_SIZE_IN_BYTES} bytes`;
    if (!this.#permissions.allow('Publish', topic)) return `it may not publish on ${topic}`;
    if (retain && !this.#permissions.allow('RetainPublish', topic))
      return `it may not retain messages on ${topic}`;
    return undefined;
  }

  subscribeRefusal(filter: string): string | undefined {
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) return `it may not subscribe: ${problem}`;
    return this.maySubscribe(filter) ? undefined : `it may not subscribe to ${filter}`;
  }

  /** Counts a subscription. Returns false when there are too many. */
  addFilter(filter: string): boolean {
    this.#filters.add(filter);
    return this.#filters.size <= MAX_SUBSCRIPTIONS;
  }

  maySubscribe(filter: string): boolean {
    return this.#permissions.allow('Subscribe', filter);
  }

  unsubscribed(filters: readonly string[]): void {
    for (const filter of filters) this.#filters.delete(filter);
  }

  mayReceive({ topic }: AedesPublishPacket): boolean {
    return this.#permissions.allow('Receive', topic);
  }

  /** Stops the timers. */
  end(): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #connectRefusal(): string | undefined {
    const { clean, will, clientId } = this.#options.connect;
    const attributes = [...(clean ? [] : ['PersistentConnect']), ...(will ? ['LastWill'] : [])];
    const context = {
      'iot:ConnectAttributes': attributes.length > 0 ? attributes : undefined,
      'iot:LastWillTopic': will && this.#arnOfTopic(will.topic),
    };
    if (!this.#permissions.allow('Connect', clientId, context)) return `it may not connect as ${clientId}`;
    if (!will) return undefined;
    const { topic, payload, qos = 0, retain = false } = will;
    const refusal = this.publishRefusal({ cmd: 'publish', dup: false, topic, payload, qos, retain });
    return refusal === undefined ? undefined : `its will: ${refusal}`;
  }

  #schedule({ refreshAfterInSeconds }: Admission): void {
    this.#after(refreshAfterInSeconds, () => void this.#refresh());
  }

  async #refresh(): Promise<void> {
    const answer = await this.#options.authorizer.ask(this.#event);
    if (this.#ended) return;
    // A refused device loses the right to its last will too.
    this.#permissions = this.#permissionsOf(answer.admitted ? answer.admission.policies : []);
    if (answer.admitted) this.#schedule(answer.admission);
    else this.#close(answer.reason);
  }

  #close(reason: string): void {
    this.#options.log(`client ${this.clientId} is disconnected: ${reason}`);
    this.#options.client.close();
  }

  #after(seconds: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, seconds * this.#options.secondInMilliseconds);
    this.#timers.add(timer);
  }

  #permissionsOf(policies: Admission['policies']): DevicePermissions {
    return new DevicePermissions(this.#options.location, this.clientId, policies);
  }

  #arnOfTopic(topic: string): string {
    const { partition, region, accountId } = this.#options.location;
    return `arn:${partition}:iot:${region}:${accountId}:topic/${topic}`;
  }
}

/** The event that AWS IoT sends to a custom authorizer. */
function authorizerEvent(
  { username, password, clientId }: ConnectPacket,
  request: IncomingMessage | undefined,
): IoTCustomAuthorizerEvent {
  const queryAt = request?.url?.indexOf('?') ?? -1;
  return {
    signatureVerified: false,
    protocols: request ? ['tls', 'http', 'mqtt'] : ['tls', 'mqtt'],
    protocolData: {
      ...(request && {
        http: {
          headers: Object.fromEntries(
            Object.entries(request.headersDistinct).map(([name, values]) => [name, values?.join(',') ?? '']),
          ),
          queryString: queryAt < 0 ? '' : (request.url?.slice(queryAt) ?? ''),
        },
      }),
      mqtt: {
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password).toString('base64') }),
        clientId,
      },
    },
    connectionMetadata: { id: randomUUID() },
  };
}
