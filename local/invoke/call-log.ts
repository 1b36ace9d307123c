/** A call that a function made, to AWS or to a port in memory. Values are plain. */
export interface Call {
  /** Such as `DynamoDB GetItem` or `catalog.findByFingerprint`. */
  readonly name: string;
  readonly input: unknown;
  readonly durationInMilliseconds: number;
  /** The result, unless it failed. */
  readonly output?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** A message to a device. */
export interface SentMessage {
  readonly topic: string;
  readonly message: unknown;
}

const SECRET = /secret(?!_?id)|password|token|^app_?key$|licen[cs]e/i;

function bytesAsText(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text);
  } catch {
    return `${bytes.byteLength} bytes`;
  }
}

/**
 * A value that JSON can show: lists and maps of every kind become plain; an instance of any other class
 * becomes its name.
 */
export function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return bytesAsText(value);
  if (Array.isArray(value) || value instanceof Set) return [...value].map(toPlain);
  if (value instanceof Map) return toPlain(Object.fromEntries(value));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return `[${value.constructor.name}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, toPlain(item)]));
}

const isSecret = (name: string, value: unknown): boolean =>
  SECRET.test(name) && typeof value === 'string' && value !== '';

/** The same plain value, with each secret masked. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutSecrets);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      isSecret(key, item) ? '(secret)' : withoutSecrets(item),
    ]),
  );
}

/** The messages to devices among the calls. */
export function sentMessages(calls: readonly Call[]): SentMessage[] {
  return calls.flatMap(({ name, input, error }) => {
    if (error) return [];
    if (name === 'publisher.publish') {
      const [topic, message] = input as [string, unknown];
      return [{ topic, message }];
    }
    if (name === 'IoT Data Plane Publish') {
      const { topic, payload } = input as { topic: string; payload: unknown };
      return [{ topic, message: payload }];
    }
    return [];
  });
}
