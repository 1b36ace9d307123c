import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  type ListObjectsCommandInput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, LocalS3ForTests, plainBucket, versionedBucket } from './s3-service.ts';

let s3: LocalS3ForTests;
let client: S3Client;

beforeAll(async () => {
  s3 = await LocalS3ForTests.start();
  client = s3.client();
});
afterAll(() => s3.close());

const put = (Key: string, Body: string, Bucket = versionedBucket) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body }));
const get = (Key: string, VersionId?: string) =>
  client.send(new GetObjectCommand({ Bucket: versionedBucket, Key, VersionId }));
const text = async (Key: string, VersionId?: string) => (await get(Key, VersionId)).Body?.transformToString();
const remove = (Key: string, VersionId?: string, Bucket = versionedBucket) =>
  client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
const versions = (options: Partial<ListObjectVersionsCommandInput> = {}) =>
  client.send(new ListObjectVersionsCommand({ Bucket: versionedBucket, ...options }));

describe('a bucket with versions', () => {
  it('keeps overwritten versions', async () => {
    const first = await put('kept', 'first');
    const second = await put('kept', 'second');
    expect(first.VersionId).not.toBe(second.VersionId);
    expect(await text('kept')).toBe('second');
    expect(await text('kept', first.VersionId)).toBe('first');
    expect((await get('kept')).VersionId).toBe(second.VersionId);
  });

  it('adds a delete marker, and restores the object without it', async () => {
    const { VersionId } = await put('marked', 'bytes');
    const marker = await remove('marked');
    expect(marker.DeleteMarker).toBe(true);
    expect(await errorOf(get('marked'))).toEqual({ name: 'NoSuchKey', status: 404 });
    expect(await errorOf(get('marked', marker.VersionId))).toEqual({ name: 'MethodNotAllowed', status: 405 });
    const head = new HeadObjectCommand({ Bucket: versionedBucket, Key: 'marked' });
    expect(await errorOf(client.send(head))).toEqual({ name: 'NotFound', status: 404 });
    expect(await text('marked', VersionId)).toBe('bytes');
    expect(await remove('marked', marker.VersionId)).toMatchObject({
      DeleteMarker: true,
      VersionId: marker.VersionId,
    });
    expect(await text('marked')).toBe('bytes');
  });

  it('deletes a version by its id, and makes the previous one current', async () => {
    await put('forgotten', 'first');
    const second = await put('forgotten', 'second');
    const answer = await remove('forgotten', second.VersionId);
    expect(answer.DeleteMarker).toBeUndefined();
    expect(await errorOf(get('forgotten', second.VersionId))).toEqual({ name: 'NoSuchVersion', status: 404 });
    expect(await text('forgotten')).toBe('first');
  });

  it('refuses an invalid version id', async () => {
    expect((await errorOf(get('kept', '../../x'))).name).toBe('InvalidArgument');
    expect((await errorOf(remove('kept', 'x'))).name).toBe('InvalidArgument');
    expect((await errorOf(get('kept', '0'.repeat(32)))).name).toBe('NoSuchVersion');
  });

  it('lists its versions in pages, the newest of a key first', async () => {
    for (const key of ['list/a', 'list/b', 'list/c']) {
      await put(key, '1');
      await put(key, '22');
    }
    await remove('list/b');
    const all = await versions({ Prefix: 'list/' });
    expect(all.Versions?.map(({ Key, Size, IsLatest }) => [Key, Size, IsLatest])).toEqual([
      ['list/a', 2, true],
      ['list/a', 1, false],
      ['list/b', 2, false],
      ['list/b', 1, false],
      ['list/c', 2, true],
      ['list/c', 1, false],
    ]);
    expect(all.DeleteMarkers).toMatchObject([{ Key: 'list/b', IsLatest: true }]);

    const paged: string[] = [];
    let page = await versions({ Prefix: 'list/', MaxKeys: 2 });
    for (;;) {
      for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
        paged.push(`${Key} ${VersionId}`);
      }
      if (!page.IsTruncated) break;
      page = await versions({
        Prefix: 'list/',
        MaxKeys: 2,
        KeyMarker: page.NextKeyMarker,
        VersionIdMarker: page.NextVersionIdMarker,
      });
    }
    const expected = [...(all.Versions ?? []), ...(all.DeleteMarkers ?? [])].map(
      ({ Key, VersionId }) => `${Key} ${VersionId}`,
    );
    expect(paged.sort()).toEqual(expected.sort());
  });

  it('continues a page although its last version was deleted', async () => {
    for (const body of ['1', '2', '3']) await put('pages', body);
    const page = await versions({ Prefix: 'pages', MaxKeys: 2 });
    await remove('pages', page.NextVersionIdMarker);
    const rest = await versions({
      Prefix: 'pages',
      KeyMarker: page.NextKeyMarker,
      VersionIdMarker: page.NextVersionIdMarker,
    });
    expect(rest.Versions).toHaveLength(1);
  });
});

describe('a bucket without versions', () => {
  it('deletes permanently', async () => {
    await put('gone', 'bytes', plainBucket);
    const answer = await remove('gone', undefined, plainBucket);
    expect(answer).not.toHaveProperty('VersionId');
    expect(answer.DeleteMarker).toBeUndefined();
    const read = client.send(new GetObjectCommand({ Bucket: plainBucket, Key: 'gone' }));
    expect((await errorOf(read)).name).toBe('NoSuchKey');
  });

  it('accepts the deletion of a missing object', async () => {
    expect((await remove('never', undefined, plainBucket)).$metadata.httpStatusCode).toBe(204);
  });

  it('has no version ids, and accepts null as one', async () => {
    expect(await put('null', 'bytes', plainBucket)).not.toHaveProperty('VersionId');
    const read = new GetObjectCommand({ Bucket: plainBucket, Key: 'null', VersionId: 'null' });
    expect(await (await client.send(read)).Body?.transformToString()).toBe('bytes');
    const listed = await versions({ Bucket: plainBucket, Prefix: 'null' });
    expect(listed.Versions).toMatchObject([{ VersionId: 'null', IsLatest: true }]);
  });
});

describe('DeleteObjects', () => {
  it('deletes keys and versions, and returns the result of each', async () => {
    const { VersionId } = await put('many/1', 'x');
    await put('many/2 <&> ü', 'x');
    const answer = await client.send(
      new DeleteObjectsCommand({
        Bucket: versionedBucket,
        Delete: {
          Objects: [{ Key: 'many/1', VersionId }, { Key: 'many/2 <&> ü' }, { Key: 'many/3', VersionId: 'x' }],
        },
      }),
    );
    expect(answer.Deleted).toMatchObject([
      { Key: 'many/1', VersionId },
      { Key: 'many/2 <&> ü', DeleteMarker: true },
    ]);
    expect(answer.Errors).toMatchObject([{ Key: 'many/3', Code: 'InvalidArgument' }]);
    expect(await errorOf(get('many/1'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('returns only errors in quiet mode', async () => {
    await put('quiet', 'x');
    const Delete = { Objects: [{ Key: 'quiet' }], Quiet: true };
    const answer = await client.send(new DeleteObjectsCommand({ Bucket: versionedBucket, Delete }));
    expect(answer.Deleted).toBeUndefined();
    expect(await errorOf(get('quiet'))).toMatchObject({ name: 'NoSuchKey' });
  });

  it('accepts at most a thousand', async () => {
    const Delete = { Objects: Array.from({ length: 1001 }, (_, number) => ({ Key: `k${number}` })) };
    const command = new DeleteObjectsCommand({ Bucket: versionedBucket, Delete });
    expect(await errorOf(client.send(command))).toEqual({ name: 'MalformedXML', status: 400 });
  });
});

describe('a listing', () => {
  const Prefix = 'listing/';
  const keys = ['a', 'b/1', 'b/2', 'b/deep/3', 'c+d e', 'ü/上', '\uffee', '😀'].map((key) => Prefix + key);
  const list = (options: Partial<ListObjectsV2CommandInput> = {}) =>
    client.send(new ListObjectsV2Command({ Bucket: versionedBucket, Prefix, ...options }));
  const listOld = (options: Partial<ListObjectsCommandInput> = {}) =>
    client.send(new ListObjectsCommand({ Bucket: versionedBucket, Prefix, ...options }));

  beforeAll(async () => {
    await Promise.all([...keys].reverse().map((key) => put(key, 'x')));
    await put(`${Prefix}deleted/x`, 'x');
    await remove(`${Prefix}deleted/x`);
  });

  it('is in the order of UTF-8, without deleted objects', async () => {
    const { Contents, KeyCount, IsTruncated } = await list();
    expect(Contents?.map(({ Key }) => Key)).toEqual(keys);
    expect(Contents?.[0]).toMatchObject({ Size: 1, StorageClass: 'STANDARD' });
    expect([KeyCount, IsTruncated]).toEqual([keys.length, false]);
  });

  it('has common prefixes', async () => {
    const { Contents, CommonPrefixes } = await list({ Delimiter: '/' });
    expect(CommonPrefixes?.map((entry) => entry.Prefix)).toEqual([`${Prefix}b/`, `${Prefix}ü/`]);
    expect(Contents?.map(({ Key }) => Key)).toEqual(keys.filter((key) => !/[bü]\//.test(key)));
  });

  it.each([undefined, '/'])('in pages is complete (delimiter %s)', async (Delimiter) => {
    const whole = await list({ Delimiter });
    const names = (page: typeof whole) => [
      ...(page.Contents ?? []).map(({ Key }) => Key),
      ...(page.CommonPrefixes ?? []).map((entry) => entry.Prefix),
    ];
    const paged: Array<string | undefined> = [];
    let token: string | undefined;
    do {
      const page = await list({ Delimiter, MaxKeys: 1, ContinuationToken: token });
      expect(page.KeyCount).toBe(1);
      paged.push(...names(page));
      token = page.NextContinuationToken;
    } while (token);
    expect(paged.sort()).toEqual(names(whole).sort());
  });

  it('has pages by marker, too', async () => {
    const whole = await listOld({ Delimiter: '/' });
    const paged: Array<string | undefined> = [];
    let marker: string | undefined;
    do {
      const page = await listOld({ Delimiter: '/', MaxKeys: 1, Marker: marker });
      paged.push(page.Contents?.[0]?.Key ?? page.CommonPrefixes?.[0]?.Prefix);
      marker = page.NextMarker;
    } while (marker);
    expect(paged).toHaveLength((whole.Contents?.length ?? 0) + (whole.CommonPrefixes?.length ?? 0));
    expect(new Set(paged).size).toBe(paged.length);
    expect((await listOld({ Marker: `${Prefix}b/2` })).Contents?.[0]?.Key).toBe(`${Prefix}b/deep/3`);
  });

  it('starts after a key', async () => {
    expect((await list({ StartAfter: `${Prefix}b/2` })).Contents?.[0]?.Key).toBe(`${Prefix}b/deep/3`);
  });

  it('has keys percent-encoded on request', async () => {
    const { Contents } = await list({ EncodingType: 'url' });
    expect(Contents?.map(({ Key }) => decodeURIComponent(Key ?? ''))).toEqual(keys);
    expect(Contents?.[4]?.Key).toBe('listing/c%2Bd%20e');
  });

  it('refuses an unknown token and invalid parameters', async () => {
    expect((await errorOf(list({ ContinuationToken: 'x' }))).name).toBe('InvalidArgument');
    expect((await errorOf(list({ MaxKeys: -1 }))).name).toBe('InvalidArgument');
    expect((await list({ MaxKeys: 0 })).KeyCount).toBe(0);
  });

  it('has a thousand entries at most', async () => {
    const many = Array.from({ length: 1005 }, (_, number) => `many-keys/${String(number).padStart(4, '0')}`);
    for (let first = 0; first < many.length; first += 50) {
      await Promise.all(many.slice(first, first + 50).map((key) => put(key, 'x', plainBucket)));
    }
    const first = await list({ Bucket: plainBucket, Prefix: 'many-keys/', MaxKeys: 5000 });
    expect([first.KeyCount, first.MaxKeys, first.IsTruncated]).toEqual([1000, 1000, true]);
    const second = await list({
      Bucket: plainBucket,
      Prefix: 'many-keys/',
      ContinuationToken: first.NextContinuationToken,
    });
    expect(second.Contents?.map(({ Key }) => Key)).toEqual(many.slice(1000));
  });
});

describe('a bucket', () => {
  it('has a location and a versioning state', async () => {
    await client.send(new HeadBucketCommand({ Bucket: versionedBucket }));
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual([versionedBucket, plainBucket]);
    const location = await client.send(new GetBucketLocationCommand({ Bucket: versionedBucket }));
    expect(location.LocationConstraint).toBe('eu-central-1');
    const versioning = (Bucket: string) => client.send(new GetBucketVersioningCommand({ Bucket }));
    expect((await versioning(versionedBucket)).Status).toBe('Enabled');
    expect((await versioning(plainBucket)).Status).toBeUndefined();
  });

  it('that does not exist is not found', async () => {
    const read = client.send(new GetObjectCommand({ Bucket: 'nothing-here', Key: 'x' }));
    expect(await errorOf(read)).toEqual({ name: 'NoSuchBucket', status: 404 });
    const head = client.send(new HeadBucketCommand({ Bucket: 'nothing-here' }));
    expect(await errorOf(head)).toEqual({ name: 'NotFound', status: 404 });
  });
});
