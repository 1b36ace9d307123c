import { Readable } from 'node:stream';
import type { AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import { hasWildcard, topicMatcher } from './topic.ts';

/** AWS IoT keeps a session this long after its client has disconnected. */
const SESSION_LIFE_IN_MILLISECONDS = 3_600_000;

const MAX_SESSIONS = 1_000;
const MAX_RETAINED = 1_000;

/** Limits of what is stored for a client that is away or does not acknowledge. */
const MAX_QUEUED_MESSAGES = 1_000;
const MAX_QUEUED_IN_BYTES = 8 * 1024 * 1024;

type ClientId = Pick<Client, 'id'>;

interface QueuedMessage {
  readonly packet: AedesPublishPacket;
  readonly bytes: number;
  /** Set when the message was sent on the present connection. */
  messageId?: number | undefined;
  sentTo?: ClientId;
}

interface Session {
  /** The granted QoS, by topic filter. */
  readonly subscriptions: Map<string, Subscription>;
  /** Unacknowledged messages by the broker's count, oldest first. */
  readonly queue: Map<number, QueuedMessage>;
  queuedInBytes: number;
  /** Epoch milliseconds. Not set while the client is connected. */
  expiresAt?: number | undefined;
}

/** The parts of the broker that the session store uses. */
export interface SessionStoreOptions {
  /** Whether a client may have a subscription. Refused ones are not stored. */
  readonly maySubscribe: (client: Client, filter: string) => boolean;
  readonly clock: () => Date;
  readonly log: (line: string) => void;
}

/**
 * Persistent sessions, retained messages and wills, in memory and with limits. It is the persistence of
 * aedes, which calls its methods by these names. As in AWS IoT, a message that is sent again has a new packet
 * identifier, and retained messages are sent only to subscriptions without wildcards.
 */
export class SessionStore {
  readonly #options: SessionStoreOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #retained = new Map<string, PublishPacket>();
  readonly #wills = new Map<string, PublishPacket>();
  /** Topic filters with the clients that have subscribed to them. */
  readonly #subscribers = new Map<string, Set<string>>();
  readonly #wildcards = new Map<string, (topic: string) => boolean>();

  constructor(options: SessionStoreOptions) {
    this.#options = options;
  }

  async setup(): Promise<void> {}

  /** Keeps the session while its client is connected. */
  connected(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session) session.expiresAt = undefined;
  }

  /** Lets the session expire, unless its client comes back. */
  disconnected(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session) session.expiresAt = this.#options.clock().getTime() + SESSION_LIFE_IN_MILLISECONDS;
  }

  /** Removes a message from the queue of a client that may not receive it. */
  drop(clientId: string, packet: AedesPublishPacket): void {
    const session = this.#sessions.get(clientId);
    if (session) remove(session, packet.brokerCounter);
  }

  async addSubscriptions(client: Client, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.#sessions.get(client.id) ?? this.#add(client.id);
    for (const subscription of subscriptions) {
      const { topic } = subscription;
      if (!this.#options.maySubscribe(client, topic)) continue;
      session.subscriptions.set(topic, { ...subscription });
      const subscribers = this.#subscribers.get(topic) ?? new Set();
      this.#subscribers.set(topic, subscribers.add(client.id));
      if (hasWildcard(topic)) this.#wildcards.set(topic, topicMatcher(topic));
    }
  }

  async removeSubscriptions({ id }: ClientId, filters: readonly string[]): Promise<void> {
    const session = this.#sessions.get(id);
    if (!session) return;
    for (const filter of filters) {
      session.subscriptions.delete(filter);
      this.#forgetSubscriber(filter, id);
    }
  }

  async subscriptionsByClient({ id }: ClientId): Promise<Subscription[]> {
    return [...(this.#session(id)?.subscriptions.values() ?? [])];
  }

  /** One entry for each client, however many of its filters match. */
  async subscriptionsByTopic(topic: string): Promise<{ clientId: string; topic: string; qos: number }[]> {
    const filters = [
      topic,
      ...[...this.#wildcards].filter(([, fits]) => fits(topic)).map(([filter]) => filter),
    ];
    const clientIds = new Set<string>();
    for (const filter of filters) {
      for (const clientId of this.#subscribers.get(filter) ?? []) {
        const qos = this.#session(clientId)?.subscriptions.get(filter)?.qos ?? 0;
        if (qos > 0) clientIds.add(clientId);
      }
    }
    return [...clientIds].map((clientId) => ({ clientId, topic, qos: 1 }));
  }

  async cleanSubscriptions({ id }: ClientId): Promise<void> {
    this.#forget(id);
  }

  async outgoingEnqueueCombi(
    subscribers: readonly { readonly clientId: string }[],
    packet: AedesPublishPacket,
  ): Promise<void> {
    for (const { clientId } of subscribers) this.#enqueue(clientId, packet);
  }

  /** Stores the packet identifier that a message was sent with. */
  async outgoingUpdate(client: ClientId, packet: AedesPublishPacket): Promise<void> {
    const message = this.#sessions.get(client.id)?.queue.get(packet.brokerCounter);
    if (!message) return;
    message.messageId = packet.messageId;
    message.sentTo = client;
  }

  async outgoingClearMessageId(
    client: ClientId,
    { messageId }: { readonly messageId?: number | undefined },
  ): Promise<AedesPublishPacket | undefined> {
    const session = this.#sessions.get(client.id);
    if (!session || messageId === undefined) return undefined;
    for (const [count, message] of session.queue) {
      if (message.messageId !== messageId || message.sentTo !== client) continue;
      remove(session, count);
      return message.packet;
    }
    return undefined;
  }

  /** The messages that are still to be sent on this connection. */
  outgoingStream(client: ClientId): Readable {
    const messages = [...(this.#session(client.id)?.queue.values() ?? [])];
    return Readable.from(
      messages
        .filter(({ sentTo }) => sentTo !== client)
        .map(({ packet }) => ({ ...packet, messageId: undefined })),
    );
  }

  async storeRetained(packet: PublishPacket): Promise<void> {
    if (packet.payload.length === 0) this.#retained.delete(packet.topic);
    else if (this.#retained.has(packet.topic) || this.#retained.size < MAX_RETAINED) {
      this.#retained.set(packet.topic, { ...packet });
    } else this.#options.log(`a retained message on ${packet.topic} is dropped: there are ${MAX_RETAINED}`);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(filters.flatMap((filter) => this.#retained.get(filter) ?? []));
  }

  async putWill({ id }: ClientId, will: PublishPacket): Promise<void> {
    this.#wills.set(id, will);
  }

  async delWill({ id }: ClientId): Promise<PublishPacket | undefined> {
    const will = this.#wills.get(id);
    this.#wills.delete(id);
    return will;
  }

  /** Wills of other brokers: there are no others. */
  streamWill(): Readable {
    return Readable.from([]);
  }

  /** For QoS 2, which is refused earlier. */
  async incomingGetPacket(): Promise<never> {
    throw new Error('no such packet');
  }

  #enqueue(clientId: string, packet: AedesPublishPacket): void {
    const session = this.#session(clientId);
    if (!session) return;
    const bytes = packet.payload.length + packet.topic.length;
    if (session.queue.size >= MAX_QUEUED_MESSAGES || session.queuedInBytes + bytes > MAX_QUEUED_IN_BYTES) {
      this.#options.log(`a message for ${clientId} is dropped: ${session.queue.size} wait for it already`);
      return;
    }
    // The payload is a slice of a larger buffer from the socket. The copy lets that buffer go.
    const copy = { ...packet, payload: Buffer.from(packet.payload as Buffer) };
    session.queue.set(packet.brokerCounter, { packet: copy, bytes });
    session.queuedInBytes += bytes;
  }

  /** A session, unless it has expired. */
  #session(clientId: string): Session | undefined {
    const session = this.#sessions.get(clientId);
    if (!session || (session.expiresAt ?? Number.POSITIVE_INFINITY) > this.#options.clock().getTime())
      return session;
    this.#forget(clientId);
    return undefined;
  }

  #add(clientId: string): Session {
    for (const other of [...this.#sessions.keys()]) this.#session(other);
    if (this.#sessions.size >= MAX_SESSIONS) {
      const away = [...this.#sessions].find(([, { expiresAt }]) => expiresAt !== undefined);
      if (away) this.#forget(away[0]);
    }
    const session = { subscriptions: new Map(), queue: new Map(), queuedInBytes: 0 };
    this.#sessions.set(clientId, session);
    return session;
  }

  #forget(clientId: string): void {
    for (const filter of this.#sessions.get(clientId)?.subscriptions.keys() ?? []) {
      this.#forgetSubscriber(filter, clientId);
    }
    this.#sessions.delete(clientId);
  }

  #forgetSubscriber(filter: string, clientId: string): void {
    const subscribers = this.#subscribers.get(filter);
    subscribers?.delete(clientId);
    if (subscribers?.size === 0) {
      this.#subscribers.delete(filter);
      this.#wildcards.delete(filter);
    }
  }
}

function remove(session: Session, count: number): void {
  session.queuedInBytes -= session.queue.get(count)?.bytes ?? 0;
  session.queue.delete(count);
}
