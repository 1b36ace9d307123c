import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { readLibrary } from './library-view.ts';
import { type PageContext, renderPage } from './render.ts';

export interface LibraryPageProps extends PageContext {
  readonly database: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly storage: S3Client;
  readonly bucketName: string;
}

const ASSETS: Readonly<Record<string, string>> = {
  '/library.css': 'text/css',
  '/library.js': 'text/javascript',
};

/** Only resources of this page, and no access for pages of other sites. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
};

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

/**
 * Types that are safe to show. Anything else is downloaded, so that a stored HTML file cannot act as this
 * page.
 */
const SHOWN_TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  mp4: 'video/mp4',
};

/**
 * The local stack's page: the library of all workspaces, as an administrator sees it. It is only for people
 * at this machine, and is never deployed.
 */
export function createLibraryPage({
  database,
  tableName,
  storage,
  bucketName,
  ...context
}: LibraryPageProps): Server {
  const sendPage = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { html, tag } = renderPage(await readLibrary(database, tableName), context);
    const eTag = `"${tag}"`;
    const unchanged = request.headers['if-none-match'] === eTag;
    response.writeHead(unchanged ? 304 : 200, {
      ...SECURITY_HEADERS,
      etag: eTag,
      'content-type': 'text/html; charset=utf-8',
    });
    response.end(unchanged ? undefined : html);
  };

  const sendObject = async (url: URL, response: ServerResponse): Promise<void> => {
    const key = url.searchParams.get('key') ?? '';
    const version = url.searchParams.get('version');
    const object = await storage.send(
      new GetObjectCommand({ Bucket: bucketName, Key: key, ...(version && { VersionId: version }) }),
    );
    const name = key.slice(key.lastIndexOf('/') + 1);
    const type = SHOWN_TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()];
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      'content-type': type ?? 'application/octet-stream',
      'content-disposition': `${type ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(name)}`,
      ...(object.ContentLength !== undefined && { 'content-length': object.ContentLength }),
    });
    await pipeline(object.Body as Readable, response);
  };

  const sendAsset = async (path: string, type: string, response: ServerResponse): Promise<void> => {
    const content = await readFile(new URL(`../../web${path}`, import.meta.url));
    response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': `${type}; charset=utf-8` }).end(content);
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://page');
    const asset = ASSETS[url.pathname];
    if (!LOOPBACK.test(request.headers.host ?? ''))
      response.writeHead(403).end('This page is available on this machine only\n');
    else if (request.method !== 'GET') response.writeHead(405).end('This page is read-only\n');
    else if (url.pathname === '/') await sendPage(request, response);
    else if (url.pathname === '/object') await sendObject(url, response);
    else if (asset) await sendAsset(url.pathname, asset, response);
    else response.writeHead(404).end('Not found\n');
  };

  return createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(error.name === 'NoSuchKey' ? 404 : 502).end(`${error.name}\n`);
    });
  });
}
