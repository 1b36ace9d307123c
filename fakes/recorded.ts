/** One call of a port, with its result. */
export interface PortCall {
  /** Such as `catalog.findByFingerprint`. */
  readonly name: string;
  readonly input: readonly unknown[];
  readonly durationInMilliseconds: number;
  readonly output?: unknown;
  readonly error?: Error;
}

/** The same port. Its calls are recorded. */
export function recorded<Port extends object>(name: string, port: Port, calls: PortCall[]): Port {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property);
      if (typeof value !== 'function') return value;
      return async (...input: unknown[]) => {
        const startedAt = performance.now();
        const note = (outcome: Pick<PortCall, 'output' | 'error'>): void => {
          const durationInMilliseconds = performance.now() - startedAt;
          calls.push({ name: `${name}.${String(property)}`, input, durationInMilliseconds, ...outcome });
        };
        try {
          const output: unknown = await value.apply(target, input);
          note({ output });
          return output;
        } catch (error) {
          note({ error: error as Error });
          throw error;
        }
      };
    },
  });
}
