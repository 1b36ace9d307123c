import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import { dynamoDbPrioritizationLog } from '../../functions/adapters/dynamodb-prioritization-log.ts';
import { type LocalStack, startLocalStack } from '../../local/stack.ts';
import type { LogEntry } from '../../packages/local-aws/index.ts';
import { Dock, report, type StackOfDock } from './dock-fixture.ts';
import { photo, type StsData } from './stack-fixture.ts';

/** A stack of the test's data folder, with its demo docks connected. */
interface Running extends StackOfDock {
  readonly stack: LocalStack;
  readonly docks: readonly [Dock, Dock];
  readonly table: DynamoDBDocumentClient;
}

let dataDirectory: string;
const secrets = new Set<string>();
const logged: LogEntry[] = [];
const closers: (() => unknown)[] = [];

async function start(): Promise<Running> {
  const log = (entry: LogEntry) => void logged.push(entry);
  const stack = await startLocalStack({ port: 0, dataDirectory, log });
  closers.push(() => stack.close());
  const { endpoints } = stack;
  const { region, root } = endpoints;
  const settings = {
    region,
    maxAttempts: 1,
    credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
  };
  const s3 = (changes: S3ClientConfig) => {
    const client = new S3Client({ ...settings, forcePathStyle: true, ...changes });
    closers.push(() => client.destroy());
    return client;
  };
  const access: StackOfDock = { endpoints, secrets, s3 };
  const database = new DynamoDBClient({ ...settings, endpoint: endpoints.dynamodb });
  closers.push(() => database.destroy());
  const connect = async (index: number) => {
    const identity = endpoints.docks[index];
    if (!identity) throw new Error('The stack has fewer docks');
    const dock = await Dock.connect(access, identity);
    closers.push(() => dock.client.endAsync(true));
    return dock;
  };
  const docks = [await connect(0), await connect(1)] as const;
  return { ...access, stack, docks, table: DynamoDBDocumentClient.from(database) };
}

/** Ends the life of credentials, while the stack that keeps them is down. */
async function expire({ credentials }: StsData): Promise<void> {
  const path = join(dataDirectory, 'sessions.json');
  const { sessions } = JSON.parse(await readFile(path, 'utf8'));
  const session = sessions.find(
    (kept: { accessKeyId: string }) => kept.accessKeyId === credentials.access_key_id,
  );
  session.expiresAt = new Date(Date.now() - 1000).toISOString();
  await writeFile(path, JSON.stringify({ sessions }));
}

const files = [photo('1.JPG'), photo('2.JPG'), photo('3.JPG')] as const;
const inFlight = (flightId: string, uploaded_file_count: number) => ({
  flightId,
  flight_task: { expected_file_count: 3, uploaded_file_count },
});

/** What the first run left half done. */
interface HalfDone {
  readonly flightId: string;
  readonly storage: StsData;
  /** A report that was acknowledged, and one that was never sent. */
  readonly told: { readonly tid: string; readonly data: object };
  readonly untold: object;
}

let after: Running;
let lasting: HalfDone;
let expiring: HalfDone;
const wish = { tid: randomUUID(), bid: randomUUID(), requestedAt: new Date().toISOString() };

async function uploadOneOfThree(dock: Dock): Promise<HalfDone> {
  const flightId = randomUUID();
  const storage = await dock.credentials();
  const tid = randomUUID();
  const data = report(files[0], await dock.put(files[0], flightId, storage), inFlight(flightId, 1));
  expect(await dock.callback(data, { tid })).toEqual({ result: 0 });
  const untold = report(files[1], await dock.put(files[1], flightId, storage), inFlight(flightId, 2));
  return { flightId, storage, told: { tid, data }, untold };
}

beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'dock-restart-'));
  const { stack, docks, table } = await start();
  lasting = await uploadOneOfThree(docks[0]);
  expiring = await uploadOneOfThree(docks[1]);
  const [{ sn, workspaceId }] = docks;
  await docks[0].ask('requests', 'airport_organization_bind', {
    bind_devices: [{ sn: 'DRONE1', organization_id: workspaceId, device_callsign: 'Heron' }],
  });
  const log = dynamoDbPrioritizationLog(stack.endpoints.table, table);
  await log.begin(workspaceId, lasting.flightId, { ...wish, gatewaySn: sn });
  await stack.close();
  await docks[0].thrownOff();
  await expire(expiring.storage);
  after = await start();
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await rm(dataDirectory, { recursive: true, force: true });
  const log = logged.map(({ line }) => line).join('\n');
  expect(log).toContain('handled');
  expect([...secrets].filter((secret) => log.includes(secret))).toEqual([]);
});

const flightOf = ({ workspaceId }: Dock, flightId: string) =>
  dynamoDbMediaCatalog(after.endpoints.table, after.table).findFlight(workspaceId, flightId);

it("a restart keeps the password, names, credentials, counts and priority of a dock's flight", async () => {
  const [dock] = after.docks;
  const { flightId, storage, told, untold } = lasting;
  const status = await dock.ask('requests', 'airport_bind_status', { devices: [{ sn: 'DRONE1' }] });
  expect(status.data.output.bind_status).toMatchObject([{ device_callsign: 'Heron' }]);
  // The reply to the first may have been lost with the connection.
  expect(await dock.callback(told.data, { tid: told.tid })).toEqual({ result: 0 });
  expect(await dock.callback(untold)).toEqual({ result: 0 });
  const objectKey = await dock.put(files[2], flightId, { ...storage, endpoint: after.endpoints.s3 });
  expect(await dock.callback(report(files[2], objectKey, inFlight(flightId, 3)))).toEqual({ result: 0 });
  await dock.say('services_reply', {
    ...wish,
    method: 'upload_flighttask_media_prioritize',
    data: { result: 0 },
  });
  await vi.waitFor(
    async () =>
      expect(await flightOf(dock, flightId)).toMatchObject({
        expectedFileCount: 3,
        uploadedFileCount: 3,
        receivedFileCount: 3,
        gatewaySn: dock.sn,
        prioritization: { tid: wish.tid, result: 0 },
      }),
    { timeout: 20_000, interval: 50 },
  );
});

it('a dock continues with new credentials, below another prefix, when the old ones have expired', async () => {
  const [, dock] = after.docks;
  const { flightId, storage, untold } = expiring;
  const moved = { ...storage, endpoint: after.endpoints.s3 };
  await expect(dock.put(files[2], flightId, moved)).rejects.toMatchObject({ name: 'ExpiredToken' });
  const renewed = await dock.credentials();
  expect(renewed.object_key_prefix).not.toBe(storage.object_key_prefix);
  const objectKey = await dock.put(files[2], flightId, renewed);
  expect(await dock.callback(report(files[2], objectKey, inFlight(flightId, 3)))).toEqual({ result: 0 });
  // What went up with the old ones counts as before.
  expect(await dock.callback(untold)).toEqual({ result: 0 });
  expect(await flightOf(dock, flightId)).toMatchObject({ expectedFileCount: 3, receivedFileCount: 3 });
});
