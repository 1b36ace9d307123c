import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LocalAws, type LogEntry, startLocalAws } from '../../index.ts';
import { addSite, CONTENT_SECURITY_POLICY, INDEX_PAGE, STYLE } from '../app/site.ts';
import { synthesiseStations, type TestAssembly } from '../app/synthesise.ts';

const folder = mkdtempSync(join(realpathSync(tmpdir()), 'local-aws-site-'));
const logged: LogEntry[] = [];
let assembly: TestAssembly;
let aws: LocalAws;
let site: string;
let s3: S3Client;

beforeAll(async () => {
  assembly = await synthesiseStations((stack) => addSite(stack, { folder }));
  aws = await startLocalAws({ assembly: assembly.directory, log: (entry) => logged.push(entry) });
  site = aws.outputs['SiteUrl'] ?? '';
  s3 = new S3Client({
    endpoint: aws.addresses.s3 ?? '',
    region: aws.region,
    credentials: aws.root,
    forcePathStyle: true,
  });
});

afterAll(async () => {
  s3?.destroy();
  await aws?.close();
  assembly?.[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

interface Raw {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** A request with exactly these headers. */
function raw(
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
) {
  return new Promise<Raw>((resolve, reject) => {
    const { hostname, port } = new URL(site);
    const { method = 'GET', headers = {}, body } = options;
    const outgoing = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

interface Echoed {
  readonly calls: number;
  readonly method: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: readonly string[];
  readonly body?: string;
}

const echoed = ({ body }: Raw): Echoed => JSON.parse(body.toString()) as Echoed;

describe('pages', () => {
  it('are at the address that the template gives the distribution', async () => {
    expect(site).toBe(aws.addresses.cloudfront);
    const page = await raw('/reports/');
    expect([page.status, page.body.toString()]).toEqual([200, '<title>Reports</title>']);
  });

  it('come from a bucket that nobody else can read', async () => {
    const { PagesName: bucketName } = aws.outputs;
    const direct = await fetch(`${aws.addresses.s3}/${bucketName}/index.html`);
    expect(direct.status).toBe(403);
    expect((await raw('/index.html')).status).toBe(200);
  });

  it.each([
    ['does not sign its requests', 'PagesName', 'unsigned/page.txt'],
    ['is not named in the policy of the bucket', 'ForeignName', 'foreign/page.txt'],
  ])('are not there when the distribution %s', async (_reason, name, Key) => {
    await s3.send(new PutObjectCommand({ Bucket: aws.outputs[name], Key, Body: 'secret' }));
    const page = await raw(`/${Key}`);
    expect([page.status, page.body.toString()]).toEqual([404, expect.stringContaining('no such page')]);
  });

  it('have the default root object at the root, and nowhere else', async () => {
    expect((await raw('/')).body.toString()).toBe(INDEX_PAGE);
    expect((await raw('/reports')).status).toBe(404);
  });

  it('have the headers of the policy: set, replaced, kept and removed', async () => {
    expect((await raw('/')).headers).toMatchObject({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'permissions-policy': 'camera=()',
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      // That of the object, which the policy does not override.
      'cache-control': 'max-age=60',
      'content-type': 'text/html',
      via: expect.stringMatching(/^1\.1 [a-z0-9]+\.cloudfront\.net \(CloudFront\)$/),
    });
    const { headers } = await raw('/api/headers');
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers).toMatchObject({ 'cache-control': 'max-age=5', 'x-frame-options': 'DENY' });
    expect((await raw('/bare/headers')).headers).toMatchObject({ 'x-powered-by': 'echo' });
  });

  it('have a page for those that are missing, with its own status, and the headers of the policy', async () => {
    const missing = await raw('/missing.html');
    expect(missing.status).toBe(404);
    expect(missing.body.toString()).toContain('There is no such page');
    expect(missing.headers).toMatchObject({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-cache': 'Error from cloudfront',
    });
    // CloudFront calls no function for the response to an error.
    expect(missing.headers['x-stamp']).toBeUndefined();
  });

  it('are compressed for those who take it, from 1,000 bytes on', async () => {
    const gzipped = await raw('/style.css', { headers: { 'accept-encoding': 'gzip, deflate' } });
    expect(gunzipSync(gzipped.body).toString()).toBe(STYLE);
    expect(gzipped.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(gzipped.body.length),
      etag: expect.stringMatching(/^W\/"/),
      vary: 'Accept-Encoding',
    });
    const brotli = await raw('/style.css', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(brotli.headers['content-encoding']).toBe('br');
    const plain = await raw('/style.css');
    expect([plain.body.toString(), plain.headers['content-encoding']]).toEqual([STYLE, undefined]);
    const small = await raw('/reports/', { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers['content-encoding']).toBeUndefined();
    const api = await raw(`/api/${'long/'.repeat(300)}`, { headers: { 'accept-encoding': 'gzip' } });
    expect(api.headers['content-encoding']).toBeUndefined();
  });

  it('are cached under their path, and come from the cache without a body for those who have them', async () => {
    const Key = 'cached.txt';
    const Bucket = aws.outputs['PagesName'];
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'first' }));
    const first = await raw(`/${Key}`);
    expect(first.headers).toMatchObject({ 'x-cache': 'Miss from cloudfront' });
    await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'second' }));
    const again = await raw(`/${Key}?version=2`);
    expect(again.headers).toMatchObject({ 'x-cache': 'Hit from cloudfront', age: expect.any(String) });
    expect(again.body.toString()).toBe('first');
    const known = await raw(`/${Key}`, { headers: { 'if-none-match': String(first.headers['etag']) } });
    expect([known.status, known.body.length]).toEqual([304, 0]);
    expect(known.headers).toMatchObject({ 'content-security-policy': CONTENT_SECURITY_POLICY });
    const head = await raw(`/${Key}`, { method: 'HEAD' });
    expect(head.headers).toMatchObject({ 'content-length': '5', 'x-cache': 'Hit from cloudfront' });
  });

  it('come in ranges', async () => {
    const part = await raw('/style.css', { headers: { range: 'bytes=0-3' } });
    expect([part.status, part.body.toString()]).toEqual([206, 'body']);
    expect(part.headers['content-range']).toBe(`bytes 0-3/${STYLE.length}`);
  });
});

describe('functions', () => {
  it('answer in place of the origin, without the headers of the policy', async () => {
    const moved = await raw('/old');
    expect([moved.status, moved.body.toString()]).toEqual([302, 'moved']);
    expect(moved.headers).toMatchObject({
      location: '/reports/',
      'set-cookie': ['seen=yes; Secure'],
      'x-cache': 'FunctionGeneratedResponse from cloudfront',
    });
    expect(moved.headers['content-security-policy']).toBeUndefined();
  });

  it('see the response with the headers of the policy, and change it', async () => {
    expect((await raw('/')).headers).toMatchObject({ 'x-stamp': 'viewer-response 200' });
  });

  it('that fail are 503, and the log says why', async () => {
    const broken = await raw('/broken');
    expect([broken.status, broken.headers['x-cache']]).toEqual([503, 'Error from cloudfront']);
    expect(logged.filter(({ source }) => source === 'cloudfront').at(-1)).toMatchObject({
      level: 'error',
      line: expect.stringContaining('GET /broken: Error: out of order'),
    });
  });
});

describe('the API behind the same address', () => {
  it('asks for a token, as it does at its own address', async () => {
    const denied = await raw('/stations/roof/readings');
    expect([denied.status, denied.body.toString()]).toEqual([401, '{"message":"Unauthorized"}']);
  });

  it('gets everything of the viewer but the host, with the policy that says so', async () => {
    const { headers, cookies, rawPath, rawQueryString, method, body } = echoed(
      await raw('/api/a%20b/c?x=1&y=%2F', {
        method: 'PUT',
        headers: {
          authorization: 'Bearer abc',
          'content-type': 'text/plain',
          cookie: 'one=1; two=2',
          host: 'site.example',
          'user-agent': 'a browser',
          'x-auth-token': 'token',
          'x-forwarded-for': '192.0.2.1',
        },
        body: 'hello',
      }),
    );
    expect({ rawPath, rawQueryString, method, body, cookies }).toEqual({
      rawPath: '/api/a b/c',
      rawQueryString: 'x=1&y=%2F',
      method: 'PUT',
      body: 'hello',
      cookies: ['one=1', 'two=2'],
    });
    expect(headers).toMatchObject({
      authorization: 'Bearer abc',
      'content-type': 'text/plain',
      host: new URL(aws.addresses.api ?? '').host,
      'user-agent': 'a browser',
      'x-auth-token': 'token',
      'x-forwarded-for': '192.0.2.1, 127.0.0.1, 127.0.0.1',
      'x-from': 'the edge',
    });
  });

  it('gets neither query, nor cookies, nor headers without a policy that forwards them', async () => {
    const { headers, cookies, rawQueryString } = echoed(
      await raw('/bare/x?secret=1', {
        headers: { authorization: 'Bearer abc', cookie: 'one=1', 'x-auth-token': 'token', accept: 'x/y' },
      }),
    );
    expect([rawQueryString, cookies]).toEqual(['', []]);
    expect(Object.keys(headers).sort()).toEqual([
      'host',
      'user-agent',
      'via',
      'x-amz-cf-id',
      'x-forwarded-for',
      'x-forwarded-port',
      'x-forwarded-proto',
      'x-from',
    ]);
    expect(headers['user-agent']).toBe('Amazon CloudFront');
  });

  it('gets what is part of the cache key, and caches by that alone', async () => {
    const get = (query: string, headers: Record<string, string>) =>
      raw(`/cached/x?age=60&${query}`, { headers });
    const ada = await get('session=ada&page=1', { 'accept-language': 'en', 'x-auth-token': 'ada' });
    expect(echoed(ada)).toMatchObject({
      rawQueryString: 'age=60&page=1',
      headers: { 'accept-language': 'en' },
    });
    expect(echoed(ada).headers['x-auth-token']).toBeUndefined();
    // One person's response for another: what a test of the real app must show not to happen.
    const bob = await get('session=bob&page=1', { 'accept-language': 'en', 'x-auth-token': 'bob' });
    expect([bob.headers['x-cache'], echoed(bob)]).toEqual(['Hit from cloudfront', echoed(ada)]);
    for (const [query, language] of [
      ['page=2', 'en'],
      ['page=1', 'zh'],
    ] as const) {
      const other = await get(query, { 'accept-language': language });
      expect(other.headers['x-cache']).toBe('Miss from cloudfront');
    }
  });

  it('is asked each time where nothing is cached, whatever its responses say', async () => {
    const first = await raw('/api/again?age=3600');
    const second = await raw('/api/again?age=3600');
    expect(second.headers['x-cache']).toBe('Miss from cloudfront');
    expect(echoed(second).calls).toBe(echoed(first).calls + 1);
  });

  it('has its errors cached for ten seconds, even where nothing else is', async () => {
    const first = await raw('/api/gone?status=404');
    const second = await raw('/api/gone?status=500');
    expect([first.status, second.status]).toEqual([404, 404]);
    expect(second.headers['x-cache']).toBe('Error from cloudfront');
    // 401 is never cached.
    expect((await raw('/api/denied?status=401')).status).toBe(401);
    expect((await raw('/api/denied?status=200')).status).toBe(200);
  });

  it('has its 403 replaced by the page for that, since error responses are for all behaviors', async () => {
    const denied = await raw('/api/x?status=403');
    expect([denied.status, denied.body.toString()]).toEqual([404, expect.stringContaining('no such page')]);
  });

  it('may set cookies where it gets some', async () => {
    expect((await raw('/api/x?cookie=a%3Db')).headers['set-cookie']).toEqual(['a=b']);
    expect((await raw('/cached/x?cookie=a%3Db')).headers['set-cookie']).toBeUndefined();
  });

  it('is not reached with a method that the behavior does not allow, nor with a GET that has a body', async () => {
    const posted = await raw('/bare/x', { method: 'POST', body: 'x' });
    expect([posted.status, posted.body.toString()]).toEqual([403, expect.stringContaining('does not allow')]);
    expect((await raw('/', { method: 'DELETE' })).status).toBe(403);
    const headers = { 'content-length': '1' };
    expect((await raw('/api/x', { headers, body: 'x' })).status).toBe(403);
    expect((await raw('/api/x', { method: 'POST', headers, body: 'x' })).status).toBe(200);
  });

  it('is found by the path without its detours, and gets the path as it was sent', async () => {
    const detour = await raw('/x/../api/detour');
    expect([detour.status, detour.body.toString()]).toEqual([404, '{"message":"Not Found"}']);
  });

  it('is not found by a path with two slashes, which no pattern of it matches', async () => {
    expect((await raw('//api/x')).status).toBe(404);
  });
});
