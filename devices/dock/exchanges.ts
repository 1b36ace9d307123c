/** Messages that wait for their replies, and are sent again when none comes. */
import { type RetryPolicy, retrying } from '../common/retry.ts';
import { type Channel, envelope, type Fields, type Message, type MessageIds, newIds } from './messages.ts';

/** How long docks wait for a reply before they say it again. */
export const REPLY_TIMEOUT_IN_MILLISECONDS = 10_000;
/** A minute of silence in all. */
export const REPLY_ATTEMPTS = 6;

/** What the replies' codes mean (DJI's, and this library's where DJI has none). */
const MEANINGS: Readonly<Record<number, string>> = {
  403: 'the object does not belong to this dock’s workspace',
  404: 'the object is not in the bucket',
  409: 'the stored bytes are not the ones that were reported',
  500: 'the server failed',
  503: 'the server cannot answer just now',
  200001: 'the message is malformed',
  210001: 'this dock is not registered, or its registration was revoked',
  210002: 'a parameter is not supported',
  210229: 'the binding code is wrong',
  210231: 'failed to bind',
  210232: 'bound to another organization',
  210234: 'no such organization',
};

/** The reply's `result` says no. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly method: string;
  readonly result: number;
  /** A server fault, which another attempt may not meet. */
  readonly transient: boolean;

  constructor(method: string, result: number) {
    super(`${method} was answered with result ${result}${MEANINGS[result] ? `: ${MEANINGS[result]}` : ''}`);
    this.method = method;
    this.result = result;
    this.transient = result >= 500 && result < 600;
  }
}

/** Nobody answered, however often it was said. */
export class NoReplyError extends Error {
  override readonly name = 'NoReplyError';

  constructor(method: string, attempts: number, replyTimeoutInMilliseconds: number) {
    super(
      `no reply to ${method}, sent ${attempts} times with ${replyTimeoutInMilliseconds / 1000} s in between`,
    );
  }
}

/** The line to the broker, as far as exchanges need it. */
export interface Line {
  /** Waits out a broken connection. */
  connected(signal: AbortSignal): Promise<void>;
  publish(channel: Channel | 'services_reply', payload: string): void;
}

/** How patient the dock is. */
export interface Patience {
  /** @default 10 s */
  readonly replyTimeoutInMilliseconds?: number;
  /** @default 6 */
  readonly replyAttempts?: number;
  /** For refusals that are the server's fault. */
  readonly retry?: RetryPolicy;
}

/** What to say, and when to stop. */
export interface Question {
  readonly channel: Channel;
  readonly method: string;
  readonly data: object;
  /** @default new ones */
  readonly ids?: MessageIds;
  readonly signal: AbortSignal;
  /** For refusals that are the server's fault. @default the dock's patience */
  readonly retry?: RetryPolicy;
}

type Reply = (data: Fields) => void;

const replyKey = (channel: string, { tid, bid }: MessageIds): string => JSON.stringify([channel, tid, bid]);

/** Keeps apart who waits for which reply. */
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
   * Says something until it is answered, and resolves to the reply's `data`. Throws `RefusedError` for a `result` that is
   * not 0 and `NoReplyError` for silence.
   */
  async ask(question: Question): Promise<Fields> {
    const ids = question.ids ?? newIds();
    return retrying(
      () => this.#askOnce({ ...question, ids }),
      question.retry ?? this.#patience.retry,
      question.signal,
    );
  }

  /** Waits out a broken connection: a dock without one does nothing. */
  connected(signal: AbortSignal): Promise<void> {
    return this.#line.connected(signal);
  }

  /** Says something that has no reply, such as the answer to a service. */
  say(channel: Channel | 'services_reply', method: string, ids: MessageIds, data: object): void {
    this.#line.publish(channel, envelope(this.#sn, channel, method, ids, data));
  }

  /** Takes a reply. One that nobody waits for is a late twin, and nobody's business. */
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

/** The value, or undefined when it does not come in time. Rejects when the signal aborts. */
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
