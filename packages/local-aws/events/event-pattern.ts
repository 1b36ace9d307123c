/**
 * Whether a pattern matches an event: every name in the pattern exists, with one of the listed values.
 * `{"prefix": …}` is the only supported filter besides plain values.
 */
export function matchesEvent(pattern: Readonly<Record<string, unknown>>, event: unknown): boolean {
  return Object.entries(pattern).every(([name, expected]) => {
    const found = isRecord(event) ? event[name] : undefined;
    if (!Array.isArray(expected)) return matchesEvent(expected as Record<string, unknown>, found);
    const values = Array.isArray(found) ? found : [found];
    return values.some((value) => expected.some((filter) => matchesValue(filter, value)));
  });
}

/** Throws for a pattern that is not supported. */
export function checkPattern(pattern: Readonly<Record<string, unknown>>): void {
  for (const [name, expected] of Object.entries(pattern)) {
    if (isRecord(expected) && !name.startsWith('$')) {
      checkPattern(expected);
      continue;
    }
    const known =
      Array.isArray(expected) && expected.every((filter) => !isRecord(filter) || isPrefix(filter));
    if (!known)
      throw new Error(
        `the local stack does not support the event pattern ${JSON.stringify({ [name]: expected })}`,
      );
  }
}

function matchesValue(filter: unknown, value: unknown): boolean {
  if (isPrefix(filter)) return typeof value === 'string' && value.startsWith(filter.prefix);
  return value !== undefined && filter === value;
}

function isPrefix(filter: unknown): filter is { prefix: string } {
  return isRecord(filter) && Object.keys(filter).length === 1 && typeof filter['prefix'] === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
