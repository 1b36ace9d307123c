/**
 * `npm run dock -- --from DIR`: uploads a folder into the media library as a DJI Dock would.
 */
import { enableCompileCache } from 'node:module';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

// Before anything else is loaded: the second start then takes half the time.
enableCompileCache(fileURLToPath(new URL('../.build/compile-cache', import.meta.url)));
const { dock } = await import('../devices/dock/main.ts');

const interrupt = new AbortController();
process.on('SIGINT', () => {
  // A second Ctrl-C does not wait for the dock to sign off.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort(new Error('stopped by Ctrl-C'));
});
process.on('SIGTERM', () => interrupt.abort(new Error('stopped')));

process.exitCode = await dock(process.argv.slice(2), process, interrupt.signal);
