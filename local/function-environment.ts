/**
 * How `npm run invoke` gets the environment of a function from a running local stack: addresses, names of
 * resources and new credentials of the function's role. The caller must know a secret of `endpoints.json`.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { LocalAws } from '../packages/local-aws/index.ts';
import type { Endpoints } from './endpoints.ts';

const PATH = '/function-environments/';

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Responds to a request for an environment. Returns false for any other request. */
export function answerFunctionEnvironment(
  { root, functionEnvironment }: LocalAws,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { pathname } = new URL(request.url ?? '/', 'http://page');
  if (request.method !== 'POST' || !pathname.startsWith(PATH)) return false;
  const [, secret = ''] = /^Bearer (.*)$/.exec(request.headers.authorization ?? '') ?? [];
  const isRoot = isSame(secret, root.secretAccessKey);
  const environment = isRoot
    ? functionEnvironment(decodeURIComponent(pathname.slice(PATH.length)))
    : undefined;
  response.writeHead(!isRoot ? 403 : environment ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(environment ?? {}));
  return true;
}

/** Asks a running stack. Undefined when its template has no such function; rejects when no stack runs. */
export async function fetchFunctionEnvironment(
  { page, root }: Endpoints,
  functionName: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const response = await fetch(new URL(`${PATH}${encodeURIComponent(functionName)}`, page), {
    method: 'POST',
    headers: { authorization: `Bearer ${root.secret_access_key}` },
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The local stack responded with status ${response.status}`);
  return (await response.json()) as Record<string, string>;
}
