/** A response to the client. */
export interface Answer {
  readonly statusCode: number;
  /** Names are in lower case. `set-cookie` may have several values. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
}

/** A response by the gateway itself. */
export function gatewayAnswer(statusCode: number, message: string, headers: Answer['headers'] = {}): Answer {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify({ message })),
  };
}

/**
 * The response that a function returned, by payload format 2.0: an object with a `statusCode` is a response,
 * any other is the JSON body of a 200. `undefined` when it is neither; the gateway responds with its own
 * error then.
 */
export function functionAnswer(payload: string): Answer | undefined {
  const returned: unknown = JSON.parse(payload);
  if (typeof returned !== 'object' || returned === null || !('statusCode' in returned)) {
    const body = typeof returned === 'string' ? returned : payload;
    return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = returned as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 100 || status > 599) return undefined;
  const text = body === undefined || body === null ? '' : body;
  if (typeof text !== 'string' || !isPlain(headers) || !(cookies === undefined || Array.isArray(cookies)))
    return undefined;
  const all: Record<string, string | readonly string[]> = { 'content-type': 'text/plain;charset=UTF-8' };
  for (const [name, value] of Object.entries(headers ?? {})) {
    if (value !== null && typeof value === 'object') return undefined;
    if (value !== undefined && value !== null) all[name.toLowerCase()] = String(value);
  }
  if (cookies && cookies.length > 0) all['set-cookie'] = cookies.map(String);
  return {
    statusCode: status,
    headers: all,
    body: Buffer.from(text, isBase64Encoded === true ? 'base64' : 'utf8'),
  };
}

function isPlain(value: unknown): value is Record<string, unknown> | undefined | null {
  return value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));
}
