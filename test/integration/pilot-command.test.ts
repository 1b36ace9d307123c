/** `bin/pilot.ts` as people and scripts run it: a process, its output and its exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeLibrary, PASSWORD, startFakeLibrary, USERNAME } from './pilot-fake-library.ts';

const MEBIBYTE = 1024 * 1024;
const PILOT = fileURLToPath(new URL('../../bin/pilot.ts', import.meta.url));

let library: FakeLibrary;
let folder: string;
let children: ChildProcess[];

beforeEach(async () => {
  library = await startFakeLibrary();
  folder = await mkdtemp(join(tmpdir(), 'pilot-command-'));
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await library.close();
  await rm(folder, { recursive: true });
});

function start(...more: string[]) {
  const child = spawn(
    process.execPath,
    [PILOT, '--from', folder, '--api', library.api, '--user', USERNAME, ...more],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, DJI_MEDIA_LIBRARY_PASSWORD: PASSWORD },
    },
  );
  children.push(child);
  const finished = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]).then(
    ([stdout, stderr, [code, signal]]) => ({ stdout, stderr, code: code as number | null, signal }),
  );
  return { child, finished };
}

const put = (name: string, content: string | Buffer = `content of ${name}`): Promise<void> =>
  writeFile(join(folder, name), content);

/** A file of zeros that takes no room on the disk. */
async function putLarge(name: string, bytes: number): Promise<void> {
  const handle = await open(join(folder, name), 'w');
  await handle.truncate(bytes);
  await handle.close();
}

describe('the output', () => {
  it('is plain lines in a pipe, without secrets', async () => {
    await put('DJI_0001.JPG');
    await put('DJI_0002.JPG');
    const { stdout, stderr, code } = await start().finished;
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(stdout.split('\n').slice(0, 2)).toEqual([
      `Uploading ${folder} to ${library.api} as ${USERNAME}.`,
      '2 files to upload, 46 B.',
    ]);
    expect(stdout).toMatch(/^1\/2 uploaded {6}DJI_000[12]\.JPG \(23 B\)$/m);
    expect(stdout).toMatch(/^2 files: 2 uploaded \(46 B\), in [\d.]+ s\.$/m);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminal sequences are what must not be there
    expect(stdout).not.toMatch(/[\u001b\r]/);
    for (const secret of [PASSWORD, 'secret-of-the-bucket', 'session-token-of-the-bucket', 'header.']) {
      expect(stdout + stderr).not.toContain(secret);
    }
  });

  it('says "nothing to upload" the second time', async () => {
    await put('DJI_0001.JPG');
    await start().finished;
    const { stdout, code } = await start().finished;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 file already there: nothing to upload/m);
  });

  it('is one JSON document with --json, and all else is on standard error', async () => {
    await put('DJI_0001.JPG');
    await put('Thumbs.db');
    const { stdout, stderr, code } = await start('--json').finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      api: library.api,
      workspace_id: expect.any(String),
      files: [
        {
          path: 'DJI_0001.JPG',
          state: 'uploaded',
          bytes: 23,
          object_key: expect.stringMatching(/DJI_0001\.JPG$/),
        },
      ],
      skipped: [{ path: 'Thumbs.db', reason: 'thumbnails of Windows' }],
      totals: {
        files: 1,
        uploaded: 1,
        already_there: 0,
        linked: 0,
        failed: 0,
        skipped: 1,
        bytes_uploaded: 23,
      },
      interrupted: false,
      seconds: expect.any(Number),
    });
    expect(stderr).toContain('1 file to upload');
  });
});

describe('the exit code', () => {
  it('is 1 when a file failed, with its reason', async () => {
    await put('a.JPG');
    await symlink('/no/such/place', join(folder, 'b.JPG'));
    const { stdout, code } = await start().finished;
    expect(code).toBe(1);
    expect(stdout).toMatch(/^1 file failed:\n {2}b\.JPG: no such file/m);
  });

  it('is 1 when the sign-in is refused', async () => {
    const { stdout, stderr, code } = await start('--password', 'wrong', '--json').finished;
    expect(code).toBe(1);
    expect(stderr).toContain('Sign-in failed: wrong username or password');
    expect(JSON.parse(stdout)).toEqual({ error: expect.stringMatching(/Sign-in failed/) });
  });

  it('is 2 for wrong arguments', async () => {
    const { stdout, stderr, code } = await start('--concurrency', 'lots').finished;
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('--concurrency takes a whole number from 1 to 32, not "lots"');
  });
});

describe('an interrupted upload', () => {
  /** Resolves when the second part of the large file is on its way, which then takes long. */
  const partUnderWay = (): Promise<void> =>
    new Promise((resolve) => {
      library.intercept = async ({ query }) => {
        if (query.get('partNumber') === '2') {
          resolve();
          await new Promise((done) => setTimeout(done, 1000));
        }
        return undefined;
      };
    });

  it('by Ctrl-C reports what is done, leaves no open upload, and exits with 130', async () => {
    await put('a.JPG');
    await putLarge('b.MP4', 12 * MEBIBYTE);
    const underWay = partUnderWay();
    const { child, finished } = start('--concurrency', '1', '--part-size', '5');
    await underWay;
    child.kill('SIGINT');
    const { stdout, code } = await finished;
    expect(code).toBe(130);
    expect(stdout).toMatch(/stopped {7}b\.MP4 \(stopped before it was uploaded\)/);
    expect(stdout).toMatch(/2 files: 1 uploaded \(16 B\), 1 not finished/);
    expect(stdout).toMatch(/Run it again to upload the rest/);
    expect(library.openUploads.size).toBe(0);
  });

  it('by kill -9 is finished by the next run, in the same group', async () => {
    await put('a.JPG');
    await putLarge('b.MP4', 12 * MEBIBYTE);
    const underWay = partUnderWay();
    const { child, finished } = start('--concurrency', '1', '--part-size', '5');
    await underWay;
    child.kill('SIGKILL');
    expect((await finished).signal).toBe('SIGKILL');
    library.intercept = () => undefined;
    const { stdout, code } = await start('--json').finished;
    expect(code).toBe(0);
    expect(JSON.parse(stdout).totals).toMatchObject({ uploaded: 1, already_there: 1, failed: 0 });
    const groups = library.callsTo('group-upload-callback').map(({ body }) => body);
    expect(new Set(groups.map((group) => group.file_group_id)).size).toBe(1);
    expect(groups.at(-1)).toMatchObject({ file_count: 2, file_uploaded_count: 2 });
  });
});

it.runIf(process.platform === 'linux')(
  'needs no more memory for a large file than for its parts',
  async () => {
    await putLarge('DJI_0001.MP4', 600 * MEBIBYTE);
    library.intercept = ({ query }) => {
      library.requests.length = 0;
      return query.has('partNumber') ? { status: 200, headers: { etag: '"x"' } } : undefined;
    };
    const { child, finished } = start('--part-size', '8');
    let peakInKilobytes = 0;
    const timer = setInterval(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      peakInKilobytes = Math.max(peakInKilobytes, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    }, 20);
    const { code } = await finished;
    clearInterval(timer);
    expect(code).toBe(0);
    expect(peakInKilobytes / 1024).toBeGreaterThan(30);
    expect(peakInKilobytes / 1024).toBeLessThan(260);
  },
);
