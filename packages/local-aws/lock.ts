import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Something that one process at a time may hold. The operating system takes it back when the process dies. */
export interface Lock {
  release(): Promise<void>;
}

/** What the present holder of a lock says of itself. */
export interface LockHolder {
  readonly description: string;
}

/** How often somebody who waits for a lock looks again. */
const RETRY_MILLISECONDS = 50;

/** A holder that does not introduce itself in this time holds the lock all the same. */
const INTRODUCTION_TIMEOUT_IN_MILLISECONDS = 1_000;

/**
 * Takes the lock of that name, or tells who has it. `describe` is asked whenever somebody else wants it.
 *
 * A listening socket is the lock: unlike a file with a process id, it is gone with its process, also after `kill -9`.
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
      // The lock alone keeps no process alive.
      server.unref();
      return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    }
    if (error.code !== 'EADDRINUSE') throw error;
    const holder = await introduction(address);
    if (holder) return holder;
    // Nobody listens: the socket's file is left over from a process that was killed, or its owner is just leaving.
    if (address.startsWith('/')) unlinkSync(address);
    if (attempt >= 5) throw error;
  }
}

/** Takes the lock of that name, waiting as long as others have it. */
export async function waitForLock(name: string, describe: () => string): Promise<Lock> {
  for (;;) {
    const lock = await tryLock(name, describe);
    if ('release' in lock) return lock;
    await sleep(RETRY_MILLISECONDS);
  }
}

/** Linux and Windows know sockets without a file; elsewhere it is a file in the folder for temporary files. */
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
      resolve({ description: description || 'a process that does not answer' });
    });
    socket.on('data', (text: string) => {
      description += text;
    });
    socket.once('end', () => resolve({ description }));
    socket.once('error', () => resolve(undefined));
  });
}
