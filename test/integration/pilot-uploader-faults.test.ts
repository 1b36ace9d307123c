/** The uploader when requests fail, files change, or the card is removed. */
import { appendFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_CONCURRENCY } from '../../devices/pilot/upload-folder.ts';
import { type FakeLibrary, HANG_UP, type SeenRequest } from './pilot-fake-library.ts';
import { LAST_YEAR, MEBIBYTE, noise, UploaderFixture } from './pilot-uploader-fixture.ts';

let fixture: UploaderFixture;
let library: FakeLibrary;

beforeEach(async () => {
  fixture = await UploaderFixture.start();
  library = fixture.library;
});
afterEach(() => fixture.close());

const put = (...file: Parameters<UploaderFixture['put']>) => fixture.put(...file);
const run = (...options: Parameters<UploaderFixture['run']>) => fixture.run(...options);

describe('faults', () => {
  it('that are transient are retried: 5xx, throttling, broken connections', async () => {
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

  it('of the connection to object storage are retried, for a single PUT and for parts', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.MP4', noise(11 * MEBIBYTE));
    const broken = new Map<string, number>();
    library.intercept = ({ method, path, query }) => {
      if (path.includes('/api/')) return undefined;
      const what = `${method} ${query.get('partNumber')} ${query.has('uploads')} ${path.slice(-12)}`;
      const times = (broken.get(what) ?? 0) + 1;
      broken.set(what, times);
      // More often than the SDK retries.
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

  it('end the run when object storage stays unavailable, without trying each file', async () => {
    for (let number = 0; number < 40; number++) await put(`DJI_${number}.JPG`);
    library.intercept = ({ path }) => (path.includes('/api/') ? undefined : HANG_UP);
    const summary = await run();
    expect(summary).toMatchObject({ failed: 40, interrupted: false });
    expect(summary.files.at(-1)?.reason).toMatch(/object storage cannot be reached/);
    const puts = library.requests.filter(({ method }) => method === 'PUT').map(({ path }) => path);
    expect(new Set(puts).size).toBeLessThanOrEqual(DEFAULT_CONCURRENCY);
  });

  it('of a part abort that upload; other files are uploaded', async () => {
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

  it('of one file do not affect others, and have the message of the server', async () => {
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

  it('of a file that cannot be read do not affect others', async () => {
    await put('a.JPG');
    await symlink('/no/such/place', join(fixture.folder, 'b.JPG'));
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

  it('end the run when the library is unavailable, without trying each file', async () => {
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

  it('of the address have a clear message', async () => {
    await library.close();
    await expect(run()).rejects.toThrow(/cannot be reached: connection refused/);
  });

  it('by a server that is not a library have a clear message', async () => {
    await put('a.JPG');
    library.intercept = () => ({ status: 200, body: '<html>Welcome to the hotel</html>' });
    await expect(run()).rejects.toThrow(/not from a media library API/);
    library.intercept = () => ({ status: 301, headers: { location: 'https://elsewhere.example/' } });
    await expect(run()).rejects.toThrow(/redirects to https:\/\/elsewhere.example/);
    expect(library.requests).toHaveLength(2);
  });

  it('of the password end the run before a file is read', async () => {
    await expect(run({ password: 'wrong' })).rejects.toThrow(/wrong username or password/);
    expect(library.requests).toHaveLength(1);
  });

  it('of the workspace are reported for every file', async () => {
    await put('a.JPG');
    const summary = await run({ workspaceId: '00000000-0000-4000-8000-000000000000' });
    expect(summary.files[0]?.reason).toBe('not your workspace (HTTP 403)');
  });
});

describe('a file that changes during its upload', () => {
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

  it('fails when its bytes differ from the fingerprint', async () => {
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

  it('fails in parts, even with the same size and times, and is not stored', async () => {
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

describe('a card that is removed after the upload', () => {
  it.each([
    ['in a single PUT', 1000, ({ method }: SeenRequest) => method === 'PUT'],
    [
      'in parts',
      11 * MEBIBYTE,
      ({ method, query }: SeenRequest) => method === 'POST' && query.has('uploadId'),
    ],
  ])('does not make the upload %s fail', async (_how, bytes, isLast) => {
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
