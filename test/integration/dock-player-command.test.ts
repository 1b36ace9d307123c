import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FILE_COUNT, writeCard } from './dock-player-card.ts';
import { DOCK_PASSWORD, type FakeCloud, SN, startFakeCloud } from './dock-player-fake-cloud.ts';
import { WORKSPACE_ID } from './pilot-fake-library.ts';

let cloud: FakeCloud;
let directory: string;

beforeEach(async () => {
  cloud = await startFakeCloud();
  directory = await mkdtemp(join(tmpdir(), 'dock-command-'));
  await writeCard(join(directory, 'card'));
});
afterEach(async () => {
  await cloud.close();
  await rm(directory, { recursive: true, force: true });
});

const events = () => cloud.saidBy('file_upload_callback');
const distinct = <Value>(values: readonly Value[]): number => new Set(values).size;

describe('npm run dock', () => {
  const script = fileURLToPath(new URL('../../bin/dock.ts', import.meta.url));

  function start(...options: string[]) {
    const child = spawn(
      process.execPath,
      [
        script,
        '--from',
        join(directory, 'card'),
        '--mqtt',
        cloud.mqtt,
        '--sn',
        SN,
        '--data',
        directory,
        ...options,
      ],
      {
        env: { ...process.env, DJI_MEDIA_LIBRARY_DOCK_PASSWORD: DOCK_PASSWORD },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const done = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, stdout, stderr }));
    });
    return { child, done };
  }

  it('prints plain lines for people, and JSON for programs', async () => {
    const people = await start().done;
    expect(people).toMatchObject({ code: 0, stderr: '' });
    expect(people.stdout).toContain(`Playing dock ${SN} with ${join(directory, 'card')}, at ${cloud.mqtt}.`);
    expect(people.stdout).toContain(`${FILE_COUNT} files: ${FILE_COUNT} uploaded (6.3 MB)`);
    expect(people.stdout).not.toContain('\u001b');

    const machine = await start('--json').done;
    expect(machine.code).toBe(0);
    expect(machine.stderr).toMatch(/nothing to upload/i);
    expect(JSON.parse(machine.stdout)).toMatchObject({
      sn: SN,
      workspace_id: WORKSPACE_ID,
      flight_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      totals: { files: FILE_COUNT, uploaded: 0, already_there: FILE_COUNT, failed: 0 },
    });
  });

  it('exits with 1 when a file failed, and with 2 for wrong arguments', async () => {
    cloud.intercept = ({ method }) => (method === 'file_upload_callback' ? { result: 403 } : undefined);
    const failed = await start('--json').done;
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout).files[0]).toMatchObject({ state: 'failed', reason: expect.any(String) });
    const wrong = await start('--concurrency', 'many').done;
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('--concurrency takes a whole number from 1 to 32');
    expect((await start('--password', 'wrong').done).code).toBe(1);
  });

  it('continues after kill -9: every file is acknowledged once, and none stored twice unnecessarily', async () => {
    const gate = Promise.withResolvers<undefined>();
    cloud.intercept = ({ method }) =>
      method === 'file_upload_callback' && cloud.acknowledged.length >= 3 ? gate.promise : undefined;
    const { child, done } = start('--concurrency', '2');
    while (events().length < 5) await new Promise((later) => setTimeout(later, 20));
    const storedBefore = cloud.library.objects.size;
    child.kill('SIGKILL');
    await done;
    gate.resolve(undefined);
    const half = cloud.messages.length;
    cloud.intercept = () => undefined;
    const rest = await start('--json').done;
    expect(rest.code).toBe(0);
    expect(JSON.parse(rest.stdout).totals).toMatchObject({
      uploaded: FILE_COUNT - 3,
      already_there: 3,
      failed: 0,
    });
    expect(distinct(cloud.acknowledged)).toBe(FILE_COUNT);
    // The two that were reported and not acknowledged are reported again: same object, same ids.
    const reported = new Map(cloud.messages.slice(0, half).map((message) => [message.tid, message]));
    const again = cloud.messages.slice(half).filter(({ tid }) => reported.has(tid));
    expect(again.filter(({ method }) => method === 'file_upload_callback')).toHaveLength(2);
    expect(storedBefore).toBe(5);
    expect(cloud.library.objects.size).toBe(FILE_COUNT);
  });

  it('leaves only its journal', async () => {
    await start().done;
    const paths = await readdir(join(directory, 'dock-player'), { recursive: true });
    expect(paths.sort()).toEqual([
      expect.stringMatching(/^[0-9a-f]{16}$/),
      expect.stringMatching(new RegExp(`^[0-9a-f]{16}/${SN}-[0-9a-f-]{36}\\.jsonl$`)),
    ]);
    const path = join(directory, 'dock-player', paths[1] ?? '');
    expect((await stat(path)).size).toBeLessThan(10_000);
    expect(await readFile(path, 'utf8')).not.toContain(DOCK_PASSWORD);
  });
});
