/** A dock's connection to the broker: MQTT 3.1.1, QoS 1. It reconnects until the dock closes it. */
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, ErrorWithReasonCode, type IClientOptions, type MqttClient } from 'mqtt';
import type { Line } from './exchanges.ts';
import { type DockTopics, type Message, parseMessage, topicsOf } from './messages.ts';

/** The broker, and the dock that signs in. */
export interface DockConnectionOptions {
  readonly mqtt: string;
  readonly sn: string;
  readonly username: string;
  readonly password: string;
  /** Gets each message, with the dock's topic that it came on. */
  readonly onMessage: (from: keyof DockTopics['hears'], message: Message) => void;
  /** Gets a line of text to show: the connection was lost, or is back. */
  readonly onNews: (text: string) => void;
  /** Called when the connection cannot be restored. */
  readonly onLost: (error: ConnectionError) => void;
  readonly patience?: ConnectionPatience;
}

/** How long the dock tries to connect. */
export interface ConnectionPatience {
  /** Between two attempts. @default 1_000 */
  readonly reconnectAfterInMilliseconds?: number;
  /** Attempts to reach a broker that was never reached: most likely its address is wrong. @default 3 */
  readonly firstAttempts?: number;
  /** How long a broker that was reached may be away. @default 120_000 */
  readonly longestGapInMilliseconds?: number;
}

/** There is no connection to the broker. The message says what can be done. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

const CONNECT_TIMEOUT_IN_MILLISECONDS = 15_000;
const HANG_UP_AFTER_IN_MILLISECONDS = 2_000;
/** When connections always end sooner than this, another client signs in as the same dock. */
const STABLE_AFTER_IN_MILLISECONDS = 5_000;
const UNSTABLE_LIMIT = 10;

/** CONNACK codes of MQTT 3.1.1. */
const BAD_USER_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** The client's options for an address. */
export function clientOptions(options: DockConnectionOptions): { url: string; options: IClientOptions } {
  const url = new URL(options.mqtt);
  // The path of AWS IoT Core and most brokers, unless the address has another one.
  if (/^wss?:$/.test(url.protocol) && url.pathname === '/') url.pathname = '/mqtt';
  return {
    url: url.href,
    options: {
      clientId: options.sn,
      username: options.username,
      password: options.password,
      protocolVersion: 4,
      // The broker keeps messages while the dock is away.
      clean: false,
      keepalive: 30,
      connectTimeout: CONNECT_TIMEOUT_IN_MILLISECONDS,
      reconnectPeriod: options.patience?.reconnectAfterInMilliseconds ?? 1_000,
      // With it, AWS IoT Core expects a password and not a certificate.
      ...(/^(?:mqtts|ssl):$/.test(url.protocol) && { ALPNProtocols: ['mqtt'] }),
    },
  };
}

function networkReason(error: Error | undefined): string {
  if (!error) return 'it closes the connection without a response, as some brokers do for a wrong password';
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'no such host';
  if (code === 'ETIMEDOUT') return 'no response in time';
  // An AggregateError has no message.
  return error.message || code || error.name;
}

/** A dock's connection. Messages that arrive before `open` resolves are passed on too. */
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

  /** Whether a message would be sent now. */
  get isUp(): boolean {
    return this.#isUp && !this.#closing;
  }

  /** Connects and subscribes to the dock's topics. Throws `ConnectionError` when it cannot. */
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
      // A lost message gets no reply, so it is sent again.
    });
  }

  /** Closes the connection. Messages being sent get a moment to finish. */
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
    // A dock sends a message and waits for the reply. Without this, Nagle's algorithm delays it by 40 ms.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    try {
      await client.subscribeAsync(Object.values(this.#topics.hears), { qos: 1 });
    } catch (error) {
      // After a lost connection there is another attempt.
      if (!client.connected) return;
      const reason = networkReason(error as Error);
      this.#fail(
        new ConnectionError(
          `${mqtt} does not allow ${username} to subscribe to the topics of dock ${sn}: ${reason}`,
        ),
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
      const reason = `the broker keeps closing the connection: is another client signed in as ${sn}?`;
      this.#fail(new ConnectionError(reason));
      return;
    }
    onNews('The connection to the broker was lost; reconnecting.');
    const longestGapInMilliseconds = patience.longestGapInMilliseconds ?? 120_000;
    this.#gapTimer = setTimeout(() => {
      const reason = networkReason(this.#lastError);
      this.#fail(
        new ConnectionError(
          `${mqtt} has been unreachable for ${longestGapInMilliseconds / 1000} s: ${reason}`,
        ),
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
