/** Messages that wait for replies, and are sent again when none comes. */
import { type RetryPolicy, retrying } from '../common/retry.ts';
import { type Channel, envelope, type Fields, type Message, type MessageIds, newIds } from './messages.ts';

/** How long docks wait for a reply before they send the message again. */
export const REPLY_TIMEOUT_IN_MILLISECONDS = 10_000;
/** One minute in all. */
export const REPLY_ATTEMPTS = 6;

/** The meaning of result codes: DJI's, and this library's own. */
const MEANINGS: Readonly<Record<number, string>> = {
  403: 'the object does not belong to this dock’s workspace',
  404: 'the object is not in the bucket',
  409: 'the stored bytes are not the ones that were reported',
  500: 'the server failed',
  503: 'the server is unavailable at the moment',
  200001: 'the message is malformed',
  210001: 'this dock is not registered, or its registration was revoked',
  210002: 'a parameter is not supported',
  210229: 'the binding code is wrong',
  210231: 'failed to bind',
  210232: 'bound to another organization',
  210234: 'no such organization',
};

/** The reply has a `result` other than 0. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly method: string;
  readonly result: number;
  /** A server error: a retry may succeed. */
  readonly transient: boolean;

  constructor(method: string, result: number) {
    super(`${method} got result ${result}${MEANINGS[result] ? `: ${MEANINGS[result]}` : ''}`);
    this.method = method;
    this.result = result;
    this.transient = result >= 500 && result < 600;
  }
}

/** No reply came, although the message was sent several times. */
export class NoReplyError extends Error {
  override readonly name = 'NoReplyError';

  constructor(method: string, attempts: number, replyTimeoutInMilliseconds: number) {
    super(`no reply to ${method}, sent ${attempts} times, every ${replyTimeoutInMilliseconds / 1000} s`);
  }
}

/** The parts of the connection that exchanges use. */
export interface Line {
  /** Waits until there is a connection. */
  connected(signal: AbortSignal): Promise<void>;
  publish(channel: Channel | 'services_reply', payload: string): void;
}

/** How often and how long the dock tries. */
export interface Patience {
  /** @default 10 s */
  readonly replyTimeoutInMilliseconds?: number;
  /** @default 6 */
  readonly replyAttempts?: number;
  /** The retries after server errors. */
  readonly retry?: RetryPolicy;
}

/** A message, and when to stop. */
export interface Question {
  readonly channel: Channel;
  readonly method: string;
  readonly data: object;
  /** @default new ones */
  readonly ids?: MessageIds;
  readonly signal: AbortSignal;
  /** The retries after server errors. @default those of the dock */
  readonly retry?: RetryPolicy;
}

type Reply = (data: Fields) => void;

const replyKey = (channel: string, { tid, bid }: MessageIds): string => JSON.stringify([channel, tid, bid]);

/** Matches replies to the messages that wait for them. */
export class Exchanges {
  readonly #sn: string;
  readonly #line: Line;
  readonly #patience: Patience;
  readonly #waiting = new Map<string, Reply>();

  constructor(sn: string, line: Line, patience: Patience = {}) {
    this.#sn = sn;
    this.#line = line;
    this.#patience = patience;
  }

  /**
   * Sends a message until a reply comes, and resolves to its `data`. Throws `RefusedError` when `result` is
   * not 0, and `NoReplyError` when no reply comes.
   */
  async ask(question: Question): Promise<Fields> {
    const ids = question.ids ?? newIds();
    return retrying(
      () => this.#askOnce({ ...question, ids }),
      question.retry ?? this.#patience.retry,
      question.signal,
    );
  }

  /** Waits until there is a connection: without one, a dock does nothing. */
  connected(signal: AbortSignal): Promise<void> {
    return this.#line.connected(signal);
  }

  /** Sends a message that has no reply, such as the reply to a service. */
  say(channel: Channel | 'services_reply', method: string, ids: MessageIds, data: object): void {
    this.#line.publish(channel, envelope(this.#sn, channel, method, ids, data));
  }

  /** Takes a reply. One that nothing waits for is a late duplicate, and is ignored. */
  receive(channel: Channel, { data, ...ids }: Message): void {
    this.#waiting.get(replyKey(channel, ids))?.(data);
  }

  async #askOnce({ channel, method, data, ids, signal }: Question & { ids: MessageIds }): Promise<Fields> {
    const { replyTimeoutInMilliseconds = REPLY_TIMEOUT_IN_MILLISECONDS, replyAttempts = REPLY_ATTEMPTS } =
      this.#patience;
    const key = replyKey(channel, ids);
    const reply = Promise.withResolvers<Fields>();
    this.#waiting.set(key, reply.resolve);
    try {
      for (let attempt = 1; attempt <= replyAttempts; attempt++) {
        await this.#line.connected(signal);
        this.say(channel, method, ids, data);
        const answer = await withinTime(reply.promise, replyTimeoutInMilliseconds, signal);
        if (!answer) continue;
        const result = Number(answer['result'] ?? 0);
        if (result !== 0) throw new RefusedError(method, result);
        return answer;
      }
      throw new NoReplyError(method, replyAttempts, replyTimeoutInMilliseconds);
    } finally {
      this.#waiting.delete(key);
    }
  }
}

/** Resolves to the value, or to undefined after the timeout. Rejects when the signal aborts. */
function withinTime<Value>(
  value: Promise<Value>,
  milliseconds: number,
  signal: AbortSignal,
): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      then();
    };
    const abort = (): void => settle(() => reject(signal.reason));
    const timer = setTimeout(() => settle(() => resolve(undefined)), milliseconds);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    value.then((arrived) => settle(() => resolve(arrived)));
  });
}
