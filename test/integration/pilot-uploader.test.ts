/** The uploader with a fake library. */
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../devices/common/progress.ts';
import { type FakeLibrary, USERNAME, WORKSPACE_ID } from './pilot-fake-library.ts';
import { MEBIBYTE, md5, noise, UploaderFixture } from './pilot-uploader-fixture.ts';

let fixture: UploaderFixture;
let library: FakeLibrary;

beforeEach(async () => {
  fixture = await UploaderFixture.start();
  library = fixture.library;
});
afterEach(() => fixture.close());

const put = (...file: Parameters<UploaderFixture['put']>) => fixture.put(...file);
const run = (...options: Parameters<UploaderFixture['run']>) => fixture.run(...options);

/** The last segments of the requested paths. */
const requested = (): (string | undefined)[] => library.requests.map(({ path }) => path.split('/').at(-1));

describe('a folder', () => {
  it('is uploaded in the order of the protocol', async () => {
    await put('DJI_001/DJI_20260412093015_0001_V.JPG');
    const summary = await run();
    const seen = library.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
    // Three of them are concurrent.
    expect([...seen.slice(0, 2), ...seen.slice(2, 5).sort(), ...seen.slice(5)]).toEqual([
      'POST login',
      'POST tiny-fingerprints',
      'POST fast-upload',
      'POST group-upload-callback',
      'POST sts',
      'PUT DJI_20260412093015_0001_V.JPG',
      'POST upload-callback',
      'POST group-upload-callback',
    ]);
    expect(summary).toMatchObject({
      uploaded: 1,
      linked: 0,
      alreadyThere: 0,
      failed: 0,
      workspaceId: WORKSPACE_ID,
    });
    const [key = ''] = library.objects.keys();
    expect(key).toMatch(
      new RegExp(`^${WORKSPACE_ID}/${USERNAME}/[^/]+/DJI_001/DJI_20260412093015_0001_V.JPG$`),
    );
    expect(summary.files).toEqual([
      { path: 'DJI_001/DJI_20260412093015_0001_V.JPG', state: 'uploaded', bytes: 48, objectKey: key },
    ]);
  });

  it('is reported with fingerprint, names, time and group', async () => {
    const content = Buffer.from('the picture');
    await put('DJI_001/DJI_20260412093015_0001_V.JPG', content);
    await put('DJI_001/DJI_20260412093016_0002_V.MP4');
    await run();
    const bodies = library.callsTo('upload-callback').map(({ body }) => body);
    const photo = bodies.find(({ name }) => name.endsWith('.JPG'));
    const groups = library.callsTo('group-upload-callback').map(({ body }) => body);
    expect(photo).toEqual({
      result: 0,
      fingerprint: md5(content),
      name: 'DJI_20260412093015_0001_V.JPG',
      path: 'DJI_001',
      object_key: [...library.objects.keys()].find((key) => key.endsWith('.JPG')),
      sub_file_type: 0,
      ext: {
        is_original: true,
        tinny_fingerprint: expect.stringMatching(/^[0-9a-f]{32}_2026_4_12_9_30_15$/),
        file_group_id: groups[0].file_group_id,
      },
      metadata: { created_time: '2026-04-12 09:30:15' },
    });
    expect(bodies.find(({ name }) => name.endsWith('.MP4'))).not.toHaveProperty('sub_file_type');
    expect(groups[0]).toMatchObject({ file_count: 2, file_uploaded_count: 0 });
    expect(groups.at(-1)).toMatchObject({ file_count: 2, file_uploaded_count: 2 });
  });

  it('is not uploaded a second time, and needs few requests then', async () => {
    await put('DJI_0001.JPG');
    await put('flight/DJI_0002.JPG');
    const first = await run();
    library.requests.length = 0;
    const second = await run();
    expect(first.uploaded).toBe(2);
    expect(second).toMatchObject({ uploaded: 0, alreadyThere: 2, failed: 0, bytesUploaded: 0 });
    expect(requested().sort()).toEqual([
      'group-upload-callback',
      'group-upload-callback',
      'login',
      'tiny-fingerprints',
    ]);
  });

  it('needs one request for the tiny fingerprints of hundreds of files, and one for credentials', async () => {
    for (let number = 0; number < 501; number++) await put(`DJI_${number}.SRT`);
    const summary = await run({ concurrency: 8 });
    expect(summary.uploaded).toBe(501);
    expect(library.callsTo('tiny-fingerprints').map(({ body }) => body.tiny_fingerprints.length)).toEqual([
      501,
    ]);
    expect(library.callsTo('sts')).toHaveLength(1);
  });

  it('with two equal files is uploaded once: the second one is linked', async () => {
    const content = noise(1000);
    await put('DJI_20260412093015_0001_V.JPG', content);
    await put('copy/DJI_20260412093015_0001_V.JPG', content);
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, linked: 1, failed: 0 });
    expect(library.objects.size).toBe(1);
    expect(library.callsTo('upload-callback')).toHaveLength(1);
  });

  it('may have names in any script', async () => {
    const name = 'DJI_024_上云API/Überflug 1 + 100%.JPG';
    await put(name);
    const summary = await run();
    expect(summary.uploaded).toBe(1);
    expect([...library.objects.keys()][0]?.endsWith(`/${name}`)).toBe(true);
  });

  it('with the same names as in other folders and runs overwrites nothing', async () => {
    await put('a/DJI_0001.JPG', 'one');
    await put('b/DJI_0001.JPG', 'two');
    await run();
    await put('a/DJI_0001.JPG', 'three');
    await run();
    expect([...library.objects.values()].map(String).sort()).toEqual(['one', 'three', 'two']);
  });
});

describe('a stored file', () => {
  const content = noise(400_000);
  const damaged = Buffer.from(content);
  damaged[200_000] = (damaged[200_000] ?? 0) ^ 1;

  it('does not prevent the upload of a copy that is damaged in the middle', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('copy/DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 1 });
    expect([...library.objects.values()].map(md5).sort()).toEqual([md5(content), md5(damaged)].sort());
    expect(await run()).toMatchObject({ uploaded: 0, alreadyThere: 2 });
  });

  it('is uploaded again when it is damaged, even with the same times', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 0 });
  });

  it('is not read with --trust-names', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run({ trustNames: true })).toMatchObject({ uploaded: 0, alreadyThere: 1 });
  });

  it('is known by its full fingerprint without a journal', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.JPG');
    const { uploaded } = await run();
    expect(uploaded).toBe(2);
    library.requests.length = 0;
    const another = await mkdtemp(join(tmpdir(), 'pilot-data-'));
    expect(await run({ dataDirectory: another })).toMatchObject({ uploaded: 0, alreadyThere: 2, linked: 0 });
    expect(library.callsTo('fast-upload')).toHaveLength(2);
    library.requests.length = 0;
    expect(await run({ dataDirectory: another })).toMatchObject({ alreadyThere: 2 });
    expect(library.callsTo('fast-upload')).toHaveLength(0);
    await rm(another, { recursive: true });
  });

  it('is uploaded again when the library has lost it', async () => {
    await put('DJI_0001.JPG');
    await run();
    library.storedTinyFingerprints.clear();
    library.fingerprints.clear();
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 0 });
  });

  it('is reported with the counts of its flight, since the last ones may have been lost', async () => {
    await put('DJI_001/DJI_0001.JPG');
    await run();
    library.requests.length = 0;
    await run();
    expect(library.callsTo('group-upload-callback').map(({ body }) => body)).toMatchObject([
      { file_count: 1, file_uploaded_count: 1 },
    ]);
  });
});

describe('a file that S3 cannot store', () => {
  it('fails before it is read when its key is too long', async () => {
    const folders = Array.from({ length: 5 }, (_, index) => `${index}`.repeat(250)).join('/');
    await put(`${folders}/DJI_0001.JPG`);
    await put('DJI_0002.JPG');
    const lines: string[] = [];
    const summary = await run({ progress: { ...silentProgress, line: (text) => lines.push(text) } });
    expect(summary).toMatchObject({ uploaded: 1, failed: 1 });
    const reason = summary.files.find(({ state }) => state === 'failed')?.reason;
    expect(reason).toMatch(/its object key would have 1\d\d\d bytes, and S3 allows 1024/);
    expect(lines[0]).toContain('cannot be uploaded');
    expect(library.callsTo('fast-upload')).toHaveLength(1);
  });

  it('fails before it is read when it has too many parts', async () => {
    const file = await put('DJI_0001.MP4', 'x');
    // A sparse file: it needs no space on disk, but reading it would take a minute.
    await truncate(file, 10_000 * 5 * MEBIBYTE + 1);
    const summary = await run({ partSizeInBytes: 5 * MEBIBYTE });
    expect(summary.files[0]).toMatchObject({
      state: 'failed',
      reason: "larger than S3's 10000 parts: give --part-size 6 or more",
    });
    expect(library.callsTo('fast-upload')).toHaveLength(0);
  });
});

describe('a large file', () => {
  it('is uploaded in parts, several at once', async () => {
    const content = noise(23 * MEBIBYTE + 5);
    await put('DJI_0001.MP4', content);
    const summary = await run({ partSizeInBytes: 5 * MEBIBYTE });
    expect(summary).toMatchObject({ uploaded: 1, bytesUploaded: content.length });
    const parts = library.requests.filter(({ query }) => query.has('partNumber'));
    expect(parts.map(({ query }) => Number(query.get('partNumber'))).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(md5([...library.objects.values()][0] as Buffer)).toBe(md5(content));
    expect(library.openUploads.size).toBe(0);
  });
});

describe('a stop', () => {
  it('aborts running parts and reports what was done; the next run does the rest', async () => {
    await put('a.JPG');
    await put('b.MP4', noise(20 * MEBIBYTE));
    await put('c.JPG');
    const stop = new AbortController();
    library.intercept = async ({ query }) => {
      if (query.get('partNumber') === '2') {
        stop.abort(new Error('stopped by Ctrl-C'));
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return undefined;
    };
    const stopped = await run({ concurrency: 1, partSizeInBytes: 5 * MEBIBYTE, signal: stop.signal });
    expect(stopped.interrupted).toBe(true);
    expect(stopped.files.find(({ path }) => path === 'b.MP4')?.reason).toBe('stopped before it was uploaded');
    expect(library.openUploads.size).toBe(0);
    library.intercept = () => undefined;
    const firstGroup = library.callsTo('group-upload-callback')[0]?.body;
    expect(await run()).toMatchObject({ uploaded: stopped.failed, alreadyThere: stopped.uploaded });
    expect(library.callsTo('group-upload-callback').at(-1)?.body).toEqual({
      file_group_id: firstGroup.file_group_id,
      file_count: 3,
      file_uploaded_count: 3,
    });
  });
});
