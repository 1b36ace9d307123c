import { createHash, createHmac } from 'node:crypto';
import querystring from 'node:querystring';
import { type Context, createContext, Script } from 'node:vm';
import type { DistributionDefinition, ViewerFunctionDefinition } from './definitions.ts';
import { type Headers, headerText } from './headers.ts';
import type { ViewerRequest } from './origin-request.ts';

/** A response, as a function sees and makes it. */
export interface FunctionResponse {
  readonly statusCode: number;
  readonly headers: Headers;
  /** Undefined when the function leaves the body as it is. */
  readonly body?: Buffer | undefined;
}

/** A function that failed, or returned something that CloudFront does not accept. */
export class ViewerFunctionError extends Error {
  override readonly name = 'ViewerFunctionError';
  readonly statusCode: 502 | 503;

  constructor(statusCode: 502 | 503, message: string, options?: ErrorOptions) {
    super(message, options);
    this.statusCode = statusCode;
  }
}

/** A field of a query string, of headers or of cookies. */
interface Field {
  value: string;
  multiValue?: { value: string; attributes?: string }[];
  attributes?: string;
}

type Fields = Record<string, Field>;

/** Far beyond CloudFront's own limit of less than a millisecond, which is measured in another way. */
const TIMEOUT_IN_MILLISECONDS = 1_000;

const CALL = new Script(`
  Promise.resolve(handler(JSON.parse(input))).then(
    (result) => { output = JSON.stringify(result) },
    (error) => { failure = String(error && error.stack || error) },
  );
`);

/** Functions see none of these headers, and add none. */
const HIDDEN =
  /^(connection|expect|keep-alive|proxy-.*|trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$/;
const READ_ONLY = {
  'viewer-request': ['content-length', 'host', 'transfer-encoding', 'via'],
  'viewer-response': ['warning', 'via'],
};

/** Throws unless the code can run and has a handler. */
export function checkFunctionCode({ code, label }: ViewerFunctionDefinition): void {
  load(code, label, () => {});
}

/** A function of CloudFront, in a context without network, timers, files and evaluation of text. */
export class ViewerFunction {
  readonly #context: Context;
  readonly #distribution: Pick<DistributionDefinition, 'id' | 'domainName'>;

  constructor(
    { code, label }: ViewerFunctionDefinition,
    distribution: Pick<DistributionDefinition, 'id' | 'domainName'>,
    log: (line: string) => void,
  ) {
    this.#context = load(code, label, log);
    this.#distribution = distribution;
  }

  /** The request as the function changed it, or the function's response. */
  onRequest(request: ViewerRequest): { request: ViewerRequest } | { response: FunctionResponse } {
    const before = requestEvent(request);
    const returned = this.#call('viewer-request', request, { request: before });
    if (returned['statusCode'] !== undefined) return { response: responseOf(returned, new Map()) };
    if (returned['method'] !== request.method)
      throw invalid('it returned neither a response nor a request with the same method');
    const uri = returned['uri'];
    if (typeof uri !== 'string' || !uri.startsWith('/')) throw invalid(`it returned the URI ${uri}`);
    const headers = changedHeaders(returned, request.headers, 'viewer-request');
    // What the function left alone goes on as the viewer sent it.
    const cookies = pairsOf(returned['cookies'], '; ');
    const isSame = cookies === pairsOf(before.cookies, '; ');
    const sent = isSame ? request.headers.get('cookie') : cookies === '' ? undefined : [cookies];
    if (sent) headers.set('cookie', sent);
    const changedQuery = pairsOf(returned['querystring'], '&');
    const query = changedQuery === pairsOf(before.querystring, '&') ? request.query : changedQuery;
    return { request: { ...request, uri, query, headers } };
  }

  /** The response as the function changed it. */
  onResponse(
    request: ViewerRequest,
    response: Pick<FunctionResponse, 'statusCode' | 'headers'>,
  ): FunctionResponse {
    const returned = this.#call('viewer-response', request, {
      request: requestEvent(request),
      response: {
        statusCode: response.statusCode,
        headers: fieldsOf(visible(response.headers, 'set-cookie')),
        cookies: setCookies(response.headers),
      },
    });
    return responseOf(returned, response.headers);
  }

  #call(eventType: string, request: ViewerRequest, parts: object): Record<string, unknown> {
    const { id, domainName } = this.#distribution;
    const event = {
      version: '1.0',
      context: { distributionDomainName: domainName, distributionId: id, eventType, requestId: request.id },
      viewer: { ip: request.ip },
      ...parts,
    };
    const context = this.#context;
    Object.assign(context, { input: JSON.stringify(event), output: undefined, failure: undefined });
    try {
      CALL.runInContext(context, { timeout: TIMEOUT_IN_MILLISECONDS });
    } catch (cause) {
      throw new ViewerFunctionError(503, String(cause), { cause });
    }
    const { output, failure } = context;
    if (failure !== undefined) throw new ViewerFunctionError(503, String(failure));
    const returned: unknown = typeof output === 'string' ? JSON.parse(output) : undefined;
    if (typeof returned !== 'object' || returned === null) throw invalid('it returned no object');
    return returned as Record<string, unknown>;
  }
}

function load(code: string, label: string, log: (line: string) => void): Context {
  const write = (...parts: unknown[]): void => log(parts.map(String).join(' '));
  const context = createContext(
    {
      console: { log: write, error: write },
      Buffer,
      atob,
      btoa,
      require: (name: string) => {
        if (name === 'crypto') return { createHash, createHmac };
        if (name === 'querystring') return querystring;
        if (name === 'buffer') return { Buffer };
        throw new Error(`CloudFront functions have no module ${name}`);
      },
    },
    // Promises end before the call returns: a function has nothing to wait for.
    { microtaskMode: 'afterEvaluate', codeGeneration: { strings: false, wasm: false } },
  );
  new Script(code, { filename: `${label}.js` }).runInContext(context, { timeout: TIMEOUT_IN_MILLISECONDS });
  if (new Script('typeof handler').runInContext(context) !== 'function')
    throw new Error('it has no function handler');
  return context;
}

function invalid(reason: string): ViewerFunctionError {
  return new ViewerFunctionError(502, `CloudFront does not accept what the function returned: ${reason}`);
}

function requestEvent({ method, uri, query, headers }: ViewerRequest) {
  const pairs = (text: string, separator: string) =>
    text
      .split(separator)
      .map((pair) => pair.trim())
      .filter((pair) => pair !== '')
      .map((pair): [string, string] => {
        const [name = '', ...value] = pair.split('=');
        return [name, value.join('=')];
      });
  return {
    method,
    uri,
    querystring: fieldsOf(pairs(query, '&')),
    headers: fieldsOf(visible(headers, 'cookie')),
    cookies: fieldsOf(pairs(headerText(headers, 'cookie') ?? '', ';')),
  };
}

function visible(headers: Headers, cookieHeader: string): [string, string][] {
  return [...headers]
    .filter(([name]) => !HIDDEN.test(name) && name !== cookieHeader)
    .flatMap(([name, values]) => values.map((value): [string, string] => [name, value]));
}

function fieldsOf(pairs: readonly (readonly [string, string])[]): Fields {
  const fields: Fields = Object.create(null) as Fields;
  for (const [name, value] of pairs) {
    const known = fields[name];
    if (!known) fields[name] = { value };
    else known.multiValue = [...(known.multiValue ?? [{ value: known.value }]), { value }];
  }
  return fields;
}

function setCookies(headers: Headers): Fields {
  const fields: Fields = Object.create(null) as Fields;
  for (const cookie of headers.get('set-cookie') ?? []) {
    const [, name = '', value = '', attributes] = /^([^=;]*)=?([^;]*)(?:;\s*(.*))?$/s.exec(cookie) ?? [];
    const one = { value, ...(attributes ? { attributes } : {}) };
    const known = fields[name];
    if (!known) fields[name] = { ...one };
    else known.multiValue = [...(known.multiValue ?? [{ value: known.value }]), one];
  }
  return fields;
}

/** Values of a field. If there are several, `value` is the first of them. */
function valuesOf(name: string, field: unknown): { value: string; attributes?: string }[] {
  const { value, multiValue, attributes } = (field ?? {}) as Partial<Field>;
  const values = multiValue ?? [{ value, attributes }];
  if (!Array.isArray(values) || values.some((one) => typeof one?.value !== 'string'))
    throw invalid(`${name} has no value`);
  return values as { value: string; attributes?: string }[];
}

function pairsOf(fields: unknown, separator: string): string {
  return Object.entries((fields ?? {}) as Record<string, unknown>)
    .flatMap(([name, field]) =>
      valuesOf(name, field).map(({ value }) => (value === '' ? name : `${name}=${value}`)),
    )
    .join(separator);
}

/** Hidden headers stay as they were. Read-only ones must, too. */
function changedHeaders(
  returned: Record<string, unknown>,
  before: Headers,
  eventType: keyof typeof READ_ONLY,
): Headers {
  const headers: Headers = new Map([...before].filter(([name]) => HIDDEN.test(name)));
  for (const [name, field] of Object.entries((returned['headers'] ?? {}) as Record<string, unknown>)) {
    if (name !== name.toLowerCase()) throw invalid(`the header ${name} is not in lower case`);
    if (HIDDEN.test(name)) throw invalid(`it added the header ${name}`);
    headers.set(
      name,
      valuesOf(name, field).map(({ value }) => value),
    );
  }
  const changed = READ_ONLY[eventType].find((name) => headerText(headers, name) !== headerText(before, name));
  if (changed !== undefined) throw invalid(`it changed the read-only header ${changed}`);
  return headers;
}

function responseOf(returned: Record<string, unknown>, before: Headers): FunctionResponse {
  const { statusCode, body, cookies } = returned;
  if (typeof statusCode !== 'number' || !Number.isInteger(statusCode) || statusCode < 200 || statusCode > 599)
    throw invalid(`it returned the status ${statusCode}`);
  const headers = changedHeaders(returned, before, 'viewer-response');
  const set = Object.entries((cookies ?? {}) as Record<string, unknown>).flatMap(([name, field]) =>
    valuesOf(name, field).map(({ value, attributes }) =>
      attributes ? `${name}=${value}; ${attributes}` : `${name}=${value}`,
    ),
  );
  if (set.length > 0) headers.set('set-cookie', set);
  return { statusCode, headers, body: bodyOf(body) };
}

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (typeof body === 'string') return Buffer.from(body);
  const { encoding, data } = (body ?? {}) as { encoding?: unknown; data?: unknown };
  if (typeof data !== 'string' || (encoding !== 'text' && encoding !== 'base64'))
    throw invalid('its body has no text, and no data with an encoding');
  return Buffer.from(data, encoding === 'base64' ? 'base64' : 'utf8');
}
