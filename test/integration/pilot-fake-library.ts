/**
 * A fake library for the uploader, which can fail on request: the endpoints of the API and the S3 operations
 * of uploads, in memory, on one port of loopback.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export const WORKSPACE_ID = '3b0e4f3c-2a6e-4a4a-9d5b-0a1f5f3b7c11';
export const USERNAME = 'pilot';
export const PASSWORD = 'correct horse battery staple';

/** A received request. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly token: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** No response: the connection is closed. */
export const HANG_UP = Symbol('hang up');

/** A response instead of the normal one. */
export interface Override {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

type Answer = Override | typeof HANG_UP;

export interface FakeLibrary {
  readonly api: string;
  readonly requests: SeenRequest[];
  /** Objects by key. */
  readonly objects: Map<string, Buffer>;
  /** Parts of uploads that are neither completed nor aborted, by upload id. */
  readonly openUploads: Map<string, Map<number, Buffer>>;
  readonly abortedUploads: string[];
  readonly storedTinyFingerprints: Set<string>;
  readonly fingerprints: Map<string, string>;
  /** The lifetime of credentials, in seconds. */
  credentialLifeInSeconds: number;
  /** Whether new credentials of the user allow the keys of earlier ones. */
  scope: 'of the user' | 'of each answer';
  /** Makes all issued credentials expire now. */
  expireCredentials(): void;
  /** The lifetime in tokens, in seconds. */
  tokenLifeInSeconds: number;
  /** Refuses all issued tokens from now on. */
  revokeTokens(): void;
  /** Called before each response. Can delay or replace it. */
  intercept: (request: SeenRequest) => Promise<Answer | undefined> | Answer | undefined;
  callsTo(action: string): SeenRequest[];
  close(): Promise<void>;
}

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

const xml = (name: string, fields: Record<string, string>): string =>
  `<?xml version="1.0"?><${name}>${Object.entries(fields)
    .map(([field, value]) => `<${field}>${value}</${field}>`)
    .join('')}</${name}>`;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Starts a fake for one test. */
export async function startFakeLibrary(): Promise<FakeLibrary> {
  const tokens = new Set<string>();
  const refreshTokens = new Set<string>();
  const keys = new Map<string, { expiresAtInMilliseconds: number; readonly scope: string }>();

  const session = () => {
    const claims = { exp: Math.floor(Date.now() / 1000) + library.tokenLifeInSeconds, jti: randomUUID() };
    const token = `header.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.signature`;
    const refreshToken = randomUUID();
    tokens.add(token);
    refreshTokens.add(refreshToken);
    return {
      username: USERNAME,
      workspace_id: WORKSPACE_ID,
      access_token: token,
      refresh_token: refreshToken,
    };
  };

  const api = ({ path, body, token }: SeenRequest): Override => {
    const success = (data: object): Override => ({
      status: 200,
      body: { code: 0, message: 'success', data },
    });
    const failure = (status: number, code: number, message: string): Override => ({
      status,
      body: { code, message, data: {} },
    });
    if (path === '/manage/api/v1/login') {
      const right = body.username === USERNAME && body.password === PASSWORD && body.flag === 2;
      return right ? success(session()) : failure(401, 210001, 'wrong username or password');
    }
    if (path === '/manage/api/v1/token/refresh') {
      return refreshTokens.has(body.refresh_token)
        ? success(session())
        : failure(401, 600103, 'no such token');
    }
    if (!token || !tokens.has(token)) return { status: 401, body: { message: 'Unauthorized' } };
    if (!path.includes(`/workspaces/${WORKSPACE_ID}/`)) return failure(403, 403, 'not your workspace');
    switch (path.split('/').at(-1)) {
      case 'tiny-fingerprints': {
        const asked = body.tiny_fingerprints as string[];
        return success({
          tiny_fingerprints: asked.filter((tiny) => library.storedTinyFingerprints.has(tiny)),
        });
      }
      case 'fast-upload': {
        const key = library.fingerprints.get(body.fingerprint);
        if (!key) return failure(200, -1, `${body.fingerprint} does not exist`);
        library.storedTinyFingerprints.add(body.ext.tinny_fingerprint);
        return success({ object_key: key, file_id: randomUUID() });
      }
      case 'sts': {
        const accessKeyId = `ASIA${randomUUID()}`;
        const scope = `${WORKSPACE_ID}/${library.scope === 'of the user' ? USERNAME : randomUUID()}`;
        keys.set(accessKeyId, {
          expiresAtInMilliseconds: Date.now() + library.credentialLifeInSeconds * 1000,
          scope,
        });
        return success({
          bucket: 'media',
          endpoint: library.api,
          region: 'eu-central-1',
          provider: 'aws',
          object_key_prefix: `${scope}/${randomUUID()}`,
          credentials: {
            access_key_id: accessKeyId,
            access_key_secret: 'secret-of-the-bucket',
            security_token: 'session-token-of-the-bucket',
            expire: library.credentialLifeInSeconds,
          },
        });
      }
      case 'upload-callback': {
        if (body.result !== 0) return success({ object_key: body.object_key });
        if (!library.objects.has(body.object_key))
          return failure(404, 404, 'the object is not in the bucket');
        library.fingerprints.set(body.fingerprint, body.object_key);
        library.storedTinyFingerprints.add(body.ext.tinny_fingerprint);
        return success({ object_key: body.object_key });
      }
      case 'group-upload-callback':
        return success({});
      default:
        return failure(404, 404, 'unknown route');
    }
  };

  const objectStorage = (seen: SeenRequest, bytes: Buffer, headers: IncomingMessage['headers']): Override => {
    const key = decodeURIComponent(seen.path.slice('/media/'.length));
    const accessKeyId = /Credential=([^/]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
    const credentials = keys.get(accessKeyId);
    if (!credentials || credentials.expiresAtInMilliseconds < Date.now()) {
      return {
        status: 400,
        body: xml('Error', { Code: 'ExpiredToken', Message: 'The provided token has expired.' }),
      };
    }
    if (!key.startsWith(`${credentials.scope}/`)) {
      return { status: 403, body: xml('Error', { Code: 'AccessDenied', Message: 'Access Denied' }) };
    }
    const digest = headers['content-md5'];
    if (digest && Buffer.from(String(digest), 'base64').toString('hex') !== md5(bytes)) {
      return {
        status: 400,
        body: xml('Error', { Code: 'BadDigest', Message: 'The Content-MD5 did not match.' }),
      };
    }
    const uploadId = seen.query.get('uploadId') ?? '';
    if (seen.method === 'POST' && seen.query.has('uploads')) {
      const created = randomUUID();
      library.openUploads.set(created, new Map());
      return {
        status: 200,
        body: xml('InitiateMultipartUploadResult', { Bucket: 'media', Key: 'k', UploadId: created }),
      };
    }
    const parts = library.openUploads.get(uploadId);
    if (uploadId && !parts) {
      return { status: 404, body: xml('Error', { Code: 'NoSuchUpload', Message: 'no such upload' }) };
    }
    if (seen.method === 'DELETE') {
      library.openUploads.delete(uploadId);
      library.abortedUploads.push(uploadId);
      return { status: 204 };
    }
    if (seen.method === 'POST' && parts) {
      const inOrder = [...parts].sort(([left], [right]) => left - right).map(([, part]) => part);
      library.objects.set(key, Buffer.concat(inOrder));
      library.openUploads.delete(uploadId);
      return {
        status: 200,
        body: xml('CompleteMultipartUploadResult', { Key: 'k', ETag: `&quot;x-${parts.size}&quot;` }),
      };
    }
    if (parts) parts.set(Number(seen.query.get('partNumber')), bytes);
    else library.objects.set(key, bytes);
    return { status: 200, headers: { etag: `"${md5(bytes)}"` } };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://fake');
    const isApi = /^\/(manage|storage|media)\/api\//.test(url.pathname);
    const bytes = isApi ? Buffer.from(await text(request)) : await readBody(request);
    const seen: SeenRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      token: request.headers['x-auth-token'] as string | undefined,
      body: isApi ? JSON.parse(bytes.toString() || '{}') : bytes,
    };
    library.requests.push(seen);
    const told =
      (await library.intercept(seen)) ?? (isApi ? api(seen) : objectStorage(seen, bytes, request.headers));
    if (told === HANG_UP) request.socket.destroy();
    if (told === HANG_UP || response.destroyed) return;
    const type = isApi ? 'application/json' : 'application/xml';
    response.writeHead(told.status, { 'content-type': type, ...told.headers });
    const body = told.body ?? '';
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
  const server = createServer((request, response) => {
    // An uploader that stops a file closes the connection during a body.
    answer(request, response).catch((error) => {
      if (!request.destroyed) throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const library: FakeLibrary = {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    objects: new Map(),
    openUploads: new Map(),
    abortedUploads: [],
    storedTinyFingerprints: new Set(),
    fingerprints: new Map(),
    credentialLifeInSeconds: 3300,
    scope: 'of the user',
    expireCredentials: () => {
      for (const credentials of keys.values()) credentials.expiresAtInMilliseconds = 0;
    },
    tokenLifeInSeconds: 3600,
    revokeTokens: () => tokens.clear(),
    intercept: () => undefined,
    callsTo: (action) => library.requests.filter((seen) => seen.path.endsWith(`/${action}`)),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return library;
}
