/**
 * Counts the calls that each request of a device causes, and how many of them are made in sequence: the round
 * trips that the device waits for. Each request goes through the whole local stack several times. Every
 * response is delayed a little, so that concurrent calls overlap. The result is the median.
 *
 * The exit code is 1 when a request takes more round trips than its limit.
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import mqtt from 'mqtt';
import type { StorageAccess } from '../devices/common/storage-access.ts';
import { type FileReport, PilotClient } from '../devices/pilot/pilot-client.ts';
import { topicOf } from '../functions/protocol/topics.ts';
import { startLocalStack } from '../local/stack.ts';
import { fileUploadCallbackEvent } from './dock-event.ts';
import { longestChain, RoundTripRecorder, type ServiceCall } from './round-trip-recorder.ts';
import { administrator, demoUser } from './stack-process.ts';
import { machineLine, printTable } from './statistics.ts';

const REPETITIONS = 7;

/** The limits. Requests without a limit are only printed. */
const LIMITS: Readonly<Record<string, number>> = {
  'fast-upload, miss': 1,
  'fast-upload, hit': 2,
  // The first file of a flight: its state changes, which is told at once.
  'fast-upload, hit under a new name': 8,
  'tiny-fingerprints, 100': 1,
  'tiny-fingerprints, 500': 1,
  'sts, cold': 1,
  'sts, warm': 0,
  'upload-callback': 3,
  'upload-callback, repeated': 3,
  'group-upload-callback': 4,
  'dock: file_upload_callback': 4,
};

const stack = await startLocalStack({ port: 0, ephemeral: true });
const recorder = new RoundTripRecorder(stack.endpoints);
const observed = new Map<string, (readonly ServiceCall[])[]>();

async function observe<Result>(title: string, request: () => Promise<Result>): Promise<Result> {
  let result: Promise<Result> | undefined;
  const calls = await recorder.record(() => {
    result = request();
    return result;
  });
  observed.set(title, [...(observed.get(title) ?? []), calls]);
  return result as Promise<Result>;
}

const user = demoUser(stack);
const client = new PilotClient(user);
const storage = new S3Client({ ...administrator(stack, 's3'), forcePathStyle: true });

function newFile() {
  const bytes = randomBytes(1024);
  const fingerprint = createHash('md5').update(bytes).digest('hex');
  const tiny = `${fingerprint}_2024_5_16_11_42_7`;
  const report: FileReport = {
    fingerprint,
    name: 'DJI_20240516114207_0001_V.JPG',
    path: 'DJI_202405161140_003',
    ext: { tinny_fingerprint: tiny, is_original: true, file_group_id: randomUUID() },
  };
  return { bytes, report };
}

const put = (Key: string, Body: Uint8Array) =>
  storage.send(new PutObjectCommand({ Bucket: stack.endpoints.bucket, Key, Body }));

const expectAnswer = (actual: boolean, expected: boolean): void => {
  if (actual !== expected) throw new Error(`fast-upload returned ${actual ? 'a hit' : 'a miss'}`);
};

const randomTiny = (count: number): string[] =>
  Array.from({ length: count }, () => `${randomBytes(16).toString('hex')}_2024_5_16_11_42_7`);

/** The requests of Pilot for one file, in order. */
async function pilotFile(access: StorageAccess): Promise<void> {
  const { bytes, report } = newFile();
  expectAnswer((await observe('fast-upload, miss', () => client.fastUpload(report))).linked, false);
  const uploaded = { ...report, result: 0, object_key: `${access.objectKeyPrefix}/${randomUUID()}.JPG` };
  await put(uploaded.object_key, bytes);
  const callback = { ...uploaded, metadata: { created_time: '2024-05-16T11:42:07+08:00' } };
  await observe('upload-callback', () => client.uploadCallback(callback));
  await observe('upload-callback, repeated', () => client.uploadCallback(callback));
  expectAnswer((await observe('fast-upload, hit', () => client.fastUpload(report))).linked, true);
  const renamed = { ...report, name: 'DJI_20240516114207_0002_V.JPG' };
  expectAnswer(
    (await observe('fast-upload, hit under a new name', () => client.fastUpload(renamed))).linked,
    true,
  );
  await observe('group-upload-callback', () => client.groupUploadCallback(randomUUID(), 2, 1));
}

/** A report of a dock, and the reply. */
async function dockFiles(): Promise<void> {
  const [dock] = stack.endpoints.docks;
  if (!dock) return;
  const connection = await mqtt.connectAsync(stack.endpoints.mqtt, {
    clientId: dock.sn,
    username: dock.username,
    password: dock.password,
    protocolVersion: 4,
  });
  await connection.subscribeAsync(topicOf(dock.sn, 'events_reply'), { qos: 1 });
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const objectKey = `${dock.workspace_id}/bench/round-trips/DJI_2024051611420${repetition}_0001_W.JPG`;
    await put(objectKey, randomBytes(1024));
    const upload = { gatewaySn: dock.sn, flightId: randomUUID(), objectKey };
    await observe('dock: file_upload_callback', async () => {
      const replied = new Promise<string>((resolve) => {
        connection.once('message', (_topic, payload) => resolve(String(payload)));
      });
      const message = JSON.stringify(fileUploadCallbackEvent(upload));
      await connection.publishAsync(topicOf(dock.sn, 'events'), message, { qos: 1 });
      const { data } = JSON.parse(await replied) as { data: { result: number } };
      if (data.result !== 0) throw new Error(`The dock got result ${data.result}`);
      // The dock has the reply before the function knows that it was sent.
      await sleep(200);
    });
  }
  await connection.endAsync();
}

async function observeAll(): Promise<void> {
  await client.login();
  const access = await observe('sts, cold', () => client.storageAccess());
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    await observe('sts, warm', () => client.storageAccess());
  }
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    await pilotFile(access);
    await observe('tiny-fingerprints, 100', () => client.findTinyFingerprints(randomTiny(100)));
    await observe('tiny-fingerprints, 500', () => client.findTinyFingerprints(randomTiny(500)));
  }
  await dockFiles();
}

try {
  await observeAll();
} finally {
  recorder.stop();
  storage.destroy();
  await stack.close();
}

let exceeded = 0;
const rows = [...observed].map(([title, runs]) => {
  const sorted = runs.toSorted((left, right) => longestChain(left) - longestChain(right));
  const calls = sorted[Math.floor(sorted.length / 2)] ?? [];
  const chain = longestChain(calls);
  const limit = LIMITS[title];
  if (limit !== undefined && chain > limit) exceeded++;
  const names = calls.toSorted((left, right) => left.beganAt - right.beganAt).map((call) => call.operation);
  return [
    title,
    chain,
    limit ?? '',
    limit === undefined ? '' : chain > limit ? 'TOO MANY' : 'ok',
    calls.length,
    names.join(', '),
  ];
});
console.log(`${machineLine()}\n`);
printTable(['request', 'in sequence', 'limit', '', 'calls in all', 'in the order of their start'], rows);
for (const title of Object.keys(LIMITS)) {
  if (!observed.has(title)) throw new Error(`${title} was not measured`);
}
process.exitCode = exceeded > 0 ? 1 : 0;
