import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock that one process at a time holds. The operating system releases it when the process ends. */
export interface Lock {
  release(): Promise<void>;
}

/** What the holder of a lock says about itself. */
export interface LockHolder {
  readonly description: string;
}

/** How often a waiting process tries again. */
const RETRY_AFTER_IN_MILLISECONDS = 50;

/** How long to wait for the description of the holder. It holds the lock even without one. */
const INTRODUCTION_TIMEOUT_IN_MILLISECONDS = 1_000;

/**
 * Takes the lock of that name, or returns its holder. `describe` is called when another process asks for the
 * lock.
 *
 * The lock is a listening socket. Unlike a file with a process id, it is released even after `kill -9`.
 */
export async function tryLock(name: string, describe: () => string): Promise<Lock | LockHolder> {
  const address = lockAddress(name);
  for (let attempt = 1; ; attempt += 1) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(describe());
    });
    const error = await listen(server, address);
    if (!error) {
      // The lock alone does not keep the process running.
      server.unref();
      return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    }
    if (error.code !== 'EADDRINUSE') throw error;
    const holder = await introduction(address);
    if (holder) return holder;
    // Nobody listens. A killed process left the socket's file, or the holder is just ending.
    if (address.startsWith('/')) unlinkSync(address);
    if (attempt >= 5) throw error;
  }
}

/** Takes the lock of that name, and waits while another process holds it. */
export async function waitForLock(name: string, describe: () => string): Promise<Lock> {
  for (;;) {
    const lock = await tryLock(name, describe);
    if ('release' in lock) return lock;
    await sleep(RETRY_AFTER_IN_MILLISECONDS);
  }
}

/** Linux and Windows have sockets without files. Elsewhere it is a file in the folder for temporary files. */
function lockAddress(name: string): string {
  const id = `process-lock-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  if (process.platform === 'linux') return `\0${id}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${id}` : join(tmpdir(), `${id}.sock`);
}

function listen(server: Server, address: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve);
    server.listen(address, () => {
      server.off('error', resolve);
      resolve(undefined);
    });
  });
}

function introduction(address: string): Promise<LockHolder | undefined> {
  return new Promise((resolve) => {
    let description = '';
    const socket = connect(address);
    socket.setEncoding('utf8');
    socket.setTimeout(INTRODUCTION_TIMEOUT_IN_MILLISECONDS, () => {
      socket.destroy();
      resolve({ description: description || 'a process that does not respond' });
    });
    socket.on('data', (text: string) => {
      description += text;
    });
    socket.once('end', () => resolve({ description }));
    socket.once('error', () => resolve(undefined));
  });
}
