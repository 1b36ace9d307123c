/** The uploader and the sample flight against the whole local stack. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { md5OfFile, readFolder } from '../../devices/common/files.ts';
import { ObjectUploads } from '../../devices/common/object-upload.ts';
import { PartBuffers } from '../../devices/common/part-buffers.ts';
import { StorageLeases } from '../../devices/common/storage-leases.ts';
import { PilotClient } from '../../devices/pilot/pilot-client.ts';
import { type UploadFolderOptions, uploadFolder } from '../../devices/pilot/upload-folder.ts';
import { uploadSampleFlight } from '../../local/sample/flight.ts';
import { encodePhoto } from '../../local/sample/photo-file.ts';
import { emptyPicture } from '../../local/sample/picture.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';

const MEBIBYTE = 1024 * 1024;
const PILOT = fileURLToPath(new URL('../../bin/pilot.ts', import.meta.url));

let stack: LocalStack;
let folder: string;

beforeAll(async () => {
  stack = await startLocalStack({ port: 0, ephemeral: true });
});
afterAll(() => stack?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pilot-stack-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(path: string, content: string | Buffer): Promise<void> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
}

const user = (index = 0) => {
  const found = stack.endpoints.users[index];
  if (!found) throw new Error(`no demo user ${index}`);
  return found;
};

const run = (options: Partial<UploadFolderOptions> = {}) => {
  const { username, password } = user();
  return uploadFolder({ from: folder, api: stack.endpoints.api, username, password, ...options });
};

/** Runs the command against the stack's `endpoints.json`. */
function start(...more: string[]) {
  const argv = [PILOT, '--from', folder, '--data', stack.dataDirectory, ...more];
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
  return { child, closed: once(child, 'close').then(([code]) => code as number | null) };
}

const clientOptions = () => {
  const { region, root } = stack.endpoints;
  return {
    region,
    credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
  };
};

/** The catalog's entries whose name begins with `prefix`, each file once. */
async function entriesNamed(prefix: string): Promise<Record<string, unknown>[]> {
  const client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ ...clientOptions(), endpoint: stack.endpoints.dynamodb }),
  );
  const entries = new Map<unknown, Record<string, unknown>>();
  let start: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({ TableName: stack.endpoints.table, ...(start && { ExclusiveStartKey: start }) }),
    );
    for (const item of page.Items ?? []) {
      if (item['entity'] === 'file' && String(item['name']).startsWith(prefix)) entries.set(item['sk'], item);
    }
    start = page.LastEvaluatedKey;
  } while (start);
  client.destroy();
  return [...entries.values()];
}

async function objectBytes(key: unknown): Promise<Buffer> {
  const client = new S3Client({ ...clientOptions(), endpoint: stack.endpoints.s3, forcePathStyle: true });
  const { Body } = await client.send(
    new GetObjectCommand({ Bucket: stack.endpoints.bucket, Key: String(key) }),
  );
  const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
  client.destroy();
  return bytes;
}

function patterned(bytes: number, seed: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let offset = 0; offset + 4 <= bytes; offset += 4) {
    buffer.writeUInt32LE(Math.imul(offset + seed, 2654435761) >>> 0, offset);
  }
  return buffer;
}

describe('a folder', () => {
  it('is in the library with the metadata of its photos, and the second run uploads nothing', async () => {
    const photo = encodePhoto(emptyPicture(32, 24), {
      name: 'whole_1.JPG',
      takenAt: '2026:04:12 09:30:15',
      offset: '+02:00',
      latitude: 48.72915,
      longitude: 11.03482,
      absoluteAltitude: 484.4,
      relativeAltitude: 96,
      yawInDegrees: -48.3,
      pitchInDegrees: -90,
      quality: 90,
    });
    await put('DJI_001/whole_1.JPG', photo);
    await put('DJI_001/whole_1.SRT', 'subtitles');
    expect(await run()).toMatchObject({ uploaded: 2, failed: 0 });
    const entries = await entriesNamed('whole_');
    expect(entries).toHaveLength(2);
    expect(entries.find(({ name }) => name === 'whole_1.JPG')).toMatchObject({
      path: 'DJI_001',
      md5: expect.stringMatching(/^[0-9a-f]{32}$/),
      size: photo.length,
      content_type: 'image/jpeg',
      captured_at: '2026-04-12T07:30:15.000Z',
      absolute_altitude: 484.4,
      relative_altitude: 96,
      gimbal_yaw_degree: -48.3,
      shoot_position: { lat: expect.closeTo(48.72915, 6), lng: expect.closeTo(11.03482, 6) },
      drone_model_key: '0-77-0',
      drone_sn: '1581F000SAMPLE000001',
      sub_file_type: 0,
    });
    expect(await run()).toMatchObject({ uploaded: 0, alreadyThere: 2, failed: 0 });
    expect(await entriesNamed('whole_')).toHaveLength(2);
  });

  it('keeps names in any script', async () => {
    const name = 'unicode_上云 Überflug +100%.MP4';
    await put(`DJI_024_上云API/${name}`, 'a video');
    expect(await run()).toMatchObject({ uploaded: 1, failed: 0 });
    const [entry] = await entriesNamed('unicode_');
    expect(entry).toMatchObject({ name, path: 'DJI_024_上云API' });
    expect(String(await objectBytes(entry?.['object_key']))).toBe('a video');
  });

  it('with a large file is uploaded in parts', async () => {
    const content = patterned(21 * MEBIBYTE + 3, 1);
    await put('large_1.MP4', content);
    expect(await run({ partSizeInBytes: 5 * MEBIBYTE })).toMatchObject({ uploaded: 1, failed: 0 });
    const [entry] = await entriesNamed('large_');
    expect(entry).toMatchObject({ size: content.length, etag: expect.stringMatching(/-5$/) });
    expect((await objectBytes(entry?.['object_key'])).equals(content)).toBe(true);
  });

  it('is uploaded to the workspace of the user only', async () => {
    await put('mine_1.JPG', 'mine');
    const { username, password, workspace_id } = user(1);
    expect(await run({ username, password })).toMatchObject({ uploaded: 1, workspaceId: workspace_id });
    const foreign = await run({ workspaceId: workspace_id });
    expect(foreign).toMatchObject({ uploaded: 0, failed: 1 });
    expect(foreign.files[0]?.reason).toMatch(/HTTP 403/);
  });
});

describe('credentials that expire during the upload of a large file', () => {
  it('are renewed, and the upload continues under its key', async () => {
    const content = patterned(16 * MEBIBYTE, 77);
    await put('renewed.MP4', content);
    const [file] = (await readFolder(folder)).files;
    if (!file) throw new Error('the folder is empty');
    const { username, password } = user();
    const client = new PilotClient({ api: stack.endpoints.api, username, password });
    await client.login();
    const prefixes: string[] = [];
    let lostInMilliseconds = 0;
    const leases = new StorageLeases(
      async () => {
        const access = await client.storageAccess();
        prefixes.push(access.objectKeyPrefix);
        lostInMilliseconds = 0;
        return access;
      },
      () => Date.now() + lostInMilliseconds,
    );
    const uploads = new ObjectUploads({ leases, buffers: new PartBuffers(1, 5 * MEBIBYTE) });
    const md5 = await md5OfFile(file.absolutePath);
    const onProgress = (bytes: number): void => {
      // After the first part an hour is gone.
      if (prefixes.length === 1 && bytes > 0) lostInMilliseconds = 3_600_000;
    };
    const key = await uploads.upload(file, md5, { onProgress });
    uploads.close();
    expect(prefixes).toHaveLength(2);
    expect(prefixes[1]).not.toBe(prefixes[0]);
    expect(key).toBe(`${prefixes[0]}/renewed.MP4`);
    expect((await objectBytes(key)).equals(content)).toBe(true);
  });
});

describe('the command', () => {
  it('finds the local stack, and exits with 1 and the reason when a file failed', async () => {
    await put('command_1.JPG', 'a photo');
    await symlink('/no/such/place', join(folder, 'command_2.JPG'));
    const { child, closed } = start();
    const [stdout, code] = await Promise.all([text(child.stdout), closed]);
    expect(stdout).toMatch(/command_2\.JPG: no such file/);
    expect(stdout).toMatch(/2 files: 1 uploaded \(7 B\), 1 failed/);
    expect(code).toBe(1);
  });

  it('is finished by the next run after kill -9', async () => {
    const count = 60;
    for (let number = 0; number < count; number++) {
      await put(`killed_${number}.JPG`, patterned(300_000, number));
    }
    await put('killed_large.MP4', patterned(20 * MEBIBYTE, 99));
    const { child, closed } = start('--concurrency', '2');
    for await (const chunk of child.stdout) if (String(chunk).includes('10/61')) break;
    child.kill('SIGKILL');
    await closed;
    const before = await entriesNamed('killed_');
    expect(before.length).toBeGreaterThanOrEqual(10);
    expect(before.length).toBeLessThan(count);

    const next = start('--json');
    const [stdout, code] = await Promise.all([text(next.child.stdout), next.closed]);
    expect(code).toBe(0);
    const { totals } = JSON.parse(stdout);
    expect(totals).toMatchObject({ files: count + 1, failed: 0 });
    // Uploaded when it was killed, not reported yet, and taken in by the bucket's notification since.
    expect(totals.linked).toBeLessThanOrEqual(2);
    expect(totals.already_there).toBeGreaterThanOrEqual(before.length);
    const after = await entriesNamed('killed_');
    expect(after).toHaveLength(count + 1);
    expect(new Set(after.map((entry) => entry['flight_id'])).size).toBe(1);
  });

  it('leaves no open uploads after Ctrl-C', async () => {
    await put('stopped_1.MP4', patterned(64 * MEBIBYTE, 5));
    const { child, closed } = start('--concurrency', '1', '--part-size', '5');
    const client = new S3Client({ ...clientOptions(), endpoint: stack.endpoints.s3, forcePathStyle: true });
    const openUploads = async (): Promise<number> => {
      const list = await client.send(new ListMultipartUploadsCommand({ Bucket: stack.endpoints.bucket }));
      return (list.Uploads ?? []).filter(({ Key }) => Key?.endsWith('stopped_1.MP4')).length;
    };
    while ((await openUploads()) === 0) {
      expect(child.exitCode).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    child.kill('SIGINT');
    expect(await closed).toBe(130);
    expect(await openUploads()).toBe(0);
    expect(await entriesNamed('stopped_')).toHaveLength(0);
    client.destroy();
  });
});

describe('the sample flight', () => {
  it('is generated and uploaded with its panorama; generated again, all its bytes are known', async () => {
    const lines: string[] = [];
    const output = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk));
        done();
      },
    });
    const { endpoints } = stack;
    const first = await uploadSampleFlight({ endpoints, directory: join(folder, 'first'), output });
    expect(first).toMatchObject({ uploaded: 7, alreadyThere: 0, failed: 0, reasons: [] });
    expect(first.bytes).toBeGreaterThan(8 * MEBIBYTE);
    expect(lines.join('')).toMatch(/7\/7 uploaded/);
    const entries = (await entriesNamed('DJI_20260412')).filter(({ flight_id }) => flight_id);
    const panorama = entries.find(({ name }) => String(name).includes('PANO'));
    expect(entries).toHaveLength(7);
    expect(panorama).toMatchObject({
      sub_file_type: 1,
      etag: expect.stringMatching(/-2$/),
      drone_model_key: '0-77-0',
    });
    expect(panorama?.['size']).toBeGreaterThan(8 * MEBIBYTE);

    // The panorama came in parts: it is known once it has been read.
    await vi.waitFor(
      async () =>
        expect((await entriesNamed('DJI_20260412')).every((entry) => entry['md5'] !== undefined)).toBe(true),
      { timeout: 30_000, interval: 200 },
    );
    const cached = await uploadSampleFlight({ endpoints, directory: join(folder, 'first'), output });
    expect(cached).toMatchObject({ uploaded: 0, alreadyThere: 7, failed: 0, bytes: 0 });
    const elsewhere = await uploadSampleFlight({ endpoints, directory: join(folder, 'second'), output });
    expect(elsewhere).toMatchObject({ uploaded: 0, alreadyThere: 7, failed: 0, bytes: 0 });
  });
});
