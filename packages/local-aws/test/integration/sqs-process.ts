/** A local SQS in a process of its own, for tests that kill it: `node sqs-process.ts <folder>`. */
import type { AddressInfo } from 'node:net';
import { Identities } from '../../iam/identities.ts';
import { createSqs } from '../../sqs/sqs.ts';
import { location, queueNamed, root } from './sqs-service.ts';

const [, , dataDirectory = ''] = process.argv;
const { server } = await createSqs({
  ...location,
  identities: new Identities({ root }),
  dataDirectory,
  queues: [queueNamed('jobs')],
  log: ({ line }) => console.error(line),
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('disconnect', () => process.exit());
