import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RawConnection, type RawRequest, type SignedHead, signedHead } from './s3-raw-request.ts';
import { errorOf, LocalS3ForTests, plainBucket } from './s3-service.ts';

const Bucket = plainBucket;
const STREAMING = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
const UNSIGNED_TRAILER = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
let s3: LocalS3ForTests;
let client: S3Client;
const connections: RawConnection[] = [];

beforeAll(async () => {
  s3 = await LocalS3ForTests.start();
  client = s3.client();
});
afterEach(() => {
  for (const connection of connections.splice(0)) connection.close();
});
afterAll(() => s3.close());

const open = async () => {
  const connection = await RawConnection.open(s3.port);
  connections.push(connection);
  return connection;
};
const putHead = (key: string, headers: Record<string, string>, more: Partial<RawRequest> = {}) =>
  signedHead(s3.port, { method: 'PUT', path: `/${Bucket}/${key}`, headers, ...more });
/** Sends a PUT whose body may depend on the signature of its head. */
const put = async (key: string, headers: Record<string, string>, body: (signed: SignedHead) => string) => {
  const signed = putHead(key, headers);
  const connection = await open();
  await connection.write(signed.head, body(signed));
  return connection.answer();
};
const read = async (Key: string) =>
  (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
const exists = (Key: string) =>
  client.send(new HeadObjectCommand({ Bucket, Key })).then(
    () => true,
    () => false,
  );
const dataFiles = () => readdirSync(join(s3.directory, Bucket, 'data')).length;
const crcOf = (text: string) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return bytes.toString('base64');
};
const chunk = (data: string, extension = '') => `${data.length.toString(16)}${extension}\r\n${data}\r\n`;
const big = 'b'.repeat(10_000);

describe('an aws-chunked body with trailers', () => {
  const headers = (length: number, body: string): Record<string, string> => ({
    'content-encoding': 'aws-chunked',
    'content-length': String(body.length),
    'x-amz-content-sha256': UNSIGNED_TRAILER,
    'x-amz-decoded-content-length': String(length),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  });
  const send = (key: string, length: number, body: string, more: Record<string, string> = {}) =>
    put(key, { ...headers(length, body), ...more }, () => body);
  const trailer = (text: string) => `x-amz-checksum-crc32:${crcOf(text)}\r\n\r\n`;

  it('is stored without its framing', async () => {
    const body = `${chunk(big)}${chunk('last')}0\r\n${trailer(`${big}last`)}`;
    expect((await send('chunked', 10_004, body, { 'content-encoding': 'gzip,aws-chunked' })).status).toBe(
      200,
    );
    expect(await read('chunked')).toBe(`${big}last`);
    const head = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'chunked', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({ ContentEncoding: 'gzip', ChecksumCRC32: crcOf(`${big}last`) });
  });

  it('is stored the same with any fragmentation', async () => {
    const body = `${chunk(big)}${chunk('last')}0\r\n${trailer(`${big}last`)}`;
    const connection = await open();
    await connection.write(putHead('cut', headers(10_004, body)).head);
    const cuts = [1, 2, 5, 7, 8, 9_000, 10_006, 10_007, 10_008, 10_010, 10_014, 10_016, 10_020, 10_050];
    for (const [index, cut] of [0, ...cuts].entries()) {
      await connection.write(body.slice(cut, cuts[index] ?? body.length));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await connection.answer()).status).toBe(200);
    expect(await read('cut')).toBe(`${big}last`);
  });

  it.each([
    ['whose checksum is wrong', 4, `${chunk('data')}0\r\n${trailer('other')}`, 'BadDigest'],
    ['that does not have the trailer', 4, `${chunk('data')}0\r\n\r\n`, 'MalformedTrailerError'],
    ['with another trailer', 4, `${chunk('data')}0\r\nx-other:1\r\n\r\n`, 'MalformedTrailerError'],
    [
      'whose trailer is no checksum',
      4,
      `${chunk('data')}0\r\nx-amz-checksum-crc32:?\r\n\r\n`,
      'InvalidRequest',
    ],
    ['shorter than announced', 9, `${chunk('data')}0\r\n${trailer('data')}`, 'IncompleteBody'],
    ['longer than announced', 3, `${chunk('data')}0\r\n${trailer('data')}`, 'IncompleteBody'],
    ['that ends inside a chunk', 4, '4\r\nda', 'IncompleteBody'],
    ['without its last chunk', 4, chunk('data'), 'IncompleteBody'],
    ['with a size that is no number', 4, 'four\r\ndata\r\n0\r\n\r\n', 'IncompleteBody'],
    [
      'of small chunks',
      8,
      `${chunk('data')}${chunk('data')}0\r\n${trailer('datadata')}`,
      'InvalidChunkSizeError',
    ],
  ])('%s is refused, and leaves nothing', async (_what, length, body, code) => {
    const before = dataFiles();
    const answer = await send('refused', length, body);
    expect(answer.body).toContain(`<Code>${code}</Code>`);
    expect(await exists('refused')).toBe(false);
    expect(dataFiles()).toBe(before);
  });
});

describe('an aws-chunked body with signatures', () => {
  const bodyOf = (signed: SignedHead, ...data: string[]) => {
    let previous = signed.signature;
    const chunks = [...data, ''].map((text) => {
      previous = signed.signChunk(previous, text);
      return text === '' ? `0;chunk-signature=${previous}\r\n` : chunk(text, `;chunk-signature=${previous}`);
    });
    return { chunks: chunks.join(''), last: previous };
  };
  const headers = (more: Record<string, string> = {}): Record<string, string> => ({
    'content-encoding': 'aws-chunked',
    'transfer-encoding': 'chunked',
    'x-amz-content-sha256': STREAMING,
    'x-amz-decoded-content-length': '10004',
    ...more,
  });
  const inHttpChunk = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const withTrailer = headers({
    'x-amz-content-sha256': `${STREAMING}-TRAILER`,
    'x-amz-trailer': 'x-amz-checksum-crc32',
  });

  it('is stored when every signature is right', async () => {
    const answer = await put('signed', headers(), (signed) =>
      inHttpChunk(`${bodyOf(signed, big, 'last').chunks}\r\n`),
    );
    expect(answer.status).toBe(200);
    expect(await read('signed')).toBe(`${big}last`);
  });

  it('is refused when a chunk was changed', async () => {
    const before = dataFiles();
    const answer = await put('changed', headers(), (signed) =>
      inHttpChunk(`${bodyOf(signed, big, 'last').chunks.replace('last', 'LAST')}\r\n`),
    );
    expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect(await exists('changed')).toBe(false);
    expect(dataFiles()).toBe(before);
  });

  it('is refused when chunks are not signed', async () => {
    const answer = await put('unsigned', headers(), () =>
      inHttpChunk(`${chunk(big)}${chunk('last')}0\r\n\r\n`),
    );
    expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>');
  });

  it('has signed trailers', async () => {
    const trailers = (signed: SignedHead, signedValue: string, sentValue: string) => {
      const { chunks, last } = bodyOf(signed, big, 'last');
      const signature = signed.signTrailer(last, `x-amz-checksum-crc32:${signedValue}\n`);
      return inHttpChunk(
        `${chunks}x-amz-checksum-crc32:${sentValue}\n\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
      );
    };
    const right = crcOf(`${big}last`);
    expect((await put('trailers', withTrailer, (signed) => trailers(signed, right, right))).status).toBe(200);
    expect(await read('trailers')).toBe(`${big}last`);
    const answer = await put('trailers-2', withTrailer, (signed) => trailers(signed, 'AAAAAA==', right));
    expect(answer.body).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect(await exists('trailers-2')).toBe(false);
  });
});

describe('a body', () => {
  const plain = (body: string, more: Record<string, string> = {}): Record<string, string> => ({
    'content-length': String(body.length),
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
    ...more,
  });

  it.each([
    [
      'that is not the signed one',
      { 'x-amz-content-sha256': createHash('sha256').update('other').digest('hex') },
      'XAmzContentSHA256Mismatch',
    ],
    ['with another MD5', { 'content-md5': createHash('md5').update('other').digest('base64') }, 'BadDigest'],
    ['with an MD5 that is none', { 'content-md5': 'AAAA' }, 'InvalidDigest'],
    ['with another checksum', { 'x-amz-checksum-crc32': 'AAAAAA==' }, 'BadDigest'],
    ['with a checksum that is none', { 'x-amz-checksum-crc32': 'x' }, 'InvalidRequest'],
    [
      'with two checksums',
      {
        'x-amz-checksum-crc32': crcOf('bytes'),
        'x-amz-checksum-sha256': createHash('sha256').update('bytes').digest('base64'),
      },
      'InvalidRequest',
    ],
    [
      'with a checksum that is not implemented',
      { 'x-amz-checksum-xxhash64': 'AAAAAAAAAAA=' },
      'NotImplemented',
    ],
    ['over 5 GiB', { 'content-length': String(5 * 1024 ** 3 + 1) }, 'EntityTooLarge'],
    [
      'announced in trailers that cannot come',
      { 'x-amz-trailer': 'x-amz-checksum-crc32' },
      'MalformedTrailerError',
    ],
  ])('%s is refused, and leaves nothing', async (_what, more, code) => {
    const before = dataFiles();
    const answer = await put('bad-body', plain('bytes', more), () => 'bytes');
    expect(answer.body).toContain(`<Code>${code}</Code>`);
    expect(await exists('bad-body')).toBe(false);
    expect(dataFiles()).toBe(before);
  });

  it('of unknown length is refused', async () => {
    const headers = { 'transfer-encoding': 'chunked', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' };
    const answer = await put('lengthless', headers, () => '5\r\nbytes\r\n0\r\n\r\n');
    expect(answer).toMatchObject({ status: 411, body: expect.stringContaining('MissingContentLength') });
  });

  it('is stored when all is right', async () => {
    const more = {
      'content-md5': createHash('md5').update('bytes').digest('base64'),
      'x-amz-checksum-crc32': crcOf('bytes'),
      'x-amz-content-sha256': createHash('sha256').update('bytes').digest('hex'),
    };
    expect((await put('good-body', plain('bytes', more), () => 'bytes')).status).toBe(200);
    expect(await read('good-body')).toBe('bytes');
  });

  it.each(['the client goes away', 'only half of it comes'])('leaves nothing when %s', async (how) => {
    const before = dataFiles();
    const connection = await open();
    await connection.write(putHead('partial', plain('x'.repeat(1_000_000))).head, 'x'.repeat(500_000));
    await expect.poll(dataFiles).toBe(before + 1);
    if (how === 'the client goes away') connection.socket.resetAndDestroy();
    else connection.socket.end();
    await expect.poll(dataFiles).toBe(before);
    expect(await exists('partial')).toBe(false);
    expect(s3.logged).toEqual([]);
  });
});

describe('checksums of the SDK', () => {
  const putWith = (more: Partial<PutObjectCommandInput>) =>
    client.send(new PutObjectCommand({ Bucket, Key: 'checked', Body: 'bytes', ...more }));

  it.each([
    ['CRC32', { ChecksumAlgorithm: 'CRC32' }],
    ['CRC32C', { ChecksumAlgorithm: 'CRC32C' }],
    ['CRC64NVME', { ChecksumAlgorithm: 'CRC64NVME' }],
    ['SHA1', { ChecksumAlgorithm: 'SHA1' }],
    ['SHA256', { ChecksumAlgorithm: 'SHA256' }],
  ] as const)('%s is verified, kept, and told on request', async (algorithm, input) => {
    await putWith(input);
    const field = `Checksum${algorithm}` as const;
    const told = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'checked', ChecksumMode: 'ENABLED' }),
    );
    expect(told).toMatchObject({ [field]: expect.any(String), ChecksumType: 'FULL_OBJECT' });
    const untold = await client.send(new HeadObjectCommand({ Bucket, Key: 'checked' }));
    expect(untold).not.toHaveProperty(field);
    // The SDK checks what it reads, too.
    expect(await read('checked')).toBe('bytes');
    const wrong = Buffer.alloc(Buffer.from(told[field] ?? '', 'base64').length, 1).toString('base64');
    expect((await errorOf(putWith({ [field]: wrong }))).name).toBe('BadDigest');
  });
});
