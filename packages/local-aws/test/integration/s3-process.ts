/**
 * A local S3 in a process of its own, for tests that kill it or measure its memory: `node s3-process.ts
 * <folder>`.
 */
import type { AddressInfo } from 'node:net';
import { Identities } from '../../iam/identities.ts';
import { createS3 } from '../../s3/s3.ts';
import { plainBucket, region, root, versionedBucket } from './s3-service.ts';

const [, , dataDirectory = ''] = process.argv;
const { server } = createS3({
  identities: new Identities({ root }),
  region,
  dataDirectory,
  buckets: [
    { name: versionedBucket, versioned: true },
    { name: plainBucket, versioned: false },
  ],
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));

let highestInBytes = 0;
setInterval(() => {
  highestInBytes = Math.max(highestInBytes, process.memoryUsage.rss());
}, 20);
process.on('message', () => process.send?.({ bytes: process.memoryUsage.rss(), highestInBytes }));
process.on('disconnect', () => process.exit());
