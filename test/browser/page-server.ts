/**
 * Serves the built pages with the headers that every host sends, and an API whose answers a test sets. Their
 * bodies are checked with the contracts of the functions.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as v from 'valibot';
import { CredentialsWrongError, type MediaLibraryError } from '../../functions/core/errors.ts';
import { responseTo } from '../../functions/middleware/error-responses.ts';
import type { HttpContract } from '../../functions/protocol/contract.ts';
import { USERS_CURRENT, WORKSPACES_CURRENT } from '../../functions/protocol/current.ts';
import { failure, success } from '../../functions/protocol/envelope.ts';
import { LOGIN, TOKEN_REFRESH } from '../../functions/protocol/sign-in.ts';
import { cacheControlOf, pageHeaders } from '../../lib/page-headers.ts';
import type { PilotConfigFile } from '../../web/common/pilot-config.ts';

/** An answer of the API. A body of text is sent as it is. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface AskedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What the API answers to a route: an answer, one for each request, or silence. */
export type Answers = Record<string, Answer | 'silence' | ((request: AskedRequest) => Answer | 'silence')>;

/** For a page of another origin. */
const CORS = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The answer to a contract, checked. */
export const answerTo = <Contract extends HttpContract>(
  { output }: Contract,
  data: v.InferInput<Contract['output']>,
): Answer => ({ status: 200, body: success(v.parse(output, data)) });

/** The answer to an error of the library. */
export const refusal = (error: MediaLibraryError): Answer => {
  const { status, code } = responseTo(error);
  return { status, body: failure(code, error.message) };
};

/** API Gateway's own answer without a valid token. */
export const UNAUTHORIZED: Answer = { status: 401, body: { message: 'Unauthorized' } };

export const WORKSPACE = { id: 'e3dea0f5-37f2-4d79-ae58-490af3228069', name: 'Survey North' };
export const OTHER_WORKSPACE = { id: '5b1a8c1e-0d57-4a7f-9f6c-0a4f6d1e2b3c', name: 'Harbour inspection' };
export const MQTT = {
  mqtt_addr: 'ssl://mqtt.example.com:8883',
  mqtt_username: 'anna',
  mqtt_password: 'mqtt-secret',
};
export const PASSWORD = 'correct horse';

/** A JWT with the times that a page reads. Nobody here checks its signature. */
export const tokenFrom = (issuedAt: number, lifeInSeconds = 3600): string =>
  ['{"alg":"none"}', JSON.stringify({ iat: issuedAt, exp: issuedAt + lifeInSeconds }), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

export const TOKEN = tokenFrom(1_790_000_000);

export const SESSION: v.InferInput<typeof LOGIN.output> = {
  username: 'anna',
  user_id: '0b6c3c3e-6f0e-4f0e-9d57-7e8f4c1f2d3a',
  workspace_id: WORKSPACE.id,
  user_type: 2,
  access_token: TOKEN,
  refresh_token: 'refresh-1',
  ...MQTT,
};

export const userIn = (current: string, workspaces = [WORKSPACE], mqtt = MQTT): Answer =>
  answerTo(USERS_CURRENT, {
    user_id: SESSION.user_id,
    username: SESSION.username,
    user_type: 1,
    workspace_id: current,
    workspaces: workspaces.map(({ id, name }) => ({ workspace_id: id, workspace_name: name })),
    ...mqtt,
  });

export const workspaceAnswer = ({ id, name }: typeof WORKSPACE): Answer =>
  answerTo(WORKSPACES_CURRENT, {
    workspace_id: id,
    workspace_name: name,
    workspace_desc: '',
    platform_name: 'DJI media library',
  });

export const FILES = `GET /library/api/v1/workspaces/${WORKSPACE.id}/files`;
export const DIAGNOSIS = `GET /library/api/v1/workspaces/${WORKSPACE.id}/diagnosis`;

/** The API as it is when nothing is wrong. It has neither a list of uploads nor a diagnosis yet. */
const working = (): Answers => ({
  'POST /manage/api/v1/login': ({ body }) =>
    (body as { password?: string }).password === PASSWORD
      ? answerTo(LOGIN, SESSION)
      : refusal(new CredentialsWrongError()),
  'POST /manage/api/v1/token/refresh': answerTo(TOKEN_REFRESH, SESSION),
  'GET /manage/api/v1/users/current': userIn(WORKSPACE.id),
  'GET /manage/api/v1/workspaces/current': workspaceAnswer(WORKSPACE),
});

export const CONFIG: PilotConfigFile = {
  title: 'Media library',
  licence: { app_id: '100001', app_key: 'app-key', app_license: 'app-license' },
};

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : undefined;
};

export class PageServer {
  /** By method and path. */
  answers: Answers = working();
  /** The body of `config.json`; a number is the status of an answer without one, `silence` none at all,
   * and `drop` a broken connection. */
  config: unknown = CONFIG;
  /** Of all other routes. */
  everythingElse: Answers[string] = { status: 404, body: failure(404, 'There is no such route') };
  /** Origins of the API besides the page's own. */
  apiOrigins: readonly string[] = [];
  /** Pictures, by path. */
  pictures = new Map<string, Buffer>();
  /** What was asked of the API. */
  readonly requests: AskedRequest[] = [];
  /** Files of the page that were sent, with their size in gzip. */
  readonly sent: { readonly path: string; readonly sizeInGzip: number }[] = [];
  /** How far its clock is ahead of this machine's. */
  clockAheadInMilliseconds = 0;
  /** Requests of the API that wait for their answer. */
  open = 0;
  /** Files of the page that are not sent, by their name without digest and extension. */
  readonly missing = new Set<string>();
  private readonly directory: string;
  private readonly server = createServer((request, response) => {
    this.answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });

  constructor(directory: string) {
    this.directory = directory;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  get address(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Other MQTT credentials of the user. */
  changeUser(mqtt: typeof MQTT): void {
    this.answers['GET /manage/api/v1/users/current'] = userIn(WORKSPACE.id, [WORKSPACE], mqtt);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.address);
    const { pathname } = url;
    const picture = this.pictures.get(pathname);
    if (picture) response.writeHead(200, { ...pageHeaders(), 'content-type': 'image/jpeg' }).end(picture);
    else if (pathname === '/pilot/config.json') this.sendConfig(response);
    else if (pathname.startsWith('/pilot/')) await this.sendFile(pathname, response);
    else await this.answerApi(request, url, response);
  }

  private sendConfig(response: ServerResponse): void {
    if (this.config === 'silence') return;
    if (this.config === 'drop') {
      response.destroy();
      return;
    }
    if (typeof this.config === 'number') response.writeHead(this.config).end();
    else
      this.send('/pilot/config.json', 'application/json', Buffer.from(JSON.stringify(this.config)), response);
  }

  private async sendFile(path: string, response: ServerResponse): Promise<void> {
    const name = path.endsWith('/') ? `${path}index.html` : path;
    const content = this.missing.has(/([a-z-]+)-[\w-]{8}\.\w+$/.exec(name)?.[1] ?? name)
      ? undefined
      : await readFile(join(this.directory, decodeURIComponent(name))).catch(() => undefined);
    if (content) this.send(name, TYPES[extname(name)] ?? 'application/octet-stream', content, response);
    else response.writeHead(404).end();
  }

  private send(path: string, type: string, content: Buffer, response: ServerResponse): void {
    this.sent.push({ path, sizeInGzip: gzipSync(content, { level: 9 }).length });
    response
      .writeHead(200, {
        ...pageHeaders({ apiOrigins: this.apiOrigins }),
        'content-type': type,
        'cache-control': cacheControlOf(path),
      })
      .end(content);
  }

  private async answerApi(request: IncomingMessage, url: URL, response: ServerResponse): Promise<void> {
    this.open += 1;
    response.once('close', () => {
      this.open -= 1;
    });
    const { method = 'GET' } = request;
    if (method === 'OPTIONS') {
      response.writeHead(204, CORS).end();
      return;
    }
    const asked = { method, url, headers: request.headers, body: await bodyOf(request) };
    this.requests.push(asked);
    const set = this.answers[`${method} ${url.pathname}`] ?? this.everythingElse;
    const answer = typeof set === 'function' ? set(asked) : set;
    if (answer === 'silence') return;
    const { status, body } = answer;
    const headers = {
      'content-type': 'application/json',
      'x-request-id': 'request-1',
      ...CORS,
      date: new Date(Date.now() + this.clockAheadInMilliseconds).toUTCString(),
    };
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  }
}
