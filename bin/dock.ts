/**
 * `npm run dock -- --from DIR`: uploads a folder into the media library as a DJI Dock would.
 */
import process from 'node:process';
import { dock } from '../devices/dock/main.ts';

const interrupt = new AbortController();
process.on('SIGINT', () => {
  // A second Ctrl-C does not wait for the dock to sign off.
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort(new Error('stopped by Ctrl-C'));
});
process.on('SIGTERM', () => interrupt.abort(new Error('stopped')));

process.exitCode = await dock(process.argv.slice(2), process, interrupt.signal);
