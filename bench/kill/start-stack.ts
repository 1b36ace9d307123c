/**
 * The local stack as the kill test runs it: its functions reach the services by way of proxies, and its queues wait
 * shorter than on AWS. The only argument is a `StackStart` in JSON.
 */
import { startLocalStack } from '../../local/stack.ts';
import { READY, type StackStart } from './stack-under-fire.ts';

const { dataDirectory, proxies, timeScales } = JSON.parse(process.argv[2] ?? '') as StackStart;
await startLocalStack({
  port: 0,
  dataDirectory,
  timeScales,
  addressesForFunctions: (addresses) => ({ ...addresses, ...proxies }),
  log: ({ source, line }) => void process.stderr.write(`${source} ${line}\n`),
});
process.stdout.write(`${READY}\n`);
