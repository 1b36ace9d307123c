/**
 * `npm run invoke -- FUNCTION [options]`
 *
 * Runs one function from its source, against the running local stack or with everything in memory.
 */
import { runInvoke } from '../local/invoke/command.ts';
import { endWhenOutputCloses } from './closed-output.ts';

endWhenOutputCloses();
process.exitCode = await runInvoke(process.argv.slice(2), process.stdout, process.stderr);
