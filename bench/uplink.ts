/**
 * Measures the time to upload a folder of 200 photos, 3 to 4 MB each, over a slow uplink: with the Pilot
 * uploader, and with `aws s3 cp --recursive`, which makes no other requests. All traffic, to the API and to
 * S3, shares one line of 100 Mbit/s with a delay of 20 ms in each direction, to the local stack. Both are
 * processes with their default settings, and run alternately. The bytes of all photos change before each run.
 * The time is from the start to the end of the process. Some tiny photos are uploaded first, so that the
 * functions are warm.
 *
 * The exit code is 1 when the uploader takes more than 1.05 times as long, or when there is no AWS CLI in the
 * PATH. Any version works: `pip install awscli` in a virtual environment, with its `bin` first in the PATH.
 *
 * `npm run bench -- uplink [rounds]`
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PASSWORD_VARIABLE } from '../devices/pilot/target.ts';
import { copyWithAwsCli, versionOfAwsCli } from './aws-cli.ts';
import { changePhotos, writePhotos } from './generated-files.ts';
import { atTheEnd, scratchFolder } from './scratch.ts';
import { measureLine, SlowLine } from './slow-line.ts';
import { demoUser, type StackProcess, startStackProcess } from './stack-process.ts';
import { formatMilliseconds, formatRatio, machineLine, median, printTable } from './statistics.ts';

const PHOTOS = 200;
const WARMING_PHOTOS = 40;
const LINE = { bitsPerSecond: 100_000_000, delayInMilliseconds: 20 };
/** The limit of the uploader's time, as a multiple of the AWS CLI's. */
const GOAL = 1.05;

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 3);
const folder = scratchFolder('uplink');
const card = join(folder, 'card');
const dataDirectory = join(folder, 'data');
const totalInBytes = writePhotos(card, PHOTOS);
const tinyCard = join(folder, 'tiny-card');
writePhotos(tinyCard, WARMING_PHOTOS, 2_000);

/** The services behind the line, by their addresses on this side. */
interface FarEnd {
  readonly api: string;
  readonly s3: string;
  close(): void;
}

const headersOf = (request: IncomingMessage): [string, string][] =>
  Object.entries(request.headers).flatMap(([name, value]) =>
    typeof value === 'string' && !['host', 'connection', 'content-length'].includes(name)
      ? [[name, value]]
      : [],
  );

/** Forwards to the API, and replaces the address of S3 in its responses by that of the line. */
async function openApi({ endpoints }: StackProcess, s3: string): Promise<{ address: string; close(): void }> {
  const server = createServer((request, response) => {
    const forward = async (): Promise<void> => {
      const answer = await fetch(`${endpoints.api}${request.url}`, {
        method: request.method ?? 'POST',
        headers: headersOf(request),
        body: await buffer(request),
      });
      const text = (await answer.text()).replaceAll(endpoints.s3, s3);
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(text);
    };
    forward().catch((error) => response.destroy(error));
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function openFarEnd(stack: StackProcess): Promise<FarEnd> {
  const line = new SlowLine(LINE);
  const s3 = await line.to(stack.endpoints.s3);
  const api = await openApi(stack, s3);
  return {
    s3,
    api: await line.to(api.address),
    close: () => {
      line.close();
      api.close();
    },
  };
}

async function uploadWithPilot(
  stack: StackProcess,
  api: string,
  from: string,
  photos: number,
): Promise<void> {
  const { username, password } = demoUser(stack);
  const script = fileURLToPath(new URL('../bin/pilot.ts', import.meta.url));
  const options = ['--from', from, '--api', api, '--user', username, '--data', dataDirectory, '--json'];
  const env = { ...process.env, [PASSWORD_VARIABLE]: password };
  const { stdout } = await run(process.execPath, [script, ...options], { env, maxBuffer: 64 * 1024 * 1024 });
  const { totals } = JSON.parse(stdout) as { totals: { uploaded: number } };
  if (totals.uploaded !== photos) throw new Error(`${totals.uploaded} photos were uploaded, not ${photos}`);
}

interface Contender {
  readonly name: string;
  readonly milliseconds: number[];
  upload(stack: StackProcess, farEnd: FarEnd): Promise<void>;
}

const uploader: Contender = {
  name: 'npm run pilot',
  milliseconds: [],
  upload: async (stack, { api }) => uploadWithPilot(stack, api, card, PHOTOS),
};

const awsCli: Contender = {
  name: 'aws s3 cp --recursive',
  milliseconds: [],
  upload: (stack, { s3 }) => copyWithAwsCli(stack, card, 'aws-cli', s3),
};

const awsVersion = await versionOfAwsCli();
const contenders = awsVersion ? [uploader, awsCli] : [uploader];
const { roundTripInMilliseconds, bitsPerSecond } = await measureLine(LINE);
console.log(machineLine());
console.log(
  `The line: ${(bitsPerSecond / 1e6).toFixed(1)} Mbit/s, round trip ${formatMilliseconds(roundTripInMilliseconds)}.`,
);
console.log(awsVersion ?? 'THERE IS NO AWS CLI ON THE PATH: THE UPLOADER IS MEASURED, BUT NOT COMPARED.');

for (let round = 0; round < rounds; round++) {
  const stack = await startStackProcess({ dataDirectory });
  const farEnd = await openFarEnd(stack);
  atTheEnd(() => farEnd.close());
  await uploadWithPilot(stack, stack.endpoints.api, tinyCard, WARMING_PHOTOS);
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
    changePhotos(card);
    const startedAt = performance.now();
    await contender.upload(stack, farEnd);
    contender.milliseconds.push(performance.now() - startedAt);
    console.log(
      `round ${round + 1}, ${contender.name}: ${formatMilliseconds(contender.milliseconds.at(-1) ?? 0)}`,
    );
  }
  farEnd.close();
  await stack.stop();
  rmSync(dataDirectory, { recursive: true });
}

/** The median, over all rounds, of the uploader's time divided by that of the AWS CLI. */
const ratio = median(
  uploader.milliseconds.map(
    (milliseconds, round) => milliseconds / (awsCli.milliseconds[round] ?? Number.NaN),
  ),
);
const bytesTakeInMilliseconds = (totalInBytes * 8000) / LINE.bitsPerSecond;

console.log(
  `\n${PHOTOS} photos, ${(totalInBytes / 1e6).toFixed(0)} MB; medians of ${rounds} rounds, processes started and ended included.\n`,
);
printTable(
  ['program', 'took', 'MB/s', 'the uploader takes'],
  [
    ...contenders.map((each) => [
      each.name,
      formatMilliseconds(median(each.milliseconds)),
      (totalInBytes / 1e3 / median(each.milliseconds)).toFixed(1),
      each === awsCli ? `${formatRatio(ratio)} as long` : '',
    ]),
    [
      'the bytes alone at the rate of the line',
      formatMilliseconds(bytesTakeInMilliseconds),
      (totalInBytes / 1e3 / bytesTakeInMilliseconds).toFixed(1),
      `${formatRatio(median(uploader.milliseconds) / bytesTakeInMilliseconds)} as long`,
    ],
  ],
);
console.log(`\n${machineLine()}`);

if (!awsVersion) {
  console.error(
    '\nNOT COMPARED: there is no AWS CLI on the PATH (pip install awscli, in a virtual environment).',
  );
  process.exitCode = 1;
} else if (ratio > GOAL) {
  console.error(
    `\nThe uploader takes ${formatRatio(ratio)} as long as the AWS CLI; the goal is ${formatRatio(GOAL)}.`,
  );
  process.exitCode = 1;
}
