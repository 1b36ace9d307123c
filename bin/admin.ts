/**
 * `npm run admin -- <noun> <verb> [options]`
 *
 * Manages workspaces, users and docks, and corrects the catalog, in the local stack or on AWS.
 */
import { runAdmin } from '../admin/program.ts';
import { endWhenOutputCloses } from './closed-output.ts';

endWhenOutputCloses();

/** The first Ctrl-C lets the command stop by itself, the second one exits at once. */
function interruption(): AbortSignal {
  const interrupt = new AbortController();
  process.on('SIGINT', () => {
    if (interrupt.signal.aborted) process.exit(130);
    process.stderr.write('Stopping. Press Ctrl-C again to stop at once.\n');
    interrupt.abort();
  });
  process.on('SIGTERM', () => interrupt.abort());
  return interrupt.signal;
}

process.exitCode = await runAdmin(process.argv.slice(2), process.stdout, process.stderr, interruption);
