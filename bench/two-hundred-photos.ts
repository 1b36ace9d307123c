/**
 * Measures the time to upload a folder of 200 photos, 3 to 4 MB each, to the local stack: with the Pilot
 * uploader, with `aws s3 cp --recursive` (if there is an AWS CLI), and with a simple loop over the SDK's
 * PutObject with the same concurrency. Each is its own process, and all upload to the same S3, alternately.
 * The bytes of all photos change before each run, since the uploader skips stored files. The uploader also
 * computes MD5s, reads metadata, signs in, and makes several requests for each file. The same number of tiny
 * files shows the time of only that.
 *
 * `npm run bench -- two-hundred-photos [rounds]`
 */
import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { copyWithAwsCli, versionOfAwsCli } from './aws-cli.ts';
import { changePhotos, writePhotos } from './generated-files.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, type StackProcess, startStackProcess } from './stack-process.ts';
import { formatMilliseconds, formatRatio, machineLine, median, printTable } from './statistics.ts';

const PHOTOS = 200;
/** Half of the uploader's default, which is for connections slower than loopback. */
const AT_ONCE = 4;
/** Linux's unit of processor time. */
const MILLISECONDS_A_TICK = 10;

const run = promisify(execFile);
const script = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const rounds = Number(process.argv[2] ?? 5);
const folder = scratchFolder('photos');
const card = join(folder, 'card');
const dataDirectory = join(folder, 'data');
const tinyCard = join(folder, 'tiny-card');
const totalInBytes = writePhotos(card, PHOTOS);
writePhotos(tinyCard, PHOTOS, 2_000);

/** A program that uploads the folder. */
interface Contender {
  readonly name: string;
  readonly milliseconds: number[];
  /** Processor time of the stack's process meanwhile, on all cores. */
  readonly stackInMilliseconds: number[];
  upload(stack: StackProcess, prefix: string): Promise<unknown>;
}

const contender = (name: string, upload: Contender['upload']): Contender => ({
  name,
  upload,
  milliseconds: [],
  stackInMilliseconds: [],
});

async function pilot(from: string): Promise<void> {
  const options = ['--from', from, '--data', dataDirectory, '--json', '--concurrency', String(AT_ONCE)];
  const { stdout } = await run(process.execPath, [script('../bin/pilot.ts'), ...options]);
  const { totals } = JSON.parse(stdout) as { totals: { uploaded: number } };
  if (totals.uploaded !== PHOTOS) throw new Error(`${totals.uploaded} photos were uploaded, not ${PHOTOS}`);
}

const uploader = contender('npm run pilot', () => pilot(card));

const protocol = contender('npm run pilot, 2 KB a file', () => pilot(tinyCard));

const sdkLoop = contender(`SDK loop, ${AT_ONCE} at once`, (_stack, prefix) =>
  run(process.execPath, [script('sdk-loop.ts'), card, dataDirectory, prefix, String(AT_ONCE)]),
);

const awsCli = contender('aws s3 cp --recursive', (stack, prefix) => copyWithAwsCli(stack, card, prefix));

function workedInMilliseconds(processId: number): number {
  const afterName = readFileSync(`/proc/${processId}/stat`, 'utf8').split(') ')[1] ?? '';
  const fields = afterName.split(' ').map(Number);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) * MILLISECONDS_A_TICK;
}

async function countObjects(stack: StackProcess): Promise<number> {
  const client = new S3Client({ ...administrator(stack, 's3'), forcePathStyle: true });
  let count = 0;
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: stack.endpoints.bucket,
        ...(token && { ContinuationToken: token }),
      }),
    );
    count += page.KeyCount ?? 0;
    token = page.NextContinuationToken;
  } while (token);
  client.destroy();
  return count;
}

const awsVersion = await versionOfAwsCli();
const contenders = [uploader, sdkLoop, ...(awsVersion ? [awsCli] : []), protocol];
console.log(machineLine());
console.log(awsVersion ?? 'There is no AWS CLI here.');

for (let round = 0; round < rounds; round++) {
  const stack = await startStackProcess({ dataDirectory });
  const order = contenders.map((_, index) => contenders[(index + round) % contenders.length] ?? uploader);
  for (const each of order) {
    for (const directory of [card, tinyCard]) changePhotos(directory);
    const workedBefore = workedInMilliseconds(stack.processId);
    const startedAt = performance.now();
    await each.upload(stack, each.name.replaceAll(/\W+/g, '-'));
    each.milliseconds.push(performance.now() - startedAt);
    each.stackInMilliseconds.push(workedInMilliseconds(stack.processId) - workedBefore);
  }
  const objects = await countObjects(stack);
  if (objects !== PHOTOS * contenders.length) throw new Error(`The bucket holds ${objects} objects`);
  await stack.stop();
  rmSync(dataDirectory, { recursive: true });
}

/** The median, over all rounds, of the uploader's time divided by that of the other. */
const ratioTo = (other: Contender): number =>
  median(uploader.milliseconds.map((milliseconds, round) => milliseconds / (other.milliseconds[round] ?? 0)));

console.log(
  `\n${PHOTOS} photos, ${(totalInBytes / 1e6).toFixed(0)} MB; medians of ${rounds} rounds, processes started and ended included.\n`,
);
printTable(
  ['program', 'took', 'MB/s', 'the uploader takes', "the stack's processor time"],
  contenders.map((each) => [
    each.name,
    formatMilliseconds(median(each.milliseconds)),
    each === protocol ? '' : (totalInBytes / 1e3 / median(each.milliseconds)).toFixed(0),
    each === uploader ? '' : `${formatRatio(ratioTo(each))} as long`,
    formatMilliseconds(median(each.stackInMilliseconds)),
  ]),
);
console.log(`\n${machineLine()}`);
