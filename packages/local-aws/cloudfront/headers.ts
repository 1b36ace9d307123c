/** Headers by name in lower case, each with its values in order. */
export type Headers = Map<string, readonly string[]>;

/** Headers in the form in which Node reads them: names and values alternate. */
export function headersOf(rawHeaders: readonly string[]): Headers {
  const headers: Headers = new Map();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] ?? '').toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), rawHeaders[index + 1] ?? '']);
  }
  return headers;
}

/** All values of a header in one text; undefined when there are none. */
export function headerText(headers: Headers, name: string): string | undefined {
  return headers.get(name)?.join(name === 'cookie' ? '; ' : ', ');
}

/** Names and values for Node. */
export function rawHeaders(headers: Headers): [name: string, value: string][] {
  return [...headers].flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
}

/** The directives of a Cache-Control header, by name in lower case. */
export function cacheControlOf(headers: Headers): ReadonlyMap<string, string> {
  const directives = (headerText(headers, 'cache-control') ?? '').split(',').map((directive) => {
    const [name = '', value = ''] = directive.split('=');
    return [name.trim().toLowerCase(), value.trim().replaceAll('"', '')] as const;
  });
  return new Map(directives);
}
