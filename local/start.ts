/**
 * `npm start`: the whole media library on this machine. `npm start -- --help` lists the options.
 */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Node and the C library keep more memory than the stack needs; bench/README.md has the figures with and
// without these flags. They cannot be set from within a process, so it starts itself again in its own place.
const FRUGAL = '--max-semi-space-size=1';
const FRUGAL_ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };
if (process.execve && process.platform !== 'win32' && !process.execArgv.includes(FRUGAL)) {
  const again = [process.execPath, ...process.execArgv, FRUGAL, ...process.argv.slice(1)];
  process.execve(process.execPath, again, { ...process.env, ...FRUGAL_ENVIRONMENT });
}

// Before anything else is loaded. It halves the time of the second start.
enableCompileCache(fileURLToPath(new URL('../.build/compile-cache', import.meta.url)));
const { runLocalStack } = await import('./command-line.ts');

process.exitCode = await runLocalStack(process.argv.slice(2), process);
