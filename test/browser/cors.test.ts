/**
 * A page of another origin calls the API and reads files, against the local stack. Playwright's `page.route` would
 * answer preflight requests by itself, so nothing is routed here.
 */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestStack } from '../integration/stack-fixture.ts';
import { launchChromium } from './chromium.ts';

const servers: Server[] = [];
let browser: Browser;
let stack: TestStack;
/** The origin in `consoleOrigins`, and one that is not. */
let consoleOrigin: string;
let otherOrigin: string;

/** Serves on a free port. Resolves to its origin. */
async function serve(answer: (response: ServerResponse, path: string) => void): Promise<string> {
  const server = createServer((request, response) => answer(response, request.url ?? '/'));
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const emptyPage = () =>
  serve((response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'));

beforeAll(async () => {
  consoleOrigin = await emptyPage();
  otherOrigin = await emptyPage();
  stack = await TestStack.start({ configuration: { consoleOrigins: [consoleOrigin] } });
  browser = await launchChromium(inject('chromiumPath'));
});

afterAll(async () => {
  await browser.close();
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  await stack.close();
});

interface PageRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

interface Fetched {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends a request from a page of an origin. Resolves to the error's name when the browser refuses it. */
async function fetchFrom(origin: string, address: string, init: PageRequest = {}): Promise<Fetched | string> {
  const context = await browser.newContext();
  try {
    const page: Page = await context.newPage();
    await page.goto(origin);
    return await page.evaluate(
      async ([url, options]) => {
        try {
          const response = await fetch(url, options);
          const body = await response.text();
          return { status: response.status, body, headers: Object.fromEntries(response.headers) };
        } catch (error) {
          return (error as Error).name;
        }
      },
      [address, init] as const,
    );
  } finally {
    await context.close();
  }
}

const post = (body: object, headers: Record<string, string> = {}): PageRequest => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

describe('a page of a configured origin', () => {
  it('signs in, and calls the API with its token', async () => {
    const { username, password, workspace_id: workspaceId } = stack.user(0);
    const login = `${stack.endpoints.api}/manage/api/v1/login`;
    const signedIn = await fetchFrom(consoleOrigin, login, post({ username, password, flag: 1 }));
    expect(signedIn).toMatchObject({ status: 200 });
    const { data } = JSON.parse((signedIn as Fetched).body);
    for (const token of [data.access_token, data.refresh_token]) stack.secrets.add(token);

    const token = { 'x-auth-token': data.access_token };
    const current = `${stack.endpoints.api}/manage/api/v1/users/current`;
    expect(await fetchFrom(consoleOrigin, current, { headers: token })).toMatchObject({
      status: 200,
      body: expect.stringContaining(username),
      headers: { 'x-request-id': expect.stringMatching(/./) },
    });
    const fastUpload = `${stack.endpoints.api}/media/api/v1/workspaces/${workspaceId}/fast-upload`;
    const body = { fingerprint: '0123456789abcdef0123456789abcdef', name: 'DJI_0001.JPG' };
    const asked = post(body, { ...token, 'x-request-id': 'page-1' });
    expect(await fetchFrom(consoleOrigin, fastUpload, asked)).toMatchObject({
      status: 200,
      headers: { 'x-request-id': 'page-1' },
    });
  });

  it('can read refusals, those of API Gateway as well', async () => {
    const current = `${stack.endpoints.api}/manage/api/v1/users/current`;
    const headers = { 'x-auth-token': 'invalid' };
    expect(await fetchFrom(consoleOrigin, current, { headers })).toMatchObject({ status: 401 });
    const nowhere = `${stack.endpoints.api}/nowhere`;
    expect(await fetchFrom(consoleOrigin, nowhere, { headers })).toMatchObject({ status: 404 });
  });
});

describe('a page of any other origin', () => {
  it('cannot call the API', async () => {
    const { username, password } = stack.user(0);
    const login = `${stack.endpoints.api}/manage/api/v1/login`;
    expect(await fetchFrom(otherOrigin, login, post({ username, password }))).toBe('TypeError');
    const current = `${stack.endpoints.api}/manage/api/v1/users/current`;
    expect(await fetchFrom(otherOrigin, current, { headers: { 'x-auth-token': 'any' } })).toBe('TypeError');
  });
});

describe('a file with a signed address', () => {
  const key = 'cors/photo.jpg';
  const signed = async () => {
    const s3 = stack.s3();
    const file = { Bucket: stack.endpoints.bucket, Key: key };
    await s3.send(new PutObjectCommand({ ...file, Body: 'the bytes' }));
    return getSignedUrl(s3, new GetObjectCommand(file), { expiresIn: 60 });
  };
  const FILE = { status: 200, body: 'the bytes', headers: { etag: expect.stringMatching(/./) } };

  it('can be read by a page, whole and in part', async () => {
    const address = await signed();
    expect(await fetchFrom(consoleOrigin, address)).toMatchObject(FILE);
    expect(await fetchFrom(consoleOrigin, address, { headers: { range: 'bytes=4-8' } })).toMatchObject({
      status: 206,
      body: 'bytes',
      headers: { 'content-range': 'bytes 4-8/9' },
    });
  });

  it('can be read by a page that a redirect with its token leads there, as Origin null', async () => {
    const address = await signed();
    const api = await serve((response) => {
      response.setHeader('access-control-allow-origin', consoleOrigin);
      response.setHeader('access-control-allow-headers', 'x-auth-token');
      response.writeHead(response.req.method === 'OPTIONS' ? 204 : 302, { location: address }).end();
    });
    const init = { headers: { 'x-auth-token': 'token' } };
    expect(await fetchFrom(consoleOrigin, `${api}/content`, init)).toMatchObject(FILE);
  });

  it('cannot be read without the signature, and not be written', async () => {
    const address = await signed();
    const [unsigned = ''] = address.split('?');
    expect(await fetchFrom(consoleOrigin, unsigned)).toMatchObject({ status: 403 });
    expect(await fetchFrom(consoleOrigin, address, { method: 'PUT', body: 'x' })).toBe('TypeError');
  });
});
