import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, LocalS3ForTests, plainBucket, root, versionedBucket } from './s3-service.ts';

let s3: LocalS3ForTests;
let client: S3Client;

beforeAll(async () => {
  s3 = await LocalS3ForTests.start();
  client = s3.client();
});
afterAll(() => s3.close());

const put = (
  Key: string,
  Body: NonNullable<PutObjectCommandInput['Body']>,
  more: Partial<PutObjectCommandInput> = {},
) => client.send(new PutObjectCommand({ Bucket: plainBucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket: plainBucket, Key, ...more }));
const text = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, more)).Body?.transformToString();
const md5 = (bytes: Buffer | string) => createHash('md5').update(bytes).digest('hex');
const dataFiles = () => readdirSync(join(s3.directory, plainBucket, 'data'));

describe('an object', () => {
  it('is returned as it was stored, with its metadata', async () => {
    const written = await put('photo.jpg', 'bytes', {
      ContentType: 'image/jpeg',
      ContentDisposition: 'inline; filename="photo.jpg"',
      CacheControl: 'max-age=60',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-01T00:00:00Z'),
      Metadata: { flight: '024', 'drone-model-key': '0-67-0' },
    });
    expect(written.ETag).toBe(`"${md5('bytes')}"`);
    expect(written.ServerSideEncryption).toBe('AES256');
    const read = await get('photo.jpg');
    expect(read).toMatchObject({
      ContentType: 'image/jpeg',
      ContentDisposition: 'inline; filename="photo.jpg"',
      CacheControl: 'max-age=60',
      ContentEncoding: 'identity',
      ContentLanguage: 'de',
      ExpiresString: 'Tue, 01 Jan 2030 00:00:00 GMT',
      Metadata: { flight: '024', 'drone-model-key': '0-67-0' },
      ContentLength: 5,
      AcceptRanges: 'bytes',
      ServerSideEncryption: 'AES256',
      ETag: written.ETag,
    });
    expect(await read.Body?.transformToString()).toBe('bytes');
    expect(await client.send(new HeadObjectCommand({ Bucket: plainBucket, Key: 'photo.jpg' }))).toMatchObject(
      {
        ContentLength: 5,
        ContentType: 'image/jpeg',
      },
    );
  });

  it('may be empty', async () => {
    await put('empty', Buffer.alloc(0));
    expect(await text('empty')).toBe('');
    expect((await get('empty')).ContentLength).toBe(0);
  });

  it('is replaced as a whole, and the old bytes are deleted', async () => {
    await put('replaced', 'first', { Metadata: { version: 'first' } });
    const before = dataFiles().length;
    await put('replaced', 'second');
    expect(dataFiles()).toHaveLength(before);
    expect((await get('replaced')).Metadata).toEqual({});
    expect(await text('replaced')).toBe('second');
  });

  it.each([
    'DJI_202604071650_024_上云API/ü*?.jpg',
    'with space + plus % percent %2F %00 & < > " \' ; = # ~',
    '..',
    '.',
    '../../outside',
    'a/../b',
    '/leading//double/',
    '*',
    '?',
    '\\back\\slash',
    '\u0001control\n',
    '😀/\u{10ffff}/\uffee',
    'CON',
    'k'.repeat(1024),
    '上'.repeat(341),
  ])('has the literal key %j', async (Key) => {
    await put(Key, `bytes of ${Key}`);
    expect(await text(Key)).toBe(`bytes of ${Key}`);
    const listed = await client.send(
      new ListObjectsV2Command({ Bucket: plainBucket, Prefix: Key, EncodingType: 'url', MaxKeys: 1 }),
    );
    expect(decodeURIComponent(listed.Contents?.[0]?.Key ?? '')).toBe(Key);
    await client.send(new DeleteObjectCommand({ Bucket: plainBucket, Key }));
    expect(await errorOf(get(Key))).toEqual({ name: 'NoSuchKey', status: 404 });
  });

  it('is not stored in a file named by its key', async () => {
    await put('../../../../tmp/escaped', 'x');
    expect(readdirSync(join(s3.directory, '..'))).not.toContain('escaped');
    expect(readdirSync(s3.directory).sort()).toEqual([versionedBucket, plainBucket]);
    expect(readdirSync(join(s3.directory, plainBucket)).sort()).toEqual([
      'announcements',
      'data',
      'objects',
      'uploads',
    ]);
  });

  it('is refused when its key is longer than 1024 bytes', async () => {
    expect(await errorOf(put('k'.repeat(1025), 'x'))).toEqual({ name: 'KeyTooLongError', status: 400 });
    expect(await errorOf(put(`${'上'.repeat(341)}xx`, 'x'))).toEqual({
      name: 'KeyTooLongError',
      status: 400,
    });
  });

  it('is refused when its metadata is over 2 KB', async () => {
    expect(await errorOf(put('meta', 'x', { Metadata: { big: 'x'.repeat(2048) } }))).toEqual({
      name: 'MetadataTooLarge',
      status: 400,
    });
  });

  it('is streamed, with 50 MB', async () => {
    const block = randomBytes(1024 * 1024);
    const hash = createHash('md5');
    for (let count = 0; count < 50; count++) hash.update(block);
    const blocks = Array.from({ length: 50 }, () => block);
    const written = await put('large', Readable.from(blocks), { ContentLength: 50 * block.length });
    expect(written.ETag).toBe(`"${hash.digest('hex')}"`);
    const received = createHash('md5');
    for await (const chunk of (await get('large')).Body as Readable) received.update(chunk);
    expect(`"${received.digest('hex')}"`).toBe(written.ETag);
  });
});

describe('a range', () => {
  const bytes = '0123456789';
  beforeAll(() => put('digits', bytes));

  it.each([
    ['bytes=0-0', '0', 'bytes 0-0/10'],
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=8-100', '89', 'bytes 8-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-100', '0123456789', 'bytes 0-9/10'],
  ])('%s returns those bytes', async (Range, expected, contentRange) => {
    const part = await get('digits', { Range });
    expect(await part.Body?.transformToString()).toBe(expected);
    expect(part.ContentRange).toBe(contentRange);
    expect(part.ContentLength).toBe(expected.length);
    expect(part.$metadata.httpStatusCode).toBe(206);
  });

  it.each(['bytes=5-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-'])('%s is ignored', async (Range) => {
    const whole = await get('digits', { Range });
    expect(whole.$metadata.httpStatusCode).toBe(200);
    expect(await whole.Body?.transformToString()).toBe(bytes);
  });

  it.each(['bytes=10-', 'bytes=100-200', 'bytes=-0'])('%s is refused as not satisfiable', async (Range) => {
    expect(await errorOf(get('digits', { Range }))).toEqual({ name: 'InvalidRange', status: 416 });
  });
});

describe('a condition', () => {
  it('of a read succeeds or fails', async () => {
    const { ETag } = await put('conditional', 'x');
    const { LastModified = new Date() } = await get('conditional');
    const before = new Date(LastModified.getTime() - 60_000);
    expect(await text('conditional', { IfMatch: ETag })).toBe('x');
    expect(await text('conditional', { IfNoneMatch: '"other"' })).toBe('x');
    expect(await text('conditional', { IfModifiedSince: before })).toBe('x');
    expect(await text('conditional', { IfMatch: ETag, IfUnmodifiedSince: before })).toBe('x');
    expect((await errorOf(get('conditional', { IfMatch: '"other"' }))).status).toBe(412);
    expect((await errorOf(get('conditional', { IfUnmodifiedSince: before }))).status).toBe(412);
    expect((await errorOf(get('conditional', { IfNoneMatch: ETag }))).status).toBe(304);
    expect((await errorOf(get('conditional', { IfModifiedSince: LastModified }))).status).toBe(304);
    expect((await errorOf(get('conditional', { IfNoneMatch: ETag, IfModifiedSince: before }))).status).toBe(
      304,
    );
  });

  it('of a write keeps the existing object', async () => {
    const { ETag } = await put('once', 'first', { IfNoneMatch: '*' });
    expect(await errorOf(put('once', 'second', { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    });
    expect(await text('once')).toBe('first');
    await put('once', 'third', { IfMatch: ETag });
    expect((await errorOf(put('once', 'fourth', { IfMatch: ETag }))).status).toBe(412);
    expect(await errorOf(put('never', 'x', { IfMatch: ETag }))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await text('once')).toBe('third');
  });

  it('lets exactly one of many writers succeed', async () => {
    const before = dataFiles().length;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, writer) => put('race', `writer ${writer}`, { IfNoneMatch: '*' })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(dataFiles()).toHaveLength(before + 1);
  });
});

describe('a copy', () => {
  it('has the bytes and the metadata of the original', async () => {
    await put('original/ü +.jpg', 'bytes', { ContentType: 'image/jpeg', Metadata: { a: 'b' } });
    const copied = await client.send(
      new CopyObjectCommand({
        Bucket: versionedBucket,
        Key: 'copy',
        CopySource: `${plainBucket}/${encodeURIComponent('original/ü +.jpg')}`,
      }),
    );
    expect(copied.CopyObjectResult?.ETag).toBe(`"${md5('bytes')}"`);
    const copy = await client.send(new GetObjectCommand({ Bucket: versionedBucket, Key: 'copy' }));
    expect(copy).toMatchObject({
      ContentType: 'image/jpeg',
      Metadata: { a: 'b' },
      VersionId: copied.VersionId,
    });
    expect(await copy.Body?.transformToString()).toBe('bytes');
  });

  it('may have other metadata, also for the same key', async () => {
    await put('renamed', 'bytes', { Metadata: { a: 'b' } });
    const copy = new CopyObjectCommand({
      Bucket: plainBucket,
      Key: 'renamed',
      CopySource: `${plainBucket}/renamed`,
      MetadataDirective: 'REPLACE',
      Metadata: { c: 'd' },
    });
    await client.send(copy);
    expect((await get('renamed')).Metadata).toEqual({ c: 'd' });
    copy.input.MetadataDirective = 'COPY';
    expect((await errorOf(client.send(copy))).name).toBe('InvalidRequest');
  });

  it('of nothing is refused', async () => {
    const copy = new CopyObjectCommand({
      Bucket: plainBucket,
      Key: 'x',
      CopySource: `${plainBucket}/nothing`,
    });
    expect(await errorOf(client.send(copy))).toEqual({ name: 'NoSuchKey', status: 404 });
  });
});

describe('a presigned URL', () => {
  it('returns an object with the given name and type', async () => {
    await put('DJI_上云API/ü.jpg', 'bytes');
    const command = new GetObjectCommand({
      Bucket: plainBucket,
      Key: 'DJI_上云API/ü.jpg',
      ResponseContentDisposition: "attachment; filename*=UTF-8''%C3%BC.jpg",
      ResponseContentType: 'image/jpeg',
      ResponseCacheControl: 'no-store',
    });
    const answer = await fetch(await getSignedUrl(client, command, { expiresIn: 60 }));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''%C3%BC.jpg");
    expect(answer.headers.get('content-type')).toBe('image/jpeg');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).toBe('bytes');
  });

  it('refuses a name that a header cannot contain', async () => {
    const command = new GetObjectCommand({
      Bucket: plainBucket,
      Key: 'photo.jpg',
      ResponseContentDisposition: 'attachment; filename="上.jpg"',
    });
    const answer = await fetch(await getSignedUrl(client, command));
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('<Code>InvalidArgument</Code>');
  });

  it('uploads, with any checksum of no bytes that the SDK has signed', async () => {
    const command = new PutObjectCommand({
      Bucket: plainBucket,
      Key: 'presigned',
      ContentType: 'text/plain',
    });
    const url = await getSignedUrl(client, command, { expiresIn: 60 });
    expect(url).toContain('x-amz-checksum-crc32');
    const answer = await fetch(url, {
      method: 'PUT',
      body: 'bytes',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer.status).toBe(200);
    expect(await text('presigned')).toBe('bytes');
  });

  it('is refused when it is changed or expired', async () => {
    const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: plainBucket, Key: 'presigned' }), {
      expiresIn: 1,
      signingDate: new Date(Date.now() - 5000),
    });
    const answer = await fetch(url);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Request has expired');
    const other = await getSignedUrl(client, new GetObjectCommand({ Bucket: plainBucket, Key: 'presigned' }));
    expect((await fetch(other.replace('presigned', 'other'))).status).toBe(403);
  });
});

describe('a bucket in the host name', () => {
  it('is the same bucket', async () => {
    const key = 'host/ü*.txt';
    await put(key, 'bytes');
    const virtual = s3.client(root, { endpoint: `http://localhost:${s3.port}`, forcePathStyle: false });
    const url = new URL(await getSignedUrl(virtual, new GetObjectCommand({ Bucket: plainBucket, Key: key })));
    expect(url.hostname).toBe(`${plainBucket}.localhost`);
    // The name need not resolve on every machine, so the connection goes to the address.
    const answer = await new Promise<string>((resolve, reject) => {
      const options = { port: s3.port, host: '127.0.0.1', path: url.pathname + url.search };
      request({ ...options, headers: { host: url.host } }, (response) => {
        response.setEncoding('utf8');
        let body = `${response.statusCode} `;
        response.on('data', (chunk) => {
          body += chunk;
        });
        response.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
    expect(answer).toBe('200 bytes');
  });
});
