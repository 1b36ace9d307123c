import { randomBytes, randomUUID } from 'node:crypto';
import { PutObjectCommand, type S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { expect, vi } from 'vitest';
import { dynamoDbDeviceRegistry } from '../../functions/adapters/dynamodb-device-registry.ts';
import { fromItem, type MediaFileItem } from '../../functions/adapters/media-file-item.ts';
import type { ItemKey } from '../../functions/adapters/media-table-keys.ts';
import type { DeviceRegistry, GatewaySn } from '../../functions/core/gateway.ts';
import { hashPassword, randomPassword } from '../../functions/core/gateway-password.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { expectDockContract } from './expect-contract.ts';
import { type Photo, type PilotDevice, photo, type StsData, TestStack } from './stack-fixture.ts';

/** How long a reply may take on a busy machine. */
const DEADLINE = { timeout: 20_000, interval: 25 };

/** A message that a dock heard, taken apart as tests like. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into messages of every shape
export type Heard = any;

/** What a dock needs of a stack. */
export interface StackOfDock {
  readonly endpoints: Endpoints;
  readonly secrets: Set<string>;
  s3(settings: S3ClientConfig): S3Client;
}

/** A registered dock. */
export interface DockIdentity {
  readonly sn: string;
  readonly password: string;
  readonly workspace_id: string;
}

/** Where a dock speaks, and where it hears the answer. */
const CHANNELS = {
  requests: 'thing/product/{sn}/requests',
  events: 'thing/product/{sn}/events',
  services_reply: 'thing/product/{sn}/services_reply',
  status: 'sys/product/{sn}/status',
} as const;
type Channel = keyof typeof CHANNELS;

/** `data` of `file_upload_callback` as docks send it since 1.8. */
export const report = (
  { name }: Pick<Photo, 'name'>,
  objectKey: string,
  { flightId = 'flight', ...changes }: { flightId?: string } & Record<string, unknown> = {},
) => ({
  file: {
    object_key: objectKey,
    name,
    path: 'DJI_202405161140_003_0e1f9b7e',
    ext: { flight_id: flightId, drone_model_key: '0-91-0', payload_model_key: '1-80-0', is_original: true },
    metadata: {
      gimbal_yaw_degree: '-91.40',
      absolute_altitude: 56.311,
      relative_altitude: 41.124,
      create_time: '2021-05-10T16:04:20+08:00',
      shoot_position: { lat: 22.1, lng: 122.5 },
    },
    cloud_to_cloud_id: 'DEFAULT',
  },
  ...changes,
});

/** A dock by hand: it says what a test tells it to, and keeps all that it hears. */
export class Dock {
  readonly sn: string;
  readonly workspaceId: WorkspaceId;
  readonly client: MqttClient;
  readonly heard: { readonly topic: string; readonly message: Heard }[] = [];
  readonly #stack: StackOfDock;

  private constructor(stack: StackOfDock, { sn, workspace_id }: DockIdentity, client: MqttClient) {
    this.#stack = stack;
    this.sn = sn;
    this.workspaceId = workspace_id as WorkspaceId;
    this.client = client;
    client.on('error', () => {});
    client.on('message', (topic, payload) => {
      this.heard.push({ topic, message: JSON.parse(payload.toString()) });
    });
  }

  /** Connects once, and listens on the dock's own topics. Rejects when the broker refuses. */
  static async connect(
    stack: StackOfDock,
    identity: DockIdentity,
    { address = stack.endpoints.mqtt, ...options }: IClientOptions & { address?: string } = {},
  ): Promise<Dock> {
    const { sn, password } = identity;
    // The authorizer gets it in base64.
    if (password) stack.secrets.add(password).add(Buffer.from(password).toString('base64'));
    const client = await mqtt.connectAsync(
      address,
      { clientId: sn, username: sn, password, protocolVersion: 4, reconnectPeriod: 0, ...options },
      false,
    );
    const dock = new Dock(stack, identity, client);
    const replies = ['requests_reply', 'events_reply', 'services'].map(
      (channel) => `thing/product/${sn}/${channel}`,
    );
    await client.subscribeAsync([...replies, `sys/product/${sn}/status_reply`], { qos: 1 });
    return dock;
  }

  topic(channel: Channel): string {
    return CHANNELS[channel].replace('{sn}', this.sn);
  }

  /** Publishes on one of its own topics; a text goes out as it is. */
  async say(channel: Channel, message: unknown): Promise<void> {
    const text = typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message);
    await this.client.publishAsync(this.topic(channel), text, { qos: 1 });
  }

  /** Says something and waits for the reply, as a dock does. A success is compared with its contract. */
  async ask(
    channel: Channel,
    method: string | undefined,
    data: unknown,
    changes: object = {},
  ): Promise<Heard> {
    const message = {
      tid: randomUUID() as string,
      bid: randomUUID() as string,
      timestamp: Date.now(),
      gateway: this.sn,
      ...(channel === 'events' && { need_reply: 1 }),
      method,
      data,
      ...changes,
    };
    const before = this.repliesTo(message.tid).length;
    await this.say(channel, message);
    const heard = await vi.waitFor(() => {
      const reply = this.repliesTo(message.tid)[before];
      if (!reply) throw new Error(`No reply to ${method}`);
      return reply;
    }, DEADLINE);
    expectDockContract(method, heard.data);
    return heard;
  }

  /** Replies so far to a message. */
  repliesTo(tid: string): Heard[] {
    return this.heard
      .filter(({ topic, message }) => topic.endsWith('_reply') && message.tid === tid)
      .map(({ message }) => message);
  }

  /** Services that the cloud has asked for so far. */
  get services(): Heard[] {
    return this.heard.filter(({ topic }) => topic.endsWith('/services')).map(({ message }) => message);
  }

  /** Waits for a service beyond the first `count`. */
  service(count = 0): Promise<Heard> {
    return vi.waitFor(() => {
      const service = this.services[count];
      if (!service) throw new Error('No service was asked for');
      return service;
    }, DEADLINE);
  }

  /** New credentials, which count as secrets. */
  async credentials(): Promise<StsData> {
    const { data } = await this.ask('requests', 'storage_config_get', { module: 0 });
    expect(data).toMatchObject({ result: 0 });
    const { access_key_secret, security_token } = data.output.credentials;
    this.#stack.secrets.add(access_key_secret).add(security_token);
    return data.output;
  }

  /** S3 with the credentials that it got. */
  s3({ endpoint, region, credentials }: StsData): S3Client {
    return this.#stack.s3({
      endpoint,
      region,
      credentials: {
        accessKeyId: credentials.access_key_id,
        secretAccessKey: credentials.access_key_secret,
        sessionToken: credentials.security_token,
      },
    });
  }

  /**
   * Uploads a file as docks do, below the prefix and the flight id. Resolves to its object key.
   */
  async put(file: Pick<Photo, 'name' | 'bytes'>, flightId = 'flight', storage?: StsData): Promise<string> {
    const credentials = storage ?? (await this.credentials());
    const Key = `${credentials.object_key_prefix}/${flightId}/${file.name}`;
    await this.s3(credentials).send(
      new PutObjectCommand({ Bucket: credentials.bucket, Key, Body: file.bytes }),
    );
    return Key;
  }

  /** Reports a file; resolves to the reply's `data`. */
  async callback(data: unknown, changes: object = {}): Promise<Heard> {
    return (await this.ask('events', 'file_upload_callback', data, changes)).data;
  }

  /** The whole story of one file of a flight; resolves to its object key. */
  async upload(flightId: string, file: Photo = photo(), task?: object): Promise<string> {
    const objectKey = await this.put(file, flightId);
    expect(
      await this.callback(report(file, objectKey, { flightId, ...(task && { flight_task: task }) })),
    ).toEqual({
      result: 0,
    });
    return objectKey;
  }

  /** Resolves when the broker has thrown it off. */
  async thrownOff(): Promise<void> {
    await vi.waitFor(() => expect(this.client.connected).toBe(false), DEADLINE);
  }
}

/** A local stack with docks and the pilots of their workspaces. */
export class DockStack {
  readonly stack: TestStack;
  readonly registry: DeviceRegistry;
  readonly #docks: Dock[] = [];

  private constructor(stack: TestStack) {
    this.stack = stack;
    this.registry = dynamoDbDeviceRegistry(stack.endpoints.table, stack.dynamoDb());
  }

  static async start(...options: Parameters<typeof TestStack.start>): Promise<DockStack> {
    return new DockStack(await TestStack.start(...options));
  }

  get endpoints(): Endpoints {
    return this.stack.endpoints;
  }

  async close(): Promise<void> {
    await Promise.all(this.#docks.map(({ client }) => client.endAsync(true)));
    await this.stack.close();
  }

  /** The demo dock of the first or the second workspace. */
  identity(index: 0 | 1): DockIdentity {
    const found = this.endpoints.docks[index];
    if (!found) throw new Error('The stack has fewer docks');
    return found;
  }

  /** A connected dock: of the first or the second workspace, or one of the test's own. */
  async dock(
    which: 0 | 1 | DockIdentity = 0,
    options?: IClientOptions & { address?: string },
  ): Promise<Dock> {
    const identity = typeof which === 'number' ? this.identity(which) : which;
    const dock = await Dock.connect(this.stack, identity, options);
    this.#docks.push(dock);
    return dock;
  }

  /** Somebody of the dock's workspace. */
  async pilotOf({ workspaceId }: Pick<Dock, 'workspaceId'>): Promise<PilotDevice> {
    const index = this.endpoints.users.findIndex(({ workspace_id }) => workspace_id === workspaceId);
    return await this.stack.pilot(index as 0 | 1);
  }

  /** Registers a device that no other test knows, a remote controller too. */
  async register(workspaceId: string, prefix = 'TESTDOCK'): Promise<DockIdentity> {
    const sn = `${prefix}${randomBytes(4).toString('hex').toUpperCase()}` as GatewaySn;
    const password = randomPassword();
    await this.registry.createGateway({
      sn,
      workspaceId: workspaceId as WorkspaceId,
      workspaceName: 'Survey',
      passwordHash: hashPassword(password),
      revoked: false,
      createdAt: new Date().toISOString(),
    });
    return { sn, password, workspace_id: workspaceId };
  }

  /** An item of the table. */
  async item(key: ItemKey): Promise<Heard> {
    const { Item } = await this.stack
      .dynamoDb()
      .send(new GetCommand({ TableName: this.endpoints.table, Key: key, ConsistentRead: true }));
    return Item;
  }

  /** The entry that an upload made, by its ETag, with what follows from it. */
  async file(workspaceId: WorkspaceId, objectKey: string, eTag: string): Promise<Heard> {
    const items = await this.items();
    const found = items.find(
      (item) =>
        item?.['entity'] === 'file' &&
        item['object_key'] === objectKey &&
        item['etag'] === eTag &&
        String(item['pk']).includes(workspaceId) &&
        item['linked_to'] === undefined,
    );
    if (found === undefined) return undefined;
    const { kind, integrity } = fromItem(found as unknown as MediaFileItem);
    return { ...found, kind, integrity };
  }

  /** Everything in the table, in no order. */
  items(): Promise<Heard[]> {
    return this.stack.items();
  }

  /** Lines that a function wrote and that hold what is asked for. */
  lines(expected: object): Record<string, unknown>[] {
    const matches = expect.objectContaining(expected) as { asymmetricMatch(value: unknown): boolean };
    return this.stack.functionLog().filter((line) => matches.asymmetricMatch(line));
  }

  /** Waits for such lines. */
  async logged(expected: object, count = 1): Promise<void> {
    await vi.waitFor(
      () => expect(this.lines(expected), JSON.stringify(expected)).toHaveLength(count),
      DEADLINE,
    );
  }
}

/** A flight as its workspace sees it. */
export async function flightSeenBy(pilot: PilotDevice, flightId: string): Promise<Heard> {
  const { envelope } = await pilot.ask(`flights/${encodeURIComponent(flightId)}`, { method: 'GET' });
  expect(envelope).toMatchObject({ code: 0 });
  return envelope.data;
}
