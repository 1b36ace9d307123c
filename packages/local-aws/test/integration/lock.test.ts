import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tryLock, waitForLock } from '../../lock.ts';

/** Part of every lock's name: other runs of these tests have locks of their own. */
const folder = `tests of process ${process.pid}`;

describe('a lock', () => {
  it('has one holder, whose description others get', async () => {
    const name = `${folder} held`;
    const lock = await tryLock(name, () => 'process 1, at work');
    expect(await tryLock(name, () => 'process 2')).toEqual({ description: 'process 1, at work' });
    const waiting = waitForLock(name, () => 'process 2');
    if (!('release' in lock)) throw new Error('not held');
    await lock.release();
    await (await waiting).release();
  });

  it('is free after its holder was killed', async () => {
    const name = `${folder} killed`;
    const module = fileURLToPath(new URL('../../lock.ts', import.meta.url));
    const code = `import { tryLock } from ${JSON.stringify(module)}; await tryLock(${JSON.stringify(name)}, () => 'the child'); console.log('held'); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    expect(await tryLock(name, () => '')).toEqual({ description: 'the child' });
    child.kill('SIGKILL');
    await once(child, 'close');
    const lock = await tryLock(name, () => '');
    expect(lock).toHaveProperty('release');
    if ('release' in lock) await lock.release();
  });
});
