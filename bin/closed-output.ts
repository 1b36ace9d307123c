import process from 'node:process';

/** Ends the process without an error when its output is closed, as in `npm run invoke -- --help | head`. */
export function endWhenOutputCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
