import process from 'node:process';

/** Ends the process quietly when its reader has gone, as in `npm run invoke -- --help | head`. */
export function endWhenOutputCloses(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
