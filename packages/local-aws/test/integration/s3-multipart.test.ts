import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
  type UploadPartCommandInput,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startChecksum } from '../../s3/checksums.ts';
import { errorOf, LocalS3ForTests, plainBucket } from './s3-service.ts';

const PART = 5 * 1024 * 1024;
const Bucket = plainBucket;
let s3: LocalS3ForTests;
let client: S3Client;

beforeAll(async () => {
  s3 = await LocalS3ForTests.start();
  client = s3.client(undefined, { requestChecksumCalculation: 'WHEN_REQUIRED' });
});
afterAll(() => s3.close());

const create = async (Key: string, more: Partial<CreateMultipartUploadCommandInput> = {}) =>
  (await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId;
const uploadPart = (
  Key: string,
  UploadId: string | undefined,
  PartNumber: number,
  Body: Buffer,
  more: Partial<UploadPartCommandInput> = {},
) => client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
const complete = (
  Key: string,
  UploadId: string | undefined,
  Parts: CompletedPart[],
  more: Partial<CompleteMultipartUploadCommandInput> = {},
) =>
  client.send(
    new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }),
  );
const read = async (Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};
const dataFiles = () => readdirSync(join(s3.directory, Bucket, 'data'));
const md5 = (bytes: Buffer) => createHash('md5').update(bytes).digest();

describe('a multipart upload', () => {
  it("makes one object with S3's form of ETag", async () => {
    const parts = [randomBytes(PART), randomBytes(PART + 1), randomBytes(3)];
    const UploadId = await create('three', { ContentType: 'video/mp4', Metadata: { flight: '1' } });
    const uploaded = await Promise.all(
      parts.map(async (part, index) => ({
        PartNumber: index + 1,
        ETag: (await uploadPart('three', UploadId, index + 1, part)).ETag,
      })),
    );
    const done = await complete('three', UploadId, uploaded);
    const expected = createHash('md5')
      .update(Buffer.concat(parts.map(md5)))
      .digest('hex');
    expect(done.ETag).toBe(`"${expected}-3"`);
    expect((await read('three')).equals(Buffer.concat(parts))).toBe(true);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'three' }));
    expect(head).toMatchObject({
      ContentLength: 2 * PART + 4,
      ContentType: 'video/mp4',
      Metadata: { flight: '1' },
      ETag: done.ETag,
    });
  });

  it('can be read across its parts, and by part', async () => {
    const whole = await read('three');
    const get = (more: { Range?: string; PartNumber?: number }) =>
      client.send(new GetObjectCommand({ Bucket, Key: 'three', ...more }));
    const across = await get({ Range: `bytes=${PART - 2}-${PART + 2}` });
    expect(
      Buffer.from((await across.Body?.transformToByteArray()) ?? []).equals(
        whole.subarray(PART - 2, PART + 3),
      ),
    ).toBe(true);
    const last = await get({ PartNumber: 3 });
    expect(last).toMatchObject({ PartsCount: 3, ContentLength: 3 });
    expect(Buffer.from((await last.Body?.transformToByteArray()) ?? []).equals(whole.subarray(-3))).toBe(
      true,
    );
    expect((await errorOf(get({ PartNumber: 4 }))).status).toBe(416);
  });

  it('works with the SDK, for a stream of 12 MB of unknown length', async () => {
    const bytes = randomBytes(12 * 1024 * 1024);
    const Body = Readable.from(
      Array.from({ length: 12 }, (_, index) =>
        bytes.subarray(index * 1024 * 1024, (index + 1) * 1024 * 1024),
      ),
    );
    const upload = new Upload({ client: s3.client(), params: { Bucket, Key: 'sdk', Body }, partSize: PART });
    const done = await upload.done();
    expect(done.ETag).toMatch(/-3"$/);
    expect((await read('sdk')).equals(bytes)).toBe(true);
  });

  it('accepts a part again, which replaces the earlier one', async () => {
    const UploadId = await create('again');
    const before = dataFiles().length;
    await uploadPart('again', UploadId, 1, Buffer.from('first'));
    const { ETag } = await uploadPart('again', UploadId, 1, Buffer.from('second'));
    expect(dataFiles()).toHaveLength(before + 1);
    await complete('again', UploadId, [{ PartNumber: 1, ETag }]);
    expect((await read('again')).toString()).toBe('second');
  });

  it('leaves out parts that are not listed', async () => {
    const UploadId = await create('left-out');
    const before = dataFiles().length;
    await uploadPart('left-out', UploadId, 1, Buffer.from('not wanted'));
    const { ETag } = await uploadPart('left-out', UploadId, 7, Buffer.from('wanted'));
    await complete('left-out', UploadId, [{ PartNumber: 7, ETag }]);
    expect((await read('left-out')).toString()).toBe('wanted');
    expect(dataFiles()).toHaveLength(before + 1);
  });

  it('is listed with its parts, in pages', async () => {
    const UploadId = await create('listed/ü');
    await create('listed/z');
    for (const number of [3, 1, 2])
      await uploadPart('listed/ü', UploadId, number, Buffer.from(`part ${number}`));
    const listParts = (more: { MaxParts?: number; PartNumberMarker?: string } = {}) =>
      client.send(new ListPartsCommand({ Bucket, Key: 'listed/ü', UploadId, ...more }));
    expect((await listParts()).Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 6],
      [2, 6],
      [3, 6],
    ]);
    const first = await listParts({ MaxParts: 2 });
    expect([first.IsTruncated, first.NextPartNumberMarker]).toEqual([true, '2']);
    const second = await listParts({ PartNumberMarker: first.NextPartNumberMarker ?? '' });
    expect(second.Parts?.map(({ PartNumber }) => PartNumber)).toEqual([3]);

    const listUploads = (more: object = {}) =>
      client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'listed/', ...more }));
    expect((await listUploads()).Uploads?.map(({ Key }) => Key)).toEqual(['listed/z', 'listed/ü']);
    const page = await listUploads({ MaxUploads: 1 });
    expect(page.IsTruncated).toBe(true);
    const rest = await listUploads({
      KeyMarker: page.NextKeyMarker,
      UploadIdMarker: page.NextUploadIdMarker,
    });
    expect(rest.Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId]);
    const rolledUp = await listUploads({ Prefix: '', Delimiter: '/' });
    expect(rolledUp.CommonPrefixes).toEqual([{ Prefix: 'listed/' }]);
  });

  it('leaves nothing when it is aborted', async () => {
    const before = dataFiles().length;
    const UploadId = await create('aborted');
    await uploadPart('aborted', UploadId, 1, randomBytes(1000));
    const abort = () => client.send(new AbortMultipartUploadCommand({ Bucket, Key: 'aborted', UploadId }));
    await abort();
    expect(dataFiles()).toHaveLength(before);
    expect(readdirSync(join(s3.directory, Bucket, 'uploads'))).not.toContain(UploadId);
    expect(await errorOf(abort())).toEqual({ name: 'NoSuchUpload', status: 404 });
    expect((await errorOf(uploadPart('aborted', UploadId, 1, Buffer.from('late')))).name).toBe(
      'NoSuchUpload',
    );
    expect((await errorOf(complete('aborted', UploadId, [{ PartNumber: 1, ETag: 'x' }]))).name).toBe(
      'NoSuchUpload',
    );
    expect(dataFiles()).toHaveLength(before);
  });

  it('can be completed again when the response was lost', async () => {
    const UploadId = await create('twice');
    const { ETag } = await uploadPart('twice', UploadId, 1, Buffer.from('x'));
    const first = await complete('twice', UploadId, [{ PartNumber: 1, ETag }]);
    const second = await complete('twice', UploadId, [{ PartNumber: 1, ETag }]);
    expect(second.ETag).toBe(first.ETag);
    expect(s3.events.filter(({ key }) => key === 'twice')).toHaveLength(1);
  });

  it('is completed once by concurrent calls', async () => {
    const UploadId = await create('at-once');
    const { ETag } = await uploadPart('at-once', UploadId, 1, Buffer.from('x'));
    await Promise.all(
      Array.from({ length: 5 }, () => complete('at-once', UploadId, [{ PartNumber: 1, ETag }])),
    );
    expect(s3.events.filter(({ key }) => key === 'at-once')).toHaveLength(1);
  });

  it('does not replace an object with If-None-Match, and can be completed later', async () => {
    const parts = async () => {
      const UploadId = await create('guarded');
      const { ETag } = await uploadPart('guarded', UploadId, 1, Buffer.from(String(UploadId)));
      return { UploadId, listed: [{ PartNumber: 1, ETag }] };
    };
    const [first, second] = [await parts(), await parts()];
    await complete('guarded', first.UploadId, first.listed, { IfNoneMatch: '*' });
    const refused = complete('guarded', second.UploadId, second.listed, { IfNoneMatch: '*' });
    expect(await errorOf(refused)).toEqual({ name: 'PreconditionFailed', status: 412 });
    expect((await read('guarded')).toString()).toBe(first.UploadId);
    await complete('guarded', second.UploadId, second.listed);
    expect((await read('guarded')).toString()).toBe(second.UploadId);
  });
});

describe('a copied part', () => {
  const copy = (UploadId: string | undefined, PartNumber: number, CopySourceRange?: string) =>
    client.send(
      new UploadPartCopyCommand({
        Bucket,
        Key: 'copied',
        UploadId,
        PartNumber,
        CopySource: `${Bucket}/three`,
        CopySourceRange,
      }),
    );

  it('is a range of another object', async () => {
    const original = await read('three');
    const UploadId = await create('copied', { ChecksumAlgorithm: 'CRC32' });
    const ranges = [`bytes=1-${PART + 5}`, 'bytes=0-2'];
    const parts = await Promise.all(ranges.map((range, index) => copy(UploadId, index + 1, range)));
    await complete(
      'copied',
      UploadId,
      parts.map(({ CopyPartResult }, index) => ({
        PartNumber: index + 1,
        ETag: CopyPartResult?.ETag,
        ChecksumCRC32: CopyPartResult?.ChecksumCRC32,
      })),
    );
    const expected = Buffer.concat([original.subarray(1, PART + 6), original.subarray(0, 3)]);
    expect((await read('copied')).equals(expected)).toBe(true);
  });

  it.each(['bytes=0-', 'bytes=-5', 'bytes=0-99999999', 'bytes=5-4', '0-5'])('cannot be %s', async (range) => {
    const UploadId = await create('copied');
    expect((await errorOf(copy(UploadId, 1, range))).name).toBe('InvalidArgument');
  });
});

describe('completing a multipart upload', () => {
  it('refuses parts that are missing, different, out of order or too small', async () => {
    const UploadId = await create('bad');
    const first = await uploadPart('bad', UploadId, 1, Buffer.from('small'));
    const second = await uploadPart('bad', UploadId, 2, Buffer.from('last'));
    const one = { PartNumber: 1, ETag: first.ETag };
    const two = { PartNumber: 2, ETag: second.ETag };
    const nameFor = async (parts: CompletedPart[]) => (await errorOf(complete('bad', UploadId, parts))).name;
    expect(await nameFor([one, two])).toBe('EntityTooSmall');
    expect(await nameFor([two, one])).toBe('InvalidPartOrder');
    expect(await nameFor([one, one])).toBe('InvalidPartOrder');
    expect(await nameFor([{ ...one, ETag: second.ETag }])).toBe('InvalidPart');
    expect(await nameFor([{ PartNumber: 3, ETag: first.ETag }])).toBe('InvalidPart');
    expect(await nameFor([])).toBe('MalformedXML');
    // None of it has harmed the upload.
    await complete('bad', UploadId, [two]);
    expect((await read('bad')).toString()).toBe('last');
  });

  it('refuses an upload of another key', async () => {
    const UploadId = await create('mine');
    expect((await errorOf(uploadPart('other', UploadId, 1, Buffer.from('x')))).name).toBe('NoSuchUpload');
    expect((await errorOf(complete('other', UploadId, [{ PartNumber: 1, ETag: 'x' }]))).name).toBe(
      'NoSuchUpload',
    );
  });

  it.each([0, 10_001, 1.5])('refuses part number %d', async (number) => {
    const UploadId = await create('numbers');
    expect((await errorOf(uploadPart('numbers', UploadId, number, Buffer.from('x')))).name).toBe(
      'InvalidArgument',
    );
  });
});

describe('the checksum of a multipart upload', () => {
  const parts = [randomBytes(PART), randomBytes(1000)];
  const crc = async (...chunks: Buffer[]) => {
    const running = startChecksum('CRC32');
    for (const chunk of chunks) running.update(chunk);
    return Buffer.from(await running.digest());
  };
  const upload = async (Key: string, more: Partial<CreateMultipartUploadCommandInput>) => {
    const UploadId = await create(Key, { ChecksumAlgorithm: 'CRC32', ...more });
    const listed: CompletedPart[] = [];
    for (const [index, part] of parts.entries()) {
      const { ETag, ChecksumCRC32 } = await uploadPart(Key, UploadId, index + 1, part, {
        ChecksumAlgorithm: 'CRC32',
      });
      listed.push({ PartNumber: index + 1, ETag, ChecksumCRC32 });
    }
    return { UploadId, listed };
  };

  it('is made from those of its parts', async () => {
    const { UploadId, listed } = await upload('composite', {});
    const done = await complete('composite', UploadId, listed);
    const expected = (await crc(...(await Promise.all(parts.map((part) => crc(part)))))).toString('base64');
    expect(done).toMatchObject({ ChecksumCRC32: `${expected}-2`, ChecksumType: 'COMPOSITE' });
    const head = await client.send(
      new HeadObjectCommand({ Bucket, Key: 'composite', ChecksumMode: 'ENABLED' }),
    );
    expect(head).toMatchObject({ ChecksumCRC32: `${expected}-2`, ChecksumType: 'COMPOSITE' });
  });

  it('is that of the whole object when it is requested', async () => {
    const { UploadId, listed } = await upload('full', { ChecksumType: 'FULL_OBJECT' });
    const expected = (await crc(...parts)).toString('base64');
    const wrong = complete('full', UploadId, listed, { ChecksumCRC32: 'AAAAAA==' });
    expect((await errorOf(wrong)).name).toBe('BadDigest');
    const done = await complete('full', UploadId, listed, { ChecksumCRC32: expected });
    expect(done).toMatchObject({ ChecksumCRC32: expected, ChecksumType: 'FULL_OBJECT' });
  });

  it('must be listed for every part, and be right', async () => {
    const { UploadId, listed } = await upload('strict', {});
    const without = listed.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    expect((await errorOf(complete('strict', UploadId, without))).name).toBe('InvalidRequest');
    const wrong = listed.map((part) => ({ ...part, ChecksumCRC32: 'AAAAAA==' }));
    expect((await errorOf(complete('strict', UploadId, wrong))).name).toBe('InvalidPart');
    const otherAlgorithm = uploadPart('strict', UploadId, 1, parts[1] as Buffer, {
      ChecksumAlgorithm: 'SHA256',
    });
    expect((await errorOf(otherAlgorithm)).name).toBe('InvalidRequest');
  });
});
