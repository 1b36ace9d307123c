/** The uploader against a small server of its own, which can misbehave where the real stack does not. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../devices/common/progress.ts';
import {
  DEFAULT_CONCURRENCY,
  type UploadFolderOptions,
  uploadFolder,
} from '../../devices/pilot/upload-folder.ts';
import {
  type FakeLibrary,
  HANG_UP,
  PASSWORD,
  type SeenRequest,
  startFakeLibrary,
  USERNAME,
  WORKSPACE_ID,
} from './pilot-fake-library.ts';

const MEBIBYTE = 1024 * 1024;
const LAST_YEAR = new Date('2025-04-12T09:30:15.250Z');
const retry = { firstDelayInMilliseconds: 1, longestDelayInMilliseconds: 5, attempts: 4 };

let library: FakeLibrary;
let folder: string;
let dataDirectory: string;

beforeEach(async () => {
  library = await startFakeLibrary();
  folder = await mkdtemp(join(tmpdir(), 'pilot-'));
  dataDirectory = await mkdtemp(join(tmpdir(), 'pilot-data-'));
});
afterEach(async () => {
  await library.close();
  for (const directory of [folder, dataDirectory]) await rm(directory, { recursive: true });
});

/** A file of last year, in the card's folder. */
async function put(path: string, content: string | Buffer = `content of ${path}`): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  await utimes(file, LAST_YEAR, LAST_YEAR);
  return file;
}

const run = (options: Partial<UploadFolderOptions> = {}) =>
  uploadFolder({
    from: folder,
    api: library.api,
    username: USERNAME,
    password: PASSWORD,
    dataDirectory,
    retry,
    ...options,
  });

/** What was asked for, by the last part of the path. */
const asked = (): (string | undefined)[] => library.requests.map(({ path }) => path.split('/').at(-1));

/** Bytes that compress to nothing useful and differ everywhere. */
function noise(bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let offset = 0; offset + 4 <= bytes; offset += 4)
    buffer.writeUInt32LE(Math.imul(offset, 2654435761) >>> 0, offset);
  return buffer;
}

const md5 = (content: Buffer): string => createHash('md5').update(content).digest('hex');

describe('a folder', () => {
  it('goes up in the order of the protocol', async () => {
    await put('DJI_001/DJI_20260412093015_0001_V.JPG');
    const summary = await run();
    const seen = library.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`);
    // Three of them wait for nothing of one another.
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

  it('uploads nothing the second time, and asks no more than it must', async () => {
    await put('DJI_0001.JPG');
    await put('flight/DJI_0002.JPG');
    const first = await run();
    library.requests.length = 0;
    const second = await run();
    expect(first.uploaded).toBe(2);
    expect(second).toMatchObject({ uploaded: 0, alreadyThere: 2, failed: 0, bytesUploaded: 0 });
    expect(asked().sort()).toEqual([
      'group-upload-callback',
      'group-upload-callback',
      'login',
      'tiny-fingerprints',
    ]);
  });

  it('asks about hundreds of files in one question, and for credentials once', async () => {
    for (let number = 0; number < 501; number++) await put(`DJI_${number}.SRT`);
    const summary = await run({ concurrency: 8 });
    expect(summary.uploaded).toBe(501);
    expect(library.callsTo('tiny-fingerprints').map(({ body }) => body.tiny_fingerprints.length)).toEqual([
      501,
    ]);
    expect(library.callsTo('sts')).toHaveLength(1);
  });

  it('links bytes that are there already under another name, and sends the second of two equal files once', async () => {
    const content = noise(1000);
    await put('DJI_20260412093015_0001_V.JPG', content);
    await put('copy/DJI_20260412093015_0001_V.JPG', content);
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, linked: 1, failed: 0 });
    expect(library.objects.size).toBe(1);
    expect(library.callsTo('upload-callback')).toHaveLength(1);
  });

  it('keeps names in any script', async () => {
    const name = 'DJI_024_上云API/Überflug 1 + 100%.JPG';
    await put(name);
    const summary = await run();
    expect(summary.uploaded).toBe(1);
    expect([...library.objects.keys()][0]?.endsWith(`/${name}`)).toBe(true);
  });

  it('with the same names in several folders and runs overwrites nothing', async () => {
    await put('a/DJI_0001.JPG', 'one');
    await put('b/DJI_0001.JPG', 'two');
    await run();
    await put('a/DJI_0001.JPG', 'three');
    await run();
    expect([...library.objects.values()].map(String).sort()).toEqual(['one', 'three', 'two']);
  });
});

describe('what is there already', () => {
  const content = noise(400_000);
  const damaged = Buffer.from(content);
  damaged[200_000] = (damaged[200_000] ?? 0) ^ 1;

  it('is not a copy that was damaged in the middle', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('copy/DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 1 });
    expect([...library.objects.values()].map(md5).sort()).toEqual([md5(content), md5(damaged)].sort());
    expect(await run()).toMatchObject({ uploaded: 0, alreadyThere: 2 });
  });

  it('is not the file itself once it is damaged, with all its times put back', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 0 });
  });

  it('is believed by its looks with --trust-names, unread', async () => {
    await put('DJI_20260412093015_0001_V.JPG', content);
    await run();
    await put('DJI_20260412093015_0001_V.JPG', damaged);
    expect(await run({ trustNames: true })).toMatchObject({ uploaded: 0, alreadyThere: 1 });
  });

  it('is proven by the full fingerprint where nothing is remembered', async () => {
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

  it('is not what the library has lost since', async () => {
    await put('DJI_0001.JPG');
    await run();
    library.storedTinyFingerprints.clear();
    library.fingerprints.clear();
    expect(await run()).toMatchObject({ uploaded: 1, alreadyThere: 0 });
  });

  it('is told to its flight all the same: the last counts may have been lost', async () => {
    await put('DJI_001/DJI_0001.JPG');
    await run();
    library.requests.length = 0;
    await run();
    expect(library.callsTo('group-upload-callback').map(({ body }) => body)).toMatchObject([
      { file_count: 1, file_uploaded_count: 1 },
    ]);
  });
});

describe('a file that cannot go', () => {
  it('is told before it is read: its key is too long', async () => {
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

  it('is told before it is read: it has too many parts', async () => {
    const file = await put('DJI_0001.MP4', 'x');
    // A hole: it takes no room on the disk, and a minute to read.
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
  it('goes up in parts, several at once, and arrives whole', async () => {
    const content = noise(23 * MEBIBYTE + 5);
    await put('DJI_0001.MP4', content);
    const summary = await run({ partSizeInBytes: 5 * MEBIBYTE });
    expect(summary).toMatchObject({ uploaded: 1, bytesUploaded: content.length });
    const parts = library.requests.filter(({ query }) => query.has('partNumber'));
    expect(parts.map(({ query }) => Number(query.get('partNumber'))).sort()).toEqual([1, 2, 3, 4, 5]);
    expect(md5([...library.objects.values()][0] as Buffer)).toBe(md5(content));
    expect(library.openUploads.size).toBe(0);
  });

  it('is aborted when a part is refused, and the others go on', async () => {
    await put('DJI_0001.MP4', noise(16 * MEBIBYTE));
    await put('DJI_0002.JPG');
    library.intercept = ({ query }) =>
      query.get('partNumber') === '2'
        ? { status: 403, body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>' }
        : undefined;
    const summary = await run({ partSizeInBytes: 5 * MEBIBYTE });
    expect(summary).toMatchObject({ uploaded: 1, failed: 1 });
    expect(summary.files[0]?.reason).toBe('object storage: AccessDenied, Access Denied');
    expect(library.openUploads.size).toBe(0);
    expect(library.abortedUploads).toHaveLength(1);
    const failure = library.callsTo('upload-callback').find(({ body }) => body.name === 'DJI_0001.MP4');
    expect(failure?.body.result).not.toBe(0);
  });
});

describe('faults', () => {
  it('that pass are waited out: 5xx, throttling, broken connections', async () => {
    await put('DJI_0001.JPG');
    const faults = new Map([
      ['tiny-fingerprints', { status: 503, body: { code: 500, message: 'try later', data: {} } }],
      ['fast-upload', { status: 429, body: { message: 'Too Many Requests' } }],
      ['sts', { status: 502, body: 'bad gateway' }],
      ['upload-callback', { status: 500, body: { code: 500, message: 'fault', data: {} } }],
    ]);
    library.intercept = ({ path }) => {
      const action = path.split('/').at(-1) ?? '';
      const fault = faults.get(action);
      faults.delete(action);
      return fault;
    };
    expect(await run()).toMatchObject({ uploaded: 1, failed: 0 });
    expect(faults.size).toBe(0);
  });

  it('that pass are waited out: object storage that nobody reaches, in one piece and in parts', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.MP4', noise(11 * MEBIBYTE));
    const broken = new Map<string, number>();
    library.intercept = ({ method, path, query }) => {
      if (path.includes('/api/')) return undefined;
      const what = `${method} ${query.get('partNumber')} ${query.has('uploads')} ${path.slice(-12)}`;
      const times = (broken.get(what) ?? 0) + 1;
      broken.set(what, times);
      // More often than the SDK tries by itself.
      return times <= 4 ? HANG_UP : undefined;
    };
    const patient = { firstDelayInMilliseconds: 1, longestDelayInMilliseconds: 5 };
    expect(await run({ partSizeInBytes: 5 * MEBIBYTE, retry: patient })).toMatchObject({
      uploaded: 2,
      failed: 0,
    });
    expect(broken.size).toBe(6);
    expect(library.abortedUploads).toEqual([]);
  });

  it('end the run when object storage stays away, without trying each file', async () => {
    for (let number = 0; number < 40; number++) await put(`DJI_${number}.JPG`);
    library.intercept = ({ path }) => (path.includes('/api/') ? undefined : HANG_UP);
    const summary = await run();
    expect(summary).toMatchObject({ failed: 40, interrupted: false });
    expect(summary.files.at(-1)?.reason).toMatch(/object storage cannot be reached/);
    const puts = library.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    expect(new Set(puts).size).toBeLessThanOrEqual(DEFAULT_CONCURRENCY);
  });

  it('of one file are its own, with the words of the server', async () => {
    await put('a.JPG');
    await put('b.JPG');
    library.intercept = ({ path, body }) =>
      path.endsWith('/upload-callback') && body.name === 'a.JPG'
        ? { status: 400, body: { code: 400, message: 'name: too odd', data: {} } }
        : undefined;
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, failed: 1 });
    expect(summary.files[0]).toMatchObject({
      path: 'a.JPG',
      state: 'failed',
      reason: 'name: too odd (HTTP 400)',
    });
    expect(library.callsTo('upload-callback').filter(({ body }) => body.name === 'a.JPG')).toHaveLength(1);
  });

  it('of a file that nobody can read are told beside the others', async () => {
    await put('a.JPG');
    await symlink('/no/such/place', join(folder, 'b.JPG'));
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, failed: 1 });
    expect(summary.files[1]).toMatchObject({
      path: 'b.JPG',
      state: 'failed',
      reason: expect.stringMatching(/no such file/),
    });
    expect(library.callsTo('group-upload-callback').at(-1)?.body).toMatchObject({
      file_count: 2,
      file_uploaded_count: 1,
    });
  });

  it('end the run when the library is gone, without trying each file', async () => {
    for (let number = 0; number < 40; number++) await put(`DJI_${number}.JPG`);
    library.intercept = async ({ path }) => {
      if (path.endsWith('/fast-upload')) await library.close();
      return undefined;
    };
    const summary = await run();
    expect(summary.failed).toBe(40);
    expect(summary.interrupted).toBe(false);
    expect(summary.files.at(-1)?.reason).toMatch(/cannot be reached/);
    expect(library.callsTo('fast-upload').length).toBeLessThan(20);
  });

  it('of the address are told as such', async () => {
    await library.close();
    await expect(run()).rejects.toThrow(/cannot be reached: connection refused/);
  });

  it('that are somebody else answering are told as such', async () => {
    await put('a.JPG');
    library.intercept = () => ({ status: 200, body: '<html>Welcome to the hotel</html>' });
    await expect(run()).rejects.toThrow(/not from a media library API/);
    library.intercept = () => ({ status: 301, headers: { location: 'https://elsewhere.example/' } });
    await expect(run()).rejects.toThrow(/redirects to https:\/\/elsewhere.example/);
    expect(library.requests).toHaveLength(2);
  });

  it('of the password stop it before a file is touched', async () => {
    await expect(run({ password: 'wrong' })).rejects.toThrow(/wrong username or password/);
    expect(library.requests).toHaveLength(1);
  });

  it('of the workspace are told for every file', async () => {
    await put('a.JPG');
    const summary = await run({ workspaceId: '00000000-0000-4000-8000-000000000000' });
    expect(summary.files[0]?.reason).toBe('not your workspace (HTTP 403)');
  });
});

describe('a file that changes while it is uploaded', () => {
  it('fails, and is not reported as stored', async () => {
    const file = await put('DJI_0001.JPG', noise(50_000));
    library.intercept = async ({ method }) => {
      if (method === 'PUT') await appendFile(file, 'more');
      return undefined;
    };
    const summary = await run();
    expect(summary.files[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/changed while/),
    });
    expect(library.callsTo('upload-callback').map(({ body }) => body.result)).toEqual([1]);
  });

  it('fails when its bytes are no longer the fingerprinted ones', async () => {
    const file = await put('DJI_0001.JPG', 'before');
    library.intercept = async ({ path }) => {
      if (path.endsWith('/sts')) await writeFile(file, 'AFTER!');
      return undefined;
    };
    const summary = await run();
    expect(summary.files[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/changed while/),
    });
    expect(library.objects.size).toBe(0);
  });
});

describe('a large file that changes between the reading and the sending', () => {
  it('fails although size and times are as before, and nothing of it is kept', async () => {
    const content = noise(12 * MEBIBYTE);
    const file = await put('DJI_0001.MP4', content);
    library.intercept = async ({ path }) => {
      if (!path.endsWith('/fast-upload')) return undefined;
      content[6 * MEBIBYTE] = (content[6 * MEBIBYTE] ?? 0) ^ 1;
      await writeFile(file, content);
      await utimes(file, LAST_YEAR, LAST_YEAR);
      return undefined;
    };
    const summary = await run({ partSizeInBytes: 5 * MEBIBYTE });
    expect(summary.files[0]).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/changed while/),
    });
    expect(library.objects.size).toBe(0);
    expect(library.openUploads.size).toBe(0);
  });
});

describe('a card that is pulled out when the bytes are up', () => {
  it.each([
    ['in one piece', 1000, ({ method }: SeenRequest) => method === 'PUT'],
    [
      'in parts',
      11 * MEBIBYTE,
      ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploadId'),
    ],
  ])('takes nothing back: a file %s is uploaded', async (_how, bytes, isLast) => {
    const file = await put('DJI_0001.MP4', noise(bytes));
    library.intercept = async (request) => {
      if (isLast(request)) await rm(file);
      return undefined;
    };
    expect(await run({ partSizeInBytes: 5 * MEBIBYTE })).toMatchObject({ uploaded: 1, failed: 0 });
    await expect(stat(file)).rejects.toThrow();
    expect(library.callsTo('upload-callback').map(({ body }) => body.result)).toEqual([0]);
  });
});

describe('what runs out', () => {
  it('is renewed: the token, before it expires', async () => {
    await put('DJI_0001.JPG');
    library.tokenLifeInSeconds = 0;
    const summary = await run();
    expect(summary).toMatchObject({ uploaded: 1, failed: 0 });
    expect(library.callsTo('login')).toHaveLength(1);
    expect(library.callsTo('refresh').length).toBeGreaterThan(1);
  });

  it('is renewed: the token, when it is refused', async () => {
    for (let number = 0; number < 4; number++) await put(`DJI_${number}.JPG`);
    let uploads = 0;
    library.intercept = ({ method }) => {
      if (method === 'PUT' && ++uploads === 2) library.revokeTokens();
      return undefined;
    };
    expect(await run()).toMatchObject({ uploaded: 4, failed: 0 });
    expect(library.callsTo('login')).toHaveLength(1);
    expect(library.callsTo('refresh')).toHaveLength(1);
  });

  it('is renewed: the token, by a new sign-in when it cannot be refreshed', async () => {
    await put('DJI_0001.JPG');
    let refused = false;
    library.intercept = ({ path }) => {
      if (path.endsWith('/refresh')) return { status: 401, body: { code: 401, message: 'no', data: {} } };
      if (path.endsWith('/fast-upload') && !refused) {
        refused = true;
        return { status: 401, body: { message: 'Unauthorized' } };
      }
      return undefined;
    };
    expect(await run()).toMatchObject({ uploaded: 1 });
    expect(library.callsTo('login')).toHaveLength(2);
  });

  it('is renewed: credentials, before they are too old for the next file', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.JPG');
    library.credentialLifeInSeconds = 30;
    expect(await run({ concurrency: 1 })).toMatchObject({ uploaded: 2, failed: 0 });
    // One ahead of the first file, and one for each, since none lives a minute.
    expect(library.callsTo('sts')).toHaveLength(3);
  });

  it('is renewed: credentials that storage calls expired', async () => {
    await put('DJI_0001.JPG');
    let refused = false;
    library.intercept = ({ method }) => {
      if (method !== 'PUT' || refused) return undefined;
      refused = true;
      return { status: 400, body: '<Error><Code>ExpiredToken</Code><Message>expired</Message></Error>' };
    };
    expect(await run()).toMatchObject({ uploaded: 1, failed: 0 });
    expect(library.callsTo('sts')).toHaveLength(2);
  });
});

describe('credentials that run out in the middle of a large file', () => {
  /** Uploads 30 MiB in six parts; `spoil` is called when the third comes in. */
  async function uploadSpoilt(spoil: () => void): Promise<void> {
    const content = noise(30 * MEBIBYTE);
    await put('DJI_0001.MP4', content);
    let spoilt = false;
    library.intercept = ({ query }) => {
      if (query.get('partNumber') === '3' && !spoilt) {
        spoilt = true;
        spoil();
      }
      return undefined;
    };
    expect(await run({ concurrency: 1, partSizeInBytes: 5 * MEBIBYTE })).toMatchObject({
      uploaded: 1,
      failed: 0,
    });
    expect([...library.objects.values()].map(md5)).toEqual([md5(content)]);
    expect(library.callsTo('sts')).toHaveLength(2);
  }

  const createdUploads = () =>
    library.requests.filter(({ method, query }) => method === 'POST' && query.has('uploads')).length;

  it('are renewed, and the upload goes on under its old key', async () => {
    await uploadSpoilt(() => library.expireCredentials());
    expect(createdUploads()).toBe(1);
    expect(library.openUploads.size).toBe(0);
    expect(library.abortedUploads).toEqual([]);
    const parts = library.requests.filter(({ query }) => query.has('partNumber'));
    expect(parts).toHaveLength(7);
    expect(new Set(parts.map(({ path }) => path)).size).toBe(1);
  });

  it('are renewed, and the file begins again where the new ones have another scope', async () => {
    library.scope = 'of each answer';
    await uploadSpoilt(() => library.expireCredentials());
    expect(createdUploads()).toBe(2);
    const paths = library.requests.filter(({ query }) => query.has('partNumber')).map(({ path }) => path);
    expect(new Set(paths).size).toBe(2);
  });
});

describe('a stop', () => {
  it('aborts the parts under way and says what was done; the next run does the rest', async () => {
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
