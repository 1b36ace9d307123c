/**
 * Measures how long the MD5 of an object of 1 GB takes that came in parts, and how much memory: the code of
 * the function `verify-version`, in a process of its own, reads it from the local S3. The exit code is 1 when
 * the MD5 is wrong or the memory grew by more than 100 MB.
 *
 * `npm run bench -- digest [runs]`
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { writeRandomFile } from './generated-files.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, startStackProcess } from './stack-process.ts';
import { formatMegabytes, formatMilliseconds, machineLine, median, printTable } from './statistics.ts';

const FILE_SIZE_IN_BYTES = 1_000_000_000;
const PART_SIZE_IN_BYTES = 50_000_000;
const LIMIT_IN_BYTES = 100_000_000;
const DIGEST_PROCESS = fileURLToPath(new URL('./digest-process.ts', import.meta.url));

/** What the process prints. */
interface Digest {
  readonly md5: string;
  readonly milliseconds: number;
  readonly residentInBytes: number;
  readonly peakInBytes: number;
}

const run = promisify(execFile);
const runs = Number(process.argv[2] ?? 3);
const folder = scratchFolder('digest');
const path = join(folder, 'DJI_20240516114207_0001_V.MP4');
writeRandomFile(path, FILE_SIZE_IN_BYTES);

async function md5Of(file: string): Promise<string> {
  const hash = createHash('md5');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** Resolves to the id of the version. */
async function uploadInParts(s3: S3Client, object: { Bucket: string; Key: string }): Promise<string> {
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand(object));
  const Parts: { ETag: string | undefined; PartNumber: number }[] = [];
  const file = await open(path);
  for (let start = 0; start < FILE_SIZE_IN_BYTES; start += PART_SIZE_IN_BYTES) {
    const Body = Buffer.alloc(Math.min(PART_SIZE_IN_BYTES, FILE_SIZE_IN_BYTES - start));
    await file.read(Body, 0, Body.length, start);
    const PartNumber = Parts.length + 1;
    const { ETag } = await s3.send(new UploadPartCommand({ ...object, UploadId, PartNumber, Body }));
    Parts.push({ ETag, PartNumber });
  }
  await file.close();
  const { VersionId = '' } = await s3.send(
    new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
  );
  return VersionId;
}

const expected = await md5Of(path);
const stack = await startStackProcess({ dataDirectory: join(folder, 'data') });
const { region, root, s3: address, bucket } = stack.endpoints;
const s3 = new S3Client({ ...administrator(stack, 's3'), forcePathStyle: true });
// Not below a workspace, so no function reads it meanwhile.
const objectKey = 'bench/DJI_20240516114207_0001_V.MP4';
const versionId = await uploadInParts(s3, { Bucket: bucket, Key: objectKey });
s3.destroy();

const env = {
  ...process.env,
  AWS_REGION: region,
  AWS_ENDPOINT_URL_S3: address,
  AWS_ACCESS_KEY_ID: root.access_key_id,
  AWS_SECRET_ACCESS_KEY: root.secret_access_key,
};
const digests: Digest[] = [];
for (let number = 0; number < runs; number++) {
  const argument = JSON.stringify({ bucket, objectKey, versionId });
  const { stdout } = await run(process.execPath, [DIGEST_PROCESS, argument], { env });
  digests.push(JSON.parse(stdout) as Digest);
}
await stack.stop();

const took = median(digests.map(({ milliseconds }) => milliseconds));
const grew = Math.max(...digests.map(({ peakInBytes, residentInBytes }) => peakInBytes - residentInBytes));
console.log(`\nThe MD5 of 1 GB that came in parts; ${runs} runs. ${machineLine()}\n`);
printTable(
  ['took', 'MB/s', 'memory before', 'peak', 'grew by at most'],
  [
    [
      formatMilliseconds(took),
      (FILE_SIZE_IN_BYTES / 1e3 / took).toFixed(0),
      formatMegabytes(median(digests.map(({ residentInBytes }) => residentInBytes))),
      formatMegabytes(median(digests.map(({ peakInBytes }) => peakInBytes))),
      formatMegabytes(grew),
    ],
  ],
);
if (digests.some(({ md5 }) => md5 !== expected)) {
  console.log('The MD5 is wrong.');
  process.exitCode = 1;
}
if (grew > LIMIT_IN_BYTES) {
  console.log(`The memory grew by more than ${formatMegabytes(LIMIT_IN_BYTES)}.`);
  process.exitCode = 1;
}
