import { type ChildProcess, fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, describe, expect, it } from 'vitest';
import { errorOf, LocalS3ForTests, plainBucket, region, root, versionedBucket } from './s3-service.ts';

const PART = 5 * 1024 * 1024;
const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
const clientOf = (port: number) =>
  new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials: root,
    forcePathStyle: true,
    maxAttempts: 1,
  });
const bytesOf = async (client: S3Client, Bucket: string, Key: string, VersionId?: string) => {
  const { Body, ETag } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
  return { bytes: (await Body?.transformToByteArray()) ?? new Uint8Array(), eTag: ETag?.replaceAll('"', '') };
};

const cleanUps: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const startHere = async (directory?: string) => {
  const s3 = await LocalS3ForTests.start(directory === undefined ? {} : { dataDirectory: directory });
  cleanUps.push(() => s3.close());
  return s3;
};
const startProcess = async (directory: string): Promise<{ child: ChildProcess; client: S3Client }> => {
  const child = fork(join(import.meta.dirname, 's3-process.ts'), [directory]);
  cleanUps.push(() => child.kill('SIGKILL'));
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const client = clientOf(port);
  cleanUps.push(() => client.destroy());
  return { child, client };
};
const temporaryDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), 'local-s3-'));
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

describe('a restart', () => {
  it('keeps objects, versions, markers and the order of writes', async () => {
    const s3 = await startHere();
    const before = s3.client();
    const put = (Key: string, Body: string) =>
      before.send(new PutObjectCommand({ Bucket: versionedBucket, Key, Body, Metadata: { n: Body } }));
    const first = await put('ü/上', 'first');
    await put('ü/上', 'second');
    await put('deleted', 'x');
    await before.send(new DeleteObjectCommand({ Bucket: versionedBucket, Key: 'deleted' }));
    await s3.restart();

    const after = s3.client();
    const current = await after.send(new GetObjectCommand({ Bucket: versionedBucket, Key: 'ü/上' }));
    expect(await current.Body?.transformToString()).toBe('second');
    expect(current.Metadata).toEqual({ n: 'second' });
    const old = await bytesOf(after, versionedBucket, 'ü/上', first.VersionId);
    expect(Buffer.from(old.bytes).toString()).toBe('first');
    expect((await errorOf(bytesOf(after, versionedBucket, 'deleted'))).name).toBe('NoSuchKey');
    const listed = await after.send(new ListObjectsV2Command({ Bucket: versionedBucket }));
    expect(listed.Contents?.map(({ Key }) => Key)).toEqual(['ü/上']);
  });

  it('keeps a multipart upload', async () => {
    const s3 = await startHere();
    const [first, second] = [randomBytes(PART), randomBytes(10)];
    const upload = { Bucket: plainBucket, Key: 'going-on' };
    const { UploadId } = await s3.client().send(new CreateMultipartUploadCommand(upload));
    const send = (client: S3Client, PartNumber: number, Body: Buffer) =>
      client.send(new UploadPartCommand({ ...upload, UploadId, PartNumber, Body }));
    await send(s3.client(), 1, first);
    await s3.restart();
    const client = s3.client();
    await send(client, 2, second);
    const { Parts } = await client.send(new ListPartsCommand({ ...upload, UploadId }));
    const listed = Parts?.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await client.send(
      new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts: listed } }),
    );
    expect(md5((await bytesOf(client, plainBucket, 'going-on')).bytes)).toBe(
      md5(Buffer.concat([first, second])),
    );
  });

  it('deletes the leftovers of a killed process, and nothing else', async () => {
    const s3 = await startHere();
    const client = s3.client();
    await client.send(new PutObjectCommand({ Bucket: plainBucket, Key: 'kept', Body: 'bytes' }));
    const { UploadId = '' } = await client.send(
      new CreateMultipartUploadCommand({ Bucket: plainBucket, Key: 'upload' }),
    );
    await client.send(
      new UploadPartCommand({ Bucket: plainBucket, Key: 'upload', UploadId, PartNumber: 1, Body: 'part' }),
    );
    const folder = (name: string) => join(s3.directory, plainBucket, name);
    writeFileSync(join(folder('data'), 'half-written'), 'by');
    writeFileSync(join(folder('objects'), 'x.json.123.tmp'), '{"key":');
    writeFileSync(join(folder('uploads'), UploadId, '2.json.123.tmp'), '{');
    mkdirSync(join(folder('uploads'), 'aborted'));
    writeFileSync(join(folder('uploads'), 'aborted', '1.json'), '{}');
    await s3.restart();
    expect(readdirSync(folder('data'))).toHaveLength(2);
    expect(readdirSync(folder('objects'))).toHaveLength(1);
    expect(readdirSync(folder('uploads'))).toEqual([UploadId]);
    expect(readdirSync(join(folder('uploads'), UploadId)).sort()).toEqual(['1.json', 'upload.json']);
    expect((await bytesOf(s3.client(), plainBucket, 'kept')).eTag).toBe(md5(Buffer.from('bytes')));
  });

  it('does not list an object whose bytes were removed, and reports it', async () => {
    const s3 = await startHere();
    await s3.client().send(new PutObjectCommand({ Bucket: plainBucket, Key: 'harmed', Body: 'bytes' }));
    const data = join(s3.directory, plainBucket, 'data');
    for (const name of readdirSync(data)) rmSync(join(data, name));
    await s3.restart();
    const { KeyCount } = await s3.client().send(new ListObjectsV2Command({ Bucket: plainBucket }));
    expect(KeyCount).toBe(0);
    expect(s3.logged).toEqual([expect.stringContaining('harmed')]);
  });

  it('finishes the cleanup of a completed multipart upload', async () => {
    const s3 = await startHere();
    const upload = { Bucket: plainBucket, Key: 'completed' };
    const { UploadId = '' } = await s3.client().send(new CreateMultipartUploadCommand(upload));
    const folder = join(s3.directory, plainBucket, 'uploads', UploadId);
    const { ETag } = await s3
      .client()
      .send(new UploadPartCommand({ ...upload, UploadId, PartNumber: 1, Body: 'part' }));
    const left = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const);
    await s3.client().send(
      new CompleteMultipartUploadCommand({
        ...upload,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
    // As if the process had died between the object's appearance and the upload's end.
    mkdirSync(folder);
    for (const [name, content] of left) writeFileSync(join(folder, name), content);
    await s3.restart();
    expect(readdirSync(join(folder, '..'))).toEqual([]);
    expect(Buffer.from((await bytesOf(s3.client(), plainBucket, 'completed')).bytes).toString()).toBe('part');
  });
});

describe('kill -9 in the middle of uploads', () => {
  it.each([1, 300, 700])('after %d ms keeps everything that was acknowledged', async (milliseconds) => {
    const directory = temporaryDirectory();
    const { child, client } = await startProcess(directory);
    const acknowledged = new Map<string, string>();
    /** The last one that was acknowledged, and those begun since. */
    let overwrites: string[] = [];
    let overwriteAcknowledged = false;
    let dead = false;

    const putOnce = async (writer: number, turn: number) => {
      const body = randomBytes(1 + Math.floor(Math.random() * 600_000));
      const Key = `writer-${writer}/ü ${turn}`;
      await client.send(new PutObjectCommand({ Bucket: versionedBucket, Key, Body: body }));
      acknowledged.set(`${versionedBucket} ${Key}`, md5(body));
    };
    const overwrite = async () => {
      const body = randomBytes(200_000);
      overwrites.push(md5(body));
      await client.send(new PutObjectCommand({ Bucket: plainBucket, Key: 'overwritten', Body: body }));
      overwrites = overwrites.slice(overwrites.indexOf(md5(body)));
      overwriteAcknowledged = true;
    };
    const multipart = async (turn: number) => {
      const upload = { Bucket: plainBucket, Key: `multipart/${turn}` };
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(upload));
      const bodies = [randomBytes(PART), randomBytes(1000)];
      const Parts = await Promise.all(
        bodies.map(async (Body, index) => {
          const PartNumber = index + 1;
          const { ETag } = await client.send(
            new UploadPartCommand({ ...upload, UploadId, PartNumber, Body }),
          );
          return { PartNumber, ETag };
        }),
      );
      await client.send(
        new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }),
      );
      acknowledged.set(`${plainBucket} ${upload.Key}`, md5(Buffer.concat(bodies)));
    };
    const forever = async (work: (turn: number) => Promise<void>) => {
      for (let turn = 0; !dead; turn++) {
        await work(turn).catch((error) => {
          if (!dead) throw error;
        });
      }
    };
    const working = Promise.all([
      ...[1, 2, 3, 4].map((writer) => forever((turn) => putOnce(writer, turn))),
      forever(overwrite),
      forever(multipart),
    ]);
    await expect.poll(() => acknowledged.size, { timeout: 30_000 }).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    dead = true;
    child.kill('SIGKILL');
    await working;

    const after = (await startHere(directory)).client();
    for (const [name, digest] of acknowledged) {
      const [bucket = '', ...key] = name.split(' ');
      expect(md5((await bytesOf(after, bucket, key.join(' '))).bytes), name).toBe(digest);
    }
    if (overwriteAcknowledged) {
      expect(overwrites).toContain(md5((await bytesOf(after, plainBucket, 'overwritten')).bytes));
    }
    let count = 0;
    for (const Bucket of [versionedBucket, plainBucket]) {
      const { Versions = [] } = await after.send(new ListObjectVersionsCommand({ Bucket }));
      for (const { Key = '', VersionId, Size } of Versions) {
        const { bytes, eTag = '' } = await bytesOf(after, Bucket, Key, VersionId);
        expect(bytes.length, Key).toBe(Size);
        if (!eTag.includes('-')) expect(md5(bytes), Key).toBe(eTag);
        count += 1;
      }
    }
    expect(count).toBeGreaterThanOrEqual(acknowledged.size);
  });
});

describe('concurrent calls', () => {
  it('that write one key make a version each, in the order of their sequencers', async () => {
    const s3 = await startHere();
    const client = s3.client();
    await Promise.all(
      Array.from({ length: 40 }, (_, number) =>
        client.send(new PutObjectCommand({ Bucket: versionedBucket, Key: 'busy', Body: `body ${number}` })),
      ),
    );
    const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: versionedBucket }));
    expect(new Set(Versions.map(({ VersionId }) => VersionId)).size).toBe(40);
    expect(s3.events.map(({ sequencer }) => sequencer)).toEqual(
      s3.events.map(({ sequencer }) => sequencer).sort(),
    );
    expect(s3.events.map(({ versionId }) => versionId).reverse()).toEqual(
      Versions.map(({ VersionId }) => VersionId),
    );
  });

  it('that read get one whole object while it is overwritten and deleted', async () => {
    const s3 = await startHere();
    const client = s3.client();
    const put = (fill: number) =>
      client.send(
        new PutObjectCommand({ Bucket: plainBucket, Key: 'moving', Body: Buffer.alloc(3_000_000, fill) }),
      );
    await put(0);
    const readers = Promise.all(
      Array.from({ length: 30 }, async () => {
        const { bytes, eTag } = await bytesOf(client, plainBucket, 'moving');
        expect(md5(bytes)).toBe(eTag);
      }),
    );
    for (let fill = 1; fill <= 10; fill++) await put(fill);
    await readers;
    const reading = await client.send(new GetObjectCommand({ Bucket: plainBucket, Key: 'moving' }));
    await client.send(new DeleteObjectCommand({ Bucket: plainBucket, Key: 'moving' }));
    const rest = (await reading.Body?.transformToByteArray()) ?? new Uint8Array();
    expect(md5(rest)).toBe(reading.ETag?.replaceAll('"', ''));
    await expect.poll(() => readdirSync(join(s3.directory, plainBucket, 'data'))).toEqual([]);
    expect(s3.logged).toEqual([]);
  });
});

describe('memory', () => {
  it('does not grow with the size of an upload', async () => {
    const { child, client } = await startProcess(temporaryDirectory());
    const weigh = async () => {
      child.send('weigh');
      const [weight] = (await once(child, 'message')) as [{ bytes: number; highestInBytes: number }];
      return weight;
    };
    const size = 300 * 1024 * 1024;
    const upload = async (length: number) => {
      const url = await getSignedUrl(client, new PutObjectCommand({ Bucket: plainBucket, Key: 'huge' }));
      const block = randomBytes(64 * 1024);
      const body = Readable.from(
        (function* () {
          for (let sent = 0; sent < length; sent += block.length) yield block;
        })(),
      );
      const init = { method: 'PUT', body, duplex: 'half', headers: { 'content-length': String(length) } };
      expect((await fetch(url, init as unknown as RequestInit)).status).toBe(200);
    };
    const before = await weigh();
    await upload(size);
    const after = await weigh();
    expect(after.highestInBytes - before.bytes).toBeLessThan(size / 2);
  });
});

describe('events', () => {
  it('report every change after it is on disk', async () => {
    const s3 = await startHere();
    const client = s3.client();
    const put = await client.send(
      new PutObjectCommand({ Bucket: versionedBucket, Key: 'ü *?', Body: 'bytes' }),
    );
    const marker = await client.send(new DeleteObjectCommand({ Bucket: versionedBucket, Key: 'ü *?' }));
    await client.send(
      new DeleteObjectCommand({ Bucket: versionedBucket, Key: 'ü *?', VersionId: put.VersionId }),
    );
    await client.send(new PutObjectCommand({ Bucket: plainBucket, Key: 'p', Body: 'x' }));
    await client.send(new DeleteObjectCommand({ Bucket: plainBucket, Key: 'p' }));
    await client.send(new DeleteObjectCommand({ Bucket: plainBucket, Key: 'never' }));
    const common = { bucket: versionedBucket, key: 'ü *?', principalId: '123456789012' };
    expect(s3.events).toMatchObject([
      {
        ...common,
        name: 'ObjectCreated:Put',
        versionId: put.VersionId,
        size: 5,
        eTag: md5(Buffer.from('bytes')),
      },
      {
        ...common,
        name: 'ObjectRemoved:DeleteMarkerCreated',
        versionId: marker.VersionId,
        size: 0,
        eTag: '',
      },
      { ...common, name: 'ObjectRemoved:Delete', versionId: put.VersionId },
      { bucket: plainBucket, name: 'ObjectCreated:Put', versionId: undefined },
      { bucket: plainBucket, name: 'ObjectRemoved:Delete' },
    ]);
  });

  it('do not undo a change when they fail', async () => {
    const s3 = await LocalS3ForTests.start({
      onEvent: () => {
        throw new Error('no listener');
      },
    });
    cleanUps.push(() => s3.close());
    await s3.client().send(new PutObjectCommand({ Bucket: plainBucket, Key: 'kept', Body: 'x' }));
    expect(s3.logged).toEqual([expect.stringContaining('no listener')]);
  });
});
