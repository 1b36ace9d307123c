import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import type { IoTCustomAuthorizerEvent } from 'aws-lambda';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { createIotBroker, type IotBroker, type IotBrokerOptions } from '../../iot/broker.ts';
import type { IotFunctions, TopicRuleDefinition } from '../../iot/definitions.ts';
import type { LogEntry } from '../../log.ts';

export const LOCATION = { partition: 'aws', region: 'eu-central-1', accountId: '123456789012' } as const;

const AUTHORIZER = 'arn:aws:lambda:eu-central-1:123456789012:function:authorizer';

/** The function behind most rules of the tests. */
export const CALLBACK = 'arn:aws:lambda:eu-central-1:123456789012:function:file-upload-callback';

export const arn = (kind: string, name: string) => `arn:aws:iot:eu-central-1:123456789012:${kind}/${name}`;

/** A device's policy: it may connect with its serial number, and use its own topics. */
export const devicePolicy = (sn: string, clientId: string, more: readonly object[] = []) => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: 'iot:Connect', Resource: arn('client', clientId) },
    { Effect: 'Allow', Action: 'iot:Publish', Resource: arn('topic', `thing/product/${sn}/events`) },
    {
      Effect: 'Allow',
      Action: 'iot:Subscribe',
      Resource: [`thing/product/${sn}/events_reply`, `thing/product/${sn}/+`].map((name) =>
        arn('topicfilter', name),
      ),
    },
    { Effect: 'Allow', Action: 'iot:Receive', Resource: arn('topic', `thing/product/${sn}/events_reply`) },
    ...more,
  ],
});

/** A topic rule. */
export const rule = (overrides: Partial<TopicRuleDefinition> = {}): TopicRuleDefinition => ({
  name: 'file_upload_callback',
  arn: arn('rule', 'file_upload_callback'),
  sql: "SELECT topic(3) AS gateway_sn, encode(*, 'base64') AS payload FROM 'thing/product/+/events' WHERE method = 'file_upload_callback'",
  enabled: true,
  actions: [{ kind: 'lambda', functionArn: CALLBACK }],
  ...overrides,
});

/** A broker with fake functions, on ports of its own. */
export interface TestStack {
  readonly broker: IotBroker;
  readonly tcp: string;
  readonly ws: string;
  readonly tcpPort: number;
  /** Devices that may sign in, by serial number, with statements besides {@link devicePolicy}. */
  readonly devices: Map<string, { password: string; more?: readonly object[] }>;
  /** The requests to the authorizer. */
  readonly asked: IoTCustomAuthorizerEvent[];
  /** The events of functions. */
  readonly events: { functionArn: string; event: unknown }[];
  readonly lines: string[];
  connect(sn: string, options?: IClientOptions, address?: string): Promise<MqttClient>;
  close(): Promise<void>;
}

/** Options of the broker that a test sets itself; functions that it leaves out are fake. */
export type StackOverrides = Omit<Partial<IotBrokerOptions>, 'functions'> & {
  readonly functions?: Partial<IotFunctions>;
};

/** Starts a broker. The authorizer accepts the devices DOCK1 and DOCK2 with the password `secret`. */
export async function startStack(overrides: StackOverrides = {}): Promise<TestStack> {
  const devices: TestStack['devices'] = new Map([
    ['DOCK1', { password: 'secret' }],
    ['DOCK2', { password: 'secret' }],
  ]);
  const asked: IoTCustomAuthorizerEvent[] = [];
  const events: TestStack['events'] = [];
  const lines: string[] = [];
  const functions: IotFunctions = {
    mayInvoke: () => true,
    invoke: async (functionArn, event) => {
      if (functionArn !== AUTHORIZER) throw new Error(`There is no function ${functionArn}`);
      asked.push(event as IoTCustomAuthorizerEvent);
      return { ok: true, payload: JSON.stringify(authorize(devices, event as IoTCustomAuthorizerEvent)) };
    },
    invokeEvent: async (functionArn, event) => {
      events.push({ functionArn, event });
      return { ok: true, payload: 'null' };
    },
    ...overrides.functions,
  };
  const broker = await createIotBroker({
    ...LOCATION,
    rules: [rule()],
    authorizer: { name: 'docks', arn: arn('authorizer', 'docks'), functionArn: AUTHORIZER },
    log: ({ line }: LogEntry) => lines.push(line),
    ...overrides,
    functions,
  });
  const tcpPort = await listen(broker.mqtt);
  const tcp = `mqtt://127.0.0.1:${tcpPort}`;
  const ws = `ws://127.0.0.1:${await listen(broker.mqttWs)}/mqtt`;
  const clients: MqttClient[] = [];
  return {
    broker,
    tcp,
    ws,
    tcpPort,
    devices,
    asked,
    events,
    lines,
    connect: async (sn, options = {}, address = tcp) => {
      const client = await mqtt.connectAsync(
        address,
        { username: sn, password: 'secret', clientId: sn, reconnectPeriod: 0, ...options },
        false,
      );
      client.on('error', () => {});
      clients.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.endAsync(true)));
      await broker.close();
    },
  };
}

function authorize(devices: TestStack['devices'], event: IoTCustomAuthorizerEvent): object {
  const { username = '', password = '', clientId = '' } = event.protocolData.mqtt ?? {};
  const device = devices.get(username);
  if (device?.password !== Buffer.from(password, 'base64').toString()) return { isAuthenticated: false };
  if (clientId !== username && devices.has(clientId)) return { isAuthenticated: false };
  return {
    isAuthenticated: true,
    principalId: username,
    disconnectAfterInSeconds: 86_400,
    refreshAfterInSeconds: 300,
    policyDocuments: [devicePolicy(username, clientId, device.more)],
  };
}

/** Listens on the loopback, on a port that is free. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Collects what a client receives. */
export function received(
  client: MqttClient,
): { topic: string; text: string; dup: boolean; retain: boolean }[] {
  const messages: { topic: string; text: string; dup: boolean; retain: boolean }[] = [];
  client.on('message', (topic, payload, { dup, retain }) => {
    messages.push({ topic, text: payload.toString(), dup, retain });
  });
  return messages;
}

/** Resolves when the server has ended the connection. */
export async function closed(client: MqttClient): Promise<void> {
  if (client.connected) await new Promise<void>((resolve) => client.once('close', () => resolve()));
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean, milliseconds = 5_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('The condition did not become true');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits for events that should not come. */
export const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 150));
