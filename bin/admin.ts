/**
 * `npm run admin -- <noun> <verb> [options]`
 *
 * Manages workspaces, users and docks, in the local stack or on AWS.
 */
import { runAdmin } from '../admin/program.ts';
import { endWhenOutputCloses } from './closed-output.ts';

endWhenOutputCloses();
process.exitCode = await runAdmin(process.argv.slice(2), process.stdout, process.stderr);
