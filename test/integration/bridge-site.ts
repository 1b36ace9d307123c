import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Aedes, type PublishPacket } from 'aedes';
import mqtt, { type MqttClient } from 'mqtt';
import { aclRules, type BridgeSettings } from '../fixtures/bridge.ts';

/** A site: does what Mosquitto does with the files in `docs/bridge/`, with a broker and clients from npm. */
export interface BridgeSite {
  /** Where docks connect. */
  readonly address: string;
  /** What docks of the site published, and at which QoS, refused or not. */
  readonly published: readonly Pick<PublishPacket, 'topic' | 'qos'>[];
  /** The connections to the library, by serial number. */
  readonly connections: ReadonlyMap<string, MqttClient>;
  close(): Promise<void>;
}

export interface BridgeSiteOptions {
  /** MQTT address of the library, without TLS. */
  readonly library: string;
  /** One file a dock. */
  readonly docks: readonly BridgeSettings[];
  /** On site, by user name. */
  readonly passwords: ReadonlyMap<string, string>;
}

/** A topic that Mosquitto's ACL denies. The message is acknowledged all the same. */
const NOWHERE = 'nowhere';

/** Starts one and connects its bridges. */
export async function startBridgeSite({ library, docks, passwords }: BridgeSiteOptions): Promise<BridgeSite> {
  const usernames = new WeakMap<object, string>();
  const rules = aclRules();
  const may = (access: string, client: object | null, topic: string): boolean => {
    const username = client && usernames.get(client);
    return rules.some(
      (rule) => rule.access === access && username && rule.filter.replace('%u', username) === topic,
    );
  };
  const published: Pick<PublishPacket, 'topic' | 'qos'>[] = [];
  const broker = await Aedes.createBroker({
    authenticate: (client, username = '', password, done) => {
      const known = passwords.get(username);
      if (known !== undefined) usernames.set(client, username);
      done(null, known !== undefined && password?.toString() === known);
    },
    authorizePublish: (client, packet, done) => {
      published.push({ topic: packet.topic, qos: packet.qos });
      if (!may('write', client, packet.topic)) packet.topic = NOWHERE;
      done(null);
    },
    authorizeForward: (client, packet) => (may('read', client, packet.topic) ? packet : null),
  });

  const connections = new Map<string, MqttClient>();
  for (const dock of docks)
    connections.set(dock.get('remote_clientid'), await connect(broker, dock, library));

  const server = createServer({ noDelay: true }, (socket) => void broker.handle(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    published,
    connections,
    close: async () => {
      await Promise.all([...connections.values()].map((connection) => connection.endAsync(true)));
      await new Promise<void>((resolve) => broker.close(resolve));
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A `connection` of Mosquitto. */
async function connect(broker: Aedes, dock: BridgeSettings, library: string): Promise<MqttClient> {
  const connection = await mqtt.connectAsync(
    library,
    {
      clientId: dock.get('remote_clientid'),
      username: dock.get('remote_username'),
      password: dock.get('remote_password'),
      protocolVersion: 4,
      clean: dock.get('cleansession') === 'true',
      keepalive: dock.number('keepalive_interval'),
      reconnectPeriod: 0,
    },
    false,
  );
  connection.on('error', () => {});
  connection.on('message', (topic, payload) => {
    broker.publish({ cmd: 'publish', topic, payload, qos: 1, retain: false, dup: false }, () => {});
  });
  for (const { filter, direction, qos } of dock.topics) {
    if (direction === 'in') {
      // As in Mosquitto, one SUBSCRIBE for each topic.
      await connection.subscribeAsync(filter, { qos: qos as 0 | 1 });
      continue;
    }
    const carry = ({ topic, payload }: PublishPacket, done: () => void): void => {
      connection.publishAsync(topic, payload, { qos: qos as 0 | 1 }).then(done, done);
    };
    await new Promise<void>((resolve) => broker.subscribe(filter, carry, resolve));
  }
  return connection;
}
