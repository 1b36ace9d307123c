/** The uploader against a small server of its own, which can misbehave where the real stack does not. */
import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type UploadFolderOptions, uploadFolder } from '../../devices/pilot/upload-folder.ts';
import {
  type FakeLibrary,
  PASSWORD,
  startFakeLibrary,
  USERNAME,
  WORKSPACE_ID,
} from './pilot-fake-library.ts';

const MEBIBYTE = 1024 * 1024;
const retry = { firstDelayMs: 1, longestDelayMs: 5, attempts: 4 };

let library: FakeLibrary;
let folder: string;

beforeEach(async () => {
  library = await startFakeLibrary();
  folder = await mkdtemp(join(tmpdir(), 'pilot-'));
});
afterEach(async () => {
  await library.close();
  await rm(folder, { recursive: true });
});

async function put(path: string, content: string | Buffer = `content of ${path}`): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, content);
  return file;
}

const run = (options: Partial<UploadFolderOptions> = {}) =>
  uploadFolder({ from: folder, api: library.api, username: USERNAME, password: PASSWORD, retry, ...options });

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
    expect(library.requests.map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)).toEqual([
      'POST login',
      'POST tiny-fingerprints',
      'POST group-upload-callback',
      'POST fast-upload',
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
    expect(key).toMatch(new RegExp(`^${WORKSPACE_ID}/[^/]+/DJI_001/DJI_20260412093015_0001_V.JPG$`));
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
    expect(library.requests.map(({ path }) => path.split('/').at(-1))).toEqual([
      'login',
      'tiny-fingerprints',
    ]);
  });

  it('asks about more files than fit into one question', async () => {
    for (let number = 0; number < 501; number++) await put(`DJI_${number}.SRT`);
    const summary = await run({ concurrency: 8 });
    expect(summary.uploaded).toBe(501);
    const asked = library.callsTo('tiny-fingerprints').map(({ body }) => body.tiny_fingerprints.length);
    expect(asked).toEqual([500, 1]);
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

describe('a large file', () => {
  it('goes up in parts, several at once, and arrives whole', async () => {
    const content = noise(23 * MEBIBYTE + 5);
    await put('DJI_0001.MP4', content);
    const summary = await run({ partBytes: 5 * MEBIBYTE });
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
    const summary = await run({ partBytes: 5 * MEBIBYTE });
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
    await expect(run()).rejects.toThrow(/not a media library API answer/);
    library.intercept = () => ({ status: 301, headers: { location: 'https://elsewhere.example/' } });
    await expect(run()).rejects.toThrow(/redirect to https:\/\/elsewhere.example/);
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

describe('what runs out', () => {
  it('is renewed: the token, before it expires', async () => {
    await put('DJI_0001.JPG');
    library.tokenSeconds = 0;
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
    library.credentialSeconds = 30;
    expect(await run({ concurrency: 1 })).toMatchObject({ uploaded: 2, failed: 0 });
    expect(library.callsTo('sts')).toHaveLength(2);
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
    const stopped = await run({ concurrency: 1, partBytes: 5 * MEBIBYTE, signal: stop.signal });
    expect(stopped).toMatchObject({ uploaded: 1, failed: 2, interrupted: true });
    expect(stopped.files.map(({ reason }) => reason)).toEqual([
      undefined,
      'stopped before it was uploaded',
      'stopped before it was uploaded',
    ]);
    expect(library.openUploads.size).toBe(0);
    library.intercept = () => undefined;
    const firstGroup = library.callsTo('group-upload-callback')[0]?.body;
    expect(await run()).toMatchObject({ uploaded: 2, alreadyThere: 1, failed: 0 });
    expect(library.callsTo('group-upload-callback').at(-1)?.body).toEqual({
      file_group_id: firstGroup.file_group_id,
      file_count: 3,
      file_uploaded_count: 3,
    });
  });
});
