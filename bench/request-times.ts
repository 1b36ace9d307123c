/**
 * Measures how long a single device waits for a report, a hit and a miss, and the stack's processor time for
 * each: of the services in the main thread, of the function in its worker, and of V8 for compilation and
 * garbage collection.
 *
 * `npm run bench -- request-times [requests]`
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import mqtt from 'mqtt';
import { type FileReport, PilotClient } from '../devices/pilot/pilot-client.ts';
import { topicOf } from '../functions/protocol/topics.ts';
import { fileUploadCallbackEvent } from './dock-event.ts';
import { scratchFolder } from './scratch.ts';
import { administrator, demoUser, startStackProcess } from './stack-process.ts';
import { formatMilliseconds, machineLine, median, printTable, quantile } from './statistics.ts';
import { ThreadClock, timeBetween, totalTime } from './thread-time.ts';

const requests = Number(process.argv[2] ?? 300);
const folder = scratchFolder('request-times');
const stack = await startStackProcess({ dataDirectory: join(folder, 'data') });
const clock = new ThreadClock(stack.processId);
const user = demoUser(stack);
const client = new PilotClient(user);
const storage = new S3Client({ ...administrator(stack, 's3'), forcePathStyle: true });
await client.login();
const access = await client.storageAccess();

const put = (Key: string, Body: Uint8Array) =>
  storage.send(new PutObjectCommand({ Bucket: stack.endpoints.bucket, Key, Body }));

function newFile() {
  const bytes = randomBytes(256);
  const fingerprint = createHash('md5').update(bytes).digest('hex');
  const report: FileReport = {
    fingerprint,
    name: 'DJI_20240516114207_0001_V.JPG',
    path: 'DJI_202405161140_003',
    ext: { tinny_fingerprint: `${fingerprint}_2024_5_16_11_42_7`, is_original: true, file_group_id: flight },
  };
  const key = `${access.objectKeyPrefix}/${randomUUID()}.JPG`;
  return { bytes, report, key };
}

const flight = randomUUID();
const rows: string[][] = [];

/** Makes the requests in sequence. */
async function measure(
  title: string,
  count: number,
  ask: (index: number) => Promise<unknown>,
): Promise<void> {
  const waits: number[] = [];
  const before = clock.read();
  for (let index = 0; index < count; index++) {
    const askedAt = performance.now();
    await ask(index);
    waits.push(performance.now() - askedAt);
  }
  const worked = timeBetween(before, clock.read());
  const each = (milliseconds: number): string => formatMilliseconds(milliseconds / count);
  rows.push([
    title,
    formatMilliseconds(median(waits)),
    formatMilliseconds(quantile(waits, 0.9)),
    each(worked.main),
    each(worked.functions),
    each(worked.v8),
    each(worked.pool),
    each(totalTime(worked)),
  ]);
}

const expectAnswer = (actual: boolean, expected: boolean): void => {
  if (actual !== expected) throw new Error(`fast-upload answered ${actual ? 'a hit' : 'a miss'}`);
};

async function pilot(count: number): Promise<void> {
  const files = Array.from({ length: count }, newFile);
  const at = (index: number): ReturnType<typeof newFile> => files[index] ?? newFile();
  await measure('fast-upload, miss', count, async (index) =>
    expectAnswer((await client.fastUpload(at(index).report)).linked, false),
  );
  for (const { key, bytes } of files) await put(key, bytes);
  await measure('upload-callback', count, (index) => {
    const { report, key: object_key } = at(index);
    const metadata = { created_time: '2024-05-16T11:42:07+08:00' };
    return client.uploadCallback({ ...report, result: 0, object_key, metadata });
  });
  await measure('fast-upload, hit', count, async (index) =>
    expectAnswer((await client.fastUpload(at(index).report)).linked, true),
  );
  await measure('sts, warm', count, () => client.storageAccess());
}

async function dock(count: number): Promise<void> {
  const [device] = stack.endpoints.docks;
  if (!device) throw new Error('The local stack has no docks');
  const connection = await mqtt.connectAsync(stack.endpoints.mqtt, {
    clientId: device.sn,
    username: device.username,
    password: device.password,
    protocolVersion: 4,
  });
  // Otherwise each event takes 40 ms more, since the broker's TCP delays its acknowledgement of the previous
  // one.
  (connection.stream as unknown as Socket).setNoDelay(true);
  await connection.subscribeAsync(topicOf(device.sn, 'events_reply'), { qos: 1 });
  const keys = Array.from({ length: count }, () => `${device.workspace_id}/bench/times/${randomUUID()}.JPG`);
  for (const key of keys) await put(key, randomBytes(256));
  const flightId = randomUUID();
  await measure('dock: file_upload_callback', count, async (index) => {
    const replied = new Promise<string>((resolve) => {
      connection.once('message', (_topic, payload) => resolve(String(payload)));
    });
    const upload = { gatewaySn: device.sn, flightId, objectKey: keys[index] ?? '' };
    const message = JSON.stringify(fileUploadCallbackEvent(upload));
    await connection.publishAsync(topicOf(device.sn, 'events'), message, { qos: 1 });
    const { data } = JSON.parse(await replied) as { data: { result: number } };
    if (data.result !== 0) throw new Error(`The dock was answered ${data.result}`);
  });
  await connection.endAsync();
}

// The first requests load the functions, and V8 compiles hot code.
await pilot(Math.ceil(requests / 2));
await dock(Math.ceil(requests / 2));
rows.length = 0;
await pilot(requests);
await dock(requests);
storage.destroy();
await stack.stop();

console.log(`${requests} requests of each kind, one after the other. ${machineLine()}\n`);
printTable(
  ['request', 'median', 'p90', 'services', 'function', 'V8', 'files and digests', 'processor time in all'],
  rows,
);
