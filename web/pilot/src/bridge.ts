/**
 * `window.djiBridge`, which Pilot's web view injects. Which methods there are depends on the firmware, and so
 * does what they answer: a string of JSON, an object, a boolean, a bare value, nothing, or an exception.
 */
export type DjiBridge = { [method: string]: unknown };

/** What a call of the bridge came to. */
export interface BridgeAnswer {
  readonly ok: boolean;
  /** Undefined when the bridge answered nothing. */
  readonly data: unknown;
  /** For the office: the code and the message of a failure. */
  readonly detail: string;
}

const succeeded = (data: unknown): BridgeAnswer => ({ ok: true, data, detail: '' });
const failed = (detail: string): BridgeAnswer => ({ ok: false, data: undefined, detail });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const fromJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Understands everything that a method can answer. */
export function understand(answer: unknown): BridgeAnswer {
  if (answer === undefined || answer === null || answer === '') return succeeded(undefined);
  const value = typeof answer === 'string' ? fromJson(answer) : answer;
  // A serial number can look like a number: a bare text stays one.
  if (!isObject(value))
    return succeeded(typeof answer === 'string' && typeof value === 'number' ? answer : value);
  if (!('code' in value)) return succeeded(value);
  const { code, message, data } = value as { code: unknown; message?: unknown; data?: unknown };
  if (Number(code) === 0)
    return succeeded(isObject(data) && Object.keys(data).length === 0 ? undefined : data);
  return failed([String(code), typeof message === 'string' ? message : ''].filter(Boolean).join(' '));
}

const TRUE = ['true', '1', 'connected'];

/** Whether a value means yes: `true`, `1`, `"true"`, or an answer that holds one of them. */
export const isYes = (value: unknown): boolean =>
  isObject(value) ? 'data' in value && isYes(value['data']) : TRUE.indexOf(String(value).toLowerCase()) >= 0;

/** Methods that tell one firmware from another. */
const TELLING = ['apiSetToken', 'thingConnect', 'thingGetConnectState', 'platformIsComponentLoaded'];

/** Calls `window.djiBridge`. */
export class Bridge {
  private readonly bridge: DjiBridge;

  constructor(bridge: DjiBridge) {
    this.bridge = bridge;
  }

  has(method: string): boolean {
    return typeof this.bridge[method] === 'function';
  }

  /** Which of the methods that differ between firmwares are there. */
  get methods(): readonly string[] {
    return TELLING.filter((method) => this.has(method));
  }

  /** Never throws. Methods of an injected object work only when they are called on it. */
  call(method: string, ...parameters: readonly unknown[]): BridgeAnswer {
    const called = this.bridge[method];
    if (typeof called !== 'function') return failed(`no ${method}`);
    try {
      return understand(called.apply(this.bridge, parameters));
    } catch (error) {
      return failed(`${method}: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** A call that changes something: `false` as the answer is a failure, and nothing is success. */
  command(method: string, ...parameters: readonly unknown[]): BridgeAnswer {
    const answer = this.call(method, ...parameters);
    return answer.ok && answer.data === false ? failed(`${method}: false`) : answer;
  }

  /** Undefined when the firmware does not know or does not say. */
  asksYes(method: string, ...parameters: readonly unknown[]): boolean | undefined {
    const { ok, data } = this.call(method, ...parameters);
    return ok && data !== undefined ? isYes(data) : undefined;
  }

  /** Undefined when the firmware does not know or does not say. */
  asksNumber(method: string): number | undefined {
    const { ok, data } = this.call(method);
    const number = ok && data !== undefined && data !== '' ? Number(data) : Number.NaN;
    return Number.isNaN(number) ? undefined : number;
  }

  /** Empty when the firmware does not know or does not say. */
  asksText(method: string): string {
    const { ok, data } = this.call(method);
    return ok && (typeof data === 'string' || typeof data === 'number') ? String(data) : '';
  }

  get serialNumber(): string {
    return this.asksText('platformGetRemoteControllerSN');
  }

  /** The version of Pilot; empty when it does not say. */
  get appVersion(): string {
    const { data } = this.call('platformGetVersion');
    const version = typeof data === 'string' ? fromJson(data) : data;
    if (isObject(version)) return String(version['appVersion'] ?? version['app_version'] ?? '');
    return version === undefined ? '' : String(version);
  }

  /** Sets a function that Pilot calls: `onBackClick`, `onStopPlatform`. */
  listen(name: string, listener: () => unknown): void {
    try {
      this.bridge[name] = listener;
    } catch {
      // A bridge that takes no listeners: Pilot then does what it does by itself.
    }
  }
}
