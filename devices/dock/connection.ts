/** A dock's line to the broker: MQTT 3.1.1, QoS 1, kept up until the dock hangs up. */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import type { Line } from './exchanges.ts';
import { type DockTopics, type Message, parseMessage, topicsOf } from './messages.ts';

/** Where to connect, and as which dock. */
export interface DockConnectionOptions {
  readonly mqtt: string;
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  /** What came in, and on which of the dock's topics. */
  readonly onMessage: (from: keyof DockTopics['hears'], message: Message) => void;
  /** A line for people: the connection is gone, or back. */
  readonly onNews: (text: string) => void;
  /** The connection will not come back. */
  readonly onLost: (error: ConnectionError) => void;
  readonly patience?: ConnectionPatience;
}

/** How long a broken connection is worth waiting for. */
export interface ConnectionPatience {
  /** Between two attempts. @default 1_000 */
  readonly reconnectAfterInMilliseconds?: number;
  /** Attempts to reach a broker that was never reached: its address is more likely wrong than busy. @default 3 */
  readonly firstAttempts?: number;
  /** How long a broker that was reached may be gone. @default 120_000 */
  readonly longestGapInMilliseconds?: number;
}

/** There is no line to the broker, for a reason that people can do something about. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

const CONNECT_TIMEOUT_IN_MILLISECONDS = 15_000;
const HANG_UP_AFTER_IN_MILLISECONDS = 2_000;
/** The broker cuts connections off that never stay up this long: somebody else signs in as the same dock. */
const STABLE_AFTER_IN_MILLISECONDS = 5_000;
const UNSTABLE_LIMIT = 10;

/** CONNACK's codes of MQTT 3.1.1. */
const BAD_USER_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** The client's options for an address. */
export function clientOptions(options: DockConnectionOptions): { url: string; options: IClientOptions } {
  const url = new URL(options.mqtt);
  // What AWS IoT Core and most brokers listen on; an address without it is meant so.
  if (/^wss?:$/.test(url.protocol) && url.pathname === '/') url.pathname = '/mqtt';
  return {
    url: url.href,
    options: {
      clientId: options.sn,
      username: options.username,
      password: options.password,
      protocolVersion: 4,
      // The broker keeps what comes while the dock is away.
      clean: false,
      keepalive: 30,
      connectTimeout: CONNECT_TIMEOUT_IN_MILLISECONDS,
      reconnectPeriod: options.patience?.reconnectAfterInMilliseconds ?? 1_000,
      // AWS IoT Core tells a password from a certificate by it.
      ...(/^(?:mqtts|ssl):$/.test(url.protocol) && { ALPNProtocols: ['mqtt'] }),
    },
  };
}

function networkReason(error: Error | undefined): string {
  if (!error) return 'it closes the connection without an answer, as some brokers do on a wrong password';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  if (code === 'ETIMEDOUT') return 'no answer in time';
  // An AggregateError has no message of its own.
  return error.message || code || error.name;
}

/** One dock's connection. Whatever comes in before `open` resolves is handed over too. */
export class DockConnection implements Line {
  readonly #options: DockConnectionOptions;
  readonly #topics: DockTopics;
  readonly #first = Promise.withResolvers<void>();
  #client: MqttClient | undefined;
  #up = Promise.withResolvers<void>();
  #isUp = false;
  #wasUp = false;
  #closing = false;
  #attempts = 0;
  #unstable = 0;
  #upSinceInMilliseconds = 0;
  #lastError: Error | undefined;
  #gapTimer: NodeJS.Timeout | undefined;

  constructor(options: DockConnectionOptions) {
    this.#options = options;
    this.#topics = topicsOf(options.sn);
  }

  /** Whether something said now would get through. */
  get isUp(): boolean {
    return this.#isUp && !this.#closing;
  }

  /** Connects and subscribes to the dock's own topics. Throws `ConnectionError` when that cannot be done. */
  async open(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      const target = clientOptions(this.#options);
      const client = connect(target.url, target.options);
      this.#client = client;
      client.on('connect', () => void this.#onConnect(client));
      client.on('close', () => this.#onClose());
      client.on('error', (error) => this.#onError(error));
      client.on('message', (topic, payload) => this.#onMessage(topic, payload.toString()));
      await this.#first.promise;
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async connected(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#isUp) return;
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#up.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  publish(channel: keyof DockTopics['says'], payload: string): void {
    this.#client?.publish(this.#topics.says[channel], payload, { qos: 1 }, () => {
      // Whatever is lost here has no reply, and is said again.
    });
  }

  /** Hangs up. Messages under way are given a moment. */
  async close(): Promise<void> {
    const hadLine = this.isUp;
    this.#closing = true;
    clearTimeout(this.#gapTimer);
    if (hadLine)
      await Promise.race([
        this.#client?.endAsync(),
        sleep(HANG_UP_AFTER_IN_MILLISECONDS, undefined, { ref: false }),
      ]);
    this.#client?.end(true);
  }

  #fail(error: ConnectionError): void {
    if (this.#closing) return;
    this.#closing = true;
    clearTimeout(this.#gapTimer);
    this.#client?.end(true);
    this.#first.reject(error);
    if (this.#wasUp) this.#options.onLost(error);
  }

  async #onConnect(client: MqttClient): Promise<void> {
    const { mqtt, sn, username, onNews } = this.#options;
    // A dock says a word and waits for the answer, which small packets held back make 40 ms longer.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    try {
      await client.subscribeAsync(Object.values(this.#topics.hears), { qos: 1 });
    } catch (error) {
      // Without a connection there will be another attempt.
      if (!client.connected) return;
      const reason = networkReason(error as Error);
      this.#fail(
        new ConnectionError(`${mqtt} does not let ${username} hear the topics of dock ${sn}: ${reason}`),
      );
    }
    if (this.#closing || !client.connected) return;
    if (this.#wasUp) onNews('Connected to the broker again.');
    clearTimeout(this.#gapTimer);
    this.#isUp = true;
    this.#wasUp = true;
    this.#upSinceInMilliseconds = Date.now();
    this.#lastError = undefined;
    this.#first.resolve();
    this.#up.resolve();
  }

  #onError(error: Error): void {
    this.#lastError = error;
    if (!(error instanceof ErrorWithReasonCode)) return;
    const { mqtt, username } = this.#options;
    const refused = error.code === BAD_USER_OR_PASSWORD || error.code === NOT_AUTHORIZED;
    this.#fail(
      new ConnectionError(
        refused
          ? `${mqtt} refuses ${username}: wrong user name or password, or the dock is not registered`
          : `${mqtt} refuses the connection: ${error.message}`,
      ),
    );
  }

  #onClose(): void {
    if (this.#closing) return;
    const { mqtt, sn, patience = {}, onNews } = this.#options;
    if (!this.#wasUp) {
      this.#attempts++;
      if (this.#attempts >= (patience.firstAttempts ?? 3)) {
        this.#fail(new ConnectionError(`${mqtt} cannot be reached: ${networkReason(this.#lastError)}`));
      }
      return;
    }
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#up = Promise.withResolvers();
    this.#unstable =
      Date.now() - this.#upSinceInMilliseconds < STABLE_AFTER_IN_MILLISECONDS ? this.#unstable + 1 : 0;
    if (this.#unstable >= UNSTABLE_LIMIT) {
      const reason = `the broker closes the connection again and again: is somebody else signed in as ${sn}?`;
      this.#fail(new ConnectionError(reason));
      return;
    }
    onNews('The connection to the broker broke; connecting again.');
    const longestGapInMilliseconds = patience.longestGapInMilliseconds ?? 120_000;
    this.#gapTimer = setTimeout(() => {
      const reason = networkReason(this.#lastError);
      this.#fail(
        new ConnectionError(`${mqtt} has been gone for ${longestGapInMilliseconds / 1000} s: ${reason}`),
      );
    }, longestGapInMilliseconds);
  }

  #onMessage(topic: string, payload: string): void {
    for (const [from, own] of Object.entries(this.#topics.hears)) {
      if (own !== topic) continue;
      const message = parseMessage(payload);
      if (message) this.#options.onMessage(from as keyof DockTopics['hears'], message);
    }
  }
}
