import type { EventEmitter } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { Aedes, type AuthenticateError, type Client, type ConnectPacket, type PublishPacket } from 'aedes';
import type { Log } from '../log.ts';
import { Authorizer } from './authorizer.ts';
import type { AuthorizerDefinition, IotFunctions, IotQueues, TopicRuleDefinition } from './definitions.ts';
import { DeviceConnection, MAX_SUBSCRIPTIONS } from './device-connection.ts';
import type { BrokerLocation } from './device-permissions.ts';
import { createMqttServers } from './mqtt-servers.ts';
import { RuleEngine } from './rule-engine.ts';
import { SessionStore } from './session-store.ts';

/** AWS's limits: topic filters in a SUBSCRIBE, and levels of a topic. */
const MAX_FILTERS_A_SUBSCRIBE = 8;
const MAX_TOPIC_LEVELS = 8;

/** A subscriber that does not read for this long is disconnected, so that it does not block the others. */
const DRAIN_TIMEOUT_IN_MILLISECONDS = 10_000;

const NOT_AUTHORIZED = 5;

const MQTT_3_1 = 3;

/** CONNACK with return code 1. */
const UNACCEPTABLE_VERSION = Buffer.from([0x20, 2, 0, 1]);

/** CONNACK of MQTT 5 with reason code 0x84, and without properties. */
const UNSUPPORTED_VERSION_OF_MQTT_5 = Buffer.from([0x20, 3, 0, 0x84, 0]);

/** AWS's limits for the keep-alive interval, in seconds. */
const MIN_KEEP_ALIVE = 30;
const MAX_KEEP_ALIVE = 1_200;

/** How to start the local broker. */
export interface IotBrokerOptions extends BrokerLocation {
  readonly rules: readonly TopicRuleDefinition[];
  readonly authorizer: AuthorizerDefinition;
  readonly functions: IotFunctions;
  /** Needed by rules that send to queues. */
  readonly queues?: IotQueues | undefined;
  readonly log: Log;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** How long a second of the authorizer's intervals takes. @default 1000 */
  readonly secondInMilliseconds?: number | undefined;
  /** Running events for one function, before publishers must wait. @default 64 */
  readonly eventsAtOnce?: number | undefined;
}

/** A message from a service of AWS. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** The local message broker. The caller listens. */
export interface IotBroker {
  /** MQTT 3.1.1 over TCP. */
  readonly mqtt: Server;
  /** MQTT 3.1.1 over WebSocket, at `/mqtt`. */
  readonly mqttWs: HttpServer;
  /** Resolves when the message was sent to connected clients, and stored for others. */
  publish(message: OutgoingMessage): Promise<void>;
  close(): Promise<void>;
}

/** AWS IoT Core's message broker and rules engine. Rejects for rules or an authorizer that would not work. */
export async function createIotBroker(options: IotBrokerOptions): Promise<IotBroker> {
  const { clock = () => new Date(), secondInMilliseconds = 1_000 } = options;
  const log = (line: string) => options.log({ source: 'iot', line });
  const rules = new RuleEngine(options);
  const authorizer = new Authorizer(options.authorizer, options.functions);
  const connections = new WeakMap<Client, DeviceConnection>();
  const store = new SessionStore({
    clock,
    log,
    maySubscribe: (client, filter) => connections.get(client)?.maySubscribe(filter) ?? false,
  });

  const begin = (client: Client, connect: ConnectPacket): void => {
    const connection = new DeviceConnection({
      client,
      connect,
      authorizer,
      location: options,
      log,
      secondInMilliseconds,
    });
    connections.set(client, connection);
    client.conn.once('close', () => connection.end());
  };

  const broker = await Aedes.createBroker({
    persistence: store,
    maxTopicLevels: MAX_TOPIC_LEVELS,
    // For MQTT 3.1, whose limit is 23. AWS IoT's limit is checked for all versions.
    maxClientsIdLength: Number.POSITIVE_INFINITY,
    drainTimeout: DRAIN_TIMEOUT_IN_MILLISECONDS,
    preConnect: (client, packet, done) => {
      const refusal = versionRefusal(packet);
      if (refusal)
        return void client.conn.write(refusal.connack, () => done(new Error(refusal.reason), false));
      packet.keepalive = keepAliveOf(packet);
      begin(client, packet);
      done(null, true);
    },
    authenticate: (client, _username, _password, done) => {
      const connection = connections.get(client);
      if (!connection) return done(notAuthorized('it did not sign in'), false);
      connection.admit().then(
        (refusal) => {
          if (refusal !== undefined) return done(notAuthorized(refusal), false);
          if (connection.protocolVersion !== MQTT_3_1) return done(null, true);
          // Last, since clients that try 3.1 after 3.1.1 show this answer, and not that to a wrong password.
          client.conn.write(UNACCEPTABLE_VERSION, () => {
            onError(client, new Error('AWS IoT supports MQTT 3.1.1 and 5, not 3.1'));
            client.close();
          });
        },
        (error: Error) => done(notAuthorized(error.message), false),
      );
    },
    authorizePublish: (client, packet, done) => {
      const connection = client && connections.get(client);
      const refusal = connection ? connection.publishRefusal(packet) : 'it is not connected';
      done(refusal === undefined ? null : new Error(refusal));
    },
    authorizeSubscribe: (client, subscription, done) => {
      if (subscription.qos === 2) return done(new Error('AWS IoT does not support QoS 2'));
      const connection = connections.get(client);
      const refusal = connection ? connection.subscribeRefusal(subscription.topic) : 'it is not connected';
      // AWS IoT closes the connection of a client that subscribes to what its policy does not allow.
      if (refusal !== undefined) return done(new Error(refusal));
      if (connection?.addFilter(subscription.topic)) return done(null, subscription);
      log(`client ${client.id}: it has over ${MAX_SUBSCRIPTIONS} subscriptions`);
      void store.removeSubscriptions(client, [subscription.topic]);
      done(null, null);
    },
    authorizeForward: (client, packet) => {
      const connection = connections.get(client);
      if (!connection?.ready) return null;
      if (connection.mayReceive(packet)) return packet;
      store.drop(client.id, packet);
      return null;
    },
    published: (packet, client, done) => {
      // The broker's own messages are on topics that begin with `$`, where devices cannot publish.
      const crowded = packet.topic.startsWith('$') ? undefined : dispatch(packet, client);
      // Functions do not wait when they publish: the publishers may be waiting for them.
      if (crowded && client) crowded.then(() => done(), done);
      else done();
    },
  });

  const dispatch = (packet: PublishPacket, client: Client | null): Promise<unknown> | undefined =>
    rules.dispatch({
      topic: packet.topic,
      payload: packet.payload as Buffer,
      clientId: client?.id,
      receivedAt: clock(),
    });

  const failed = new WeakSet<Client>();
  const onError = (client: Client, error: Error): void => {
    if (failed.has(client)) return;
    failed.add(client);
    log(`client ${client.id ?? '(unknown)'} is disconnected: ${error.message}`);
  };
  const emitter: EventEmitter = broker;
  emitter.on('error', (error: Error) => {
    options.log({ source: 'iot', line: `Fault of the local stack: ${error.message}`, level: 'error' });
  });
  broker.on('clientError', onError);
  broker.on('connectionError', onError);
  broker.on('client', ({ id }) => store.connected(id));
  broker.on('clientDisconnect', ({ id }) => store.disconnected(id));
  broker.on('connackSent', (_packet, client) => {
    const connection = connections.get(client);
    if (connection) connection.ready = true;
  });
  broker.on('unsubscribe', (filters, client) => connections.get(client)?.unsubscribed(filters));
  broker.on('subscribe', (subscriptions, client) => {
    if (subscriptions.length <= MAX_FILTERS_A_SUBSCRIBE) return;
    onError(client, new Error(`a SUBSCRIBE has over ${MAX_FILTERS_A_SUBSCRIBE} topic filters`));
    client.close();
  });

  const servers = createMqttServers((connection, request) => void broker.handle(connection, request));
  return {
    mqtt: servers.mqtt,
    mqttWs: servers.mqttWs,
    publish: (message) =>
      new Promise((resolve, reject) => {
        broker.publish({ cmd: 'publish', dup: false, ...message }, (error) =>
          error ? reject(error) : resolve(),
        );
      }),
    close: async () => {
      rules.close();
      await new Promise<void>((resolve) => broker.close(resolve));
      await servers.close();
    },
  };
}

/** The answer to a version that the broker does not support, and why. */
function versionRefusal(
  connect: ConnectPacket,
): { readonly connack: Buffer; readonly reason: string } | undefined {
  // The parser takes the highest bit of the version out, which is that of bridges.
  const { protocolVersion, bridgeMode }: ConnectPacket & { readonly bridgeMode?: boolean } = connect;
  if (protocolVersion === 5) {
    return { connack: UNSUPPORTED_VERSION_OF_MQTT_5, reason: 'the local stack does not support MQTT 5' };
  }
  if (bridgeMode) {
    return { connack: UNACCEPTABLE_VERSION, reason: 'AWS IoT does not support the protocol of bridges' };
  }
  return undefined;
}

/** AWS IoT's limits, in seconds. No keep-alive counts as the longest one. */
function keepAliveOf({ keepalive = 0 }: ConnectPacket): number {
  return keepalive === 0 ? MAX_KEEP_ALIVE : Math.min(Math.max(keepalive, MIN_KEEP_ALIVE), MAX_KEEP_ALIVE);
}

function notAuthorized(reason: string): AuthenticateError {
  return Object.assign(new Error(reason), { returnCode: NOT_AUTHORIZED });
}
