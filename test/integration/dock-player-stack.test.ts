/** The dock player against the whole local stack: its broker, its rules, its functions and their roles. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentProgress } from '../../devices/common/progress.ts';
import { DockConnection } from '../../devices/dock/connection.ts';
import { Exchanges } from '../../devices/dock/exchanges.ts';
import { type PlayDockOptions, playDock } from '../../devices/dock/play-dock.ts';
import { dynamoDbDeviceRegistry } from '../../functions/adapters/dynamodb-device-registry.ts';
import { fromItem, type MediaFileItem } from '../../functions/adapters/media-file-item.ts';
import type { GatewaySn } from '../../functions/core/gateway.ts';
import type { DemoDock, Endpoints } from '../../local/endpoints.ts';
import { encodePhoto } from '../../local/sample/photo-file.ts';
import { startLocalStack } from '../../local/stack.ts';
import { type StsData, TestStack } from './stack-fixture.ts';

const MEBIBYTE = 1024 * 1024;
const SCRIPT = fileURLToPath(new URL('../../bin/dock.ts', import.meta.url));

let stack: TestStack;
let directory: string;

beforeAll(async () => {
  stack = await TestStack.start();
  for (const { password } of stack.endpoints.docks) stack.secrets.add(password);
  // The fixture looks for secrets in a log that HTTP requests have written to.
  await stack.pilot(0);
});
afterAll(() => stack?.close());
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dock-stack-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function dock(index: 0 | 1): DemoDock {
  const found = stack.endpoints.docks[index];
  if (!found) throw new Error('The stack has fewer docks');
  return found;
}

/** A card with a flight of small files, one of them long enough for parts, all of bytes like no others. */
async function card(photos: number): Promise<string> {
  const from = join(directory, 'DJI_202604120930_001_上云');
  await mkdir(from, { recursive: true });
  for (let index = 1; index <= photos; index++) {
    const name = `DJI_202604120930${String(index).padStart(2, '0')}_${String(index).padStart(4, '0')}_V.JPG`;
    await writeFile(join(from, name), randomBytes(3000));
  }
  await writeFile(join(from, 'DJI_20260412093059_0099_V.MP4'), randomBytes(6 * MEBIBYTE));
  for (const sidecar of ['V.SRT', 'Timestamp.MRK', 'PPKNAV.nav', 'PPKOBS.obs', 'PPKRAW.rtk', 'RTCM.DAT']) {
    await writeFile(join(from, `DJI_20260412093059_0099_${sidecar}`), randomBytes(100));
  }
  return from;
}
const OTHER_FILES = 7;

/** What the drone wrote into its photo. */
const PHOTO = {
  name: 'DJI_20260412104011_0003_V.JPG',
  takenAt: '2026:04:12 10:40:11',
  offset: '+02:00',
  latitude: 48.7299,
  longitude: 11.0346,
  absoluteAltitude: 460.4,
  relativeAltitude: 72,
  yawInDegrees: 4.5,
  pitchInDegrees: -90,
  quality: 90,
  drone: { model: 'M3D', serialNumber: '1581F5BMD22CK00A1234' },
};

const play = (from: string, { sn, password }: DemoDock, options: Partial<PlayDockOptions> = {}) =>
  playDock({
    from,
    mqtt: stack.endpoints.mqtt,
    sn,
    password,
    dataDirectory: directory,
    partSizeInBytes: 5 * MEBIBYTE,
    ...options,
  });

/** What the catalog holds of a flight: the entries, by name. */
async function recorded(flightId: string, table = stack.endpoints.table, client = stack.dynamoDb()) {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: table,
        FilterExpression: 'flight_id = :flight AND entity = :file',
        ExpressionAttributeValues: { ':flight': flightId, ':file': 'file' },
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    items.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  // With what follows from an item.
  return items.map((item) => {
    const { kind, integrity, workspaceId } = fromItem(item as unknown as MediaFileItem);
    return { ...item, kind, integrity, workspace_id: workspaceId } as Record<string, unknown>;
  });
}

const tableClient = ({ region, dynamodb, root }: Endpoints): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(
    new DynamoDBClient({
      region,
      endpoint: dynamodb,
      credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
    }),
  );

const distinct = (values: readonly unknown[]): number => new Set(values).size;

describe('a dock at the local stack', () => {
  it('uploads every kind of file, with its metadata', async () => {
    const from = await card(3);
    const { name } = PHOTO;
    await writeFile(join(from, name), encodePhoto({ width: 8, height: 6, data: randomBytes(192) }, PHOTO));
    const summary = await play(from, dock(0));
    expect(summary).toMatchObject({
      uploaded: 4 + OTHER_FILES,
      failed: 0,
      workspaceId: dock(0).workspace_id,
    });
    const files = await recorded(summary.flightId);
    const kinds = files.map(({ kind }) => kind).sort();
    expect(kinds).toEqual([...Array(4).fill('photo'), ...Array(6).fill('sidecar'), 'video']);
    expect(files.find((file) => file['name'] === name)).toMatchObject({
      workspace_id: dock(0).workspace_id,
      path: 'DJI_202604120930_001_上云',
      object_key: expect.stringMatching(
        new RegExp(`^${dock(0).workspace_id}/.*/${summary.flightId}/${name}$`),
      ),
      drone_model_key: '0-91-0',
      payload_model_key: '1-80-0',
      captured_at: '2026-04-12T10:40:11',
      gimbal_yaw_degree: 4.5,
      absolute_altitude: 460.4,
      relative_altitude: 72,
      shoot_position: { lat: expect.closeTo(48.7299, 6), lng: expect.closeTo(11.0346, 6) },
      integrity: 'verified',
      md5: expect.stringMatching(/^[0-9a-f]{32}$/),
      reported_by: { kind: 'dock', name: dock(0).sn },
    });
  });

  it('completes the flight, which a user of its workspace sees, and its bytes are a hit', async () => {
    const from = await card(2);
    const { flightId, uploaded } = await play(from, dock(0), { concurrency: 2 });
    const pilot = await stack.pilot(dock(0).workspace_id === stack.user(0).workspace_id ? 0 : 1);
    const { envelope } = await pilot.ask(`flights/${flightId}`, { method: 'GET' });
    expect(envelope.data).toMatchObject({
      state: 'complete',
      expected_file_count: uploaded,
      received_file_count: uploaded,
      gateway_sn: dock(0).sn,
    });
    const [photo] = (await recorded(flightId)).filter(({ kind }) => kind === 'photo');
    const hit = await pilot.ask('fast-upload', {
      body: { fingerprint: String(photo?.['md5']).toUpperCase(), name: photo?.['name'], ext: {} },
    });
    expect(hit.envelope).toMatchObject({ code: 0, data: { object_key: photo?.['object_key'] } });
  });

  it('uploads nothing the second time, also over WebSocket', async () => {
    const from = await card(2);
    const first = await play(from, dock(0));
    const second = await play(from, dock(0), { mqtt: stack.endpoints.mqtt_ws });
    expect(second).toMatchObject({ flightId: first.flightId, uploaded: 0, alreadyThere: first.uploaded });
    expect(await recorded(first.flightId)).toHaveLength(first.uploaded);
  });

  it('receives a request to upload its flight first', async () => {
    const from = await card(12);
    const flightId = `asked-${randomBytes(4).toString('hex')}`;
    const pilot = await stack.pilot(0);
    const own = stack.endpoints.docks.find(
      ({ workspace_id }) => workspace_id === pilot.workspaceId,
    ) as DemoDock;
    let asking: Promise<unknown> | undefined;
    const progress = {
      ...silentProgress,
      finish: () => {
        asking ??= pilot.ask(`flights/${flightId}/prioritize`, { body: { gateway_sn: own.sn } });
      },
    };
    expect(await play(from, own, { flightId, concurrency: 1, progress })).toMatchObject({ failed: 0 });
    expect(await asking).toMatchObject({ envelope: { code: 0 } });
    const { envelope } = await pilot.ask(`flights/${flightId}`, { method: 'GET' });
    expect(envelope.data).toMatchObject({ prioritization: { state: 'uploading-first', result: 0 } });
  });

  it('is refused with a wrong password, with another serial number, and when it is revoked', async () => {
    const from = await card(1);
    const { mqtt, table } = stack.endpoints;
    const wrong = { ...dock(0), password: 'wrong' };
    const refusal = `refuses ${dock(0).sn}: wrong user name or password, or the dock is not registered`;
    await expect(play(from, wrong)).rejects.toThrow(refusal);
    // Its own password does not make it the other dock.
    const other = { ...dock(0), sn: dock(1).sn };
    await expect(play(from, other, { username: dock(0).sn })).rejects.toThrow(
      `${mqtt} refuses ${dock(0).sn}`,
    );

    const registry = dynamoDbDeviceRegistry(table, stack.dynamoDb());
    const gateway = await registry.findGateway(dock(1).sn as GatewaySn);
    await registry.revoke(dock(1).sn as GatewaySn);
    try {
      await expect(play(from, dock(1))).rejects.toThrow(`refuses ${dock(1).sn}`);
    } finally {
      await registry.replacePassword(dock(1).sn as GatewaySn, gateway?.passwordHash ?? '');
    }
    expect(await play(from, dock(1))).toMatchObject({ failed: 0, workspaceId: dock(1).workspace_id });
  });

  it('gets credentials that can write below its own prefix only', async () => {
    const [mine, theirs] = await Promise.all([credentialsOf(dock(0)), credentialsOf(dock(1))]);
    const put = ({ bucket, endpoint, region, credentials }: StsData, prefix: string) =>
      stack
        .s3({
          endpoint,
          region,
          credentials: {
            accessKeyId: credentials.access_key_id,
            secretAccessKey: credentials.access_key_secret,
            sessionToken: credentials.security_token,
          },
        })
        .send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}/1.JPG`, Body: 'bytes' }));
    await expect(put(mine, mine.object_key_prefix)).resolves.toBeDefined();
    await expect(put(mine, theirs.object_key_prefix)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(put(theirs, mine.object_key_prefix)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(put(mine, dock(0).workspace_id)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  it('cannot get an acknowledgement for the object of another dock', async () => {
    const from = await card(1);
    const { files } = await play(from, dock(0));
    const stolen = files[0]?.objectKey ?? '';
    await expect(
      talk(dock(1), (exchanges, signal) =>
        exchanges.ask({
          channel: 'events',
          method: 'file_upload_callback',
          data: { file: { object_key: stolen, name: '1.JPG', ext: { flight_id: 'stolen' }, metadata: {} } },
          signal,
        }),
      ),
    ).rejects.toThrow('result 403');
    expect(await recorded('stolen')).toEqual([]);
  });
});

/** A conversation of a dock that does nothing else. */
async function talk<Value>(
  { sn, password }: DemoDock,
  say: (exchanges: Exchanges, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const signal = AbortSignal.timeout(30_000);
  const connection = new DockConnection({
    mqtt: stack.endpoints.mqtt,
    sn,
    username: sn,
    password,
    onMessage: (from, message) => {
      if (from === 'requests_reply') exchanges.receive('requests', message);
      if (from === 'events_reply') exchanges.receive('events', message);
    },
    onNews: () => {},
    onLost: () => {},
  });
  const exchanges = new Exchanges(sn, connection);
  try {
    await connection.open(signal);
    return await say(exchanges, signal);
  } finally {
    await connection.close();
  }
}

async function credentialsOf(device: DemoDock): Promise<StsData> {
  const reply = await talk(device, (exchanges, signal) =>
    exchanges.ask({ channel: 'requests', method: 'storage_config_get', data: { module: 0 }, signal }),
  );
  const data = reply['output'] as StsData;
  stack.secrets.add(data.credentials.access_key_secret).add(data.credentials.security_token);
  return data;
}

describe('npm run dock at the local stack', () => {
  function start(from: string, endpoints: Endpoints, { sn, password }: DemoDock) {
    const options = ['--mqtt', endpoints.mqtt, '--sn', sn, '--data', directory, '--concurrency', '2'];
    const child = spawn(process.execPath, [SCRIPT, '--from', from, ...options], {
      env: { ...process.env, DJI_MEDIA_LIBRARY_DOCK_PASSWORD: password },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    const done = new Promise<{ code: number | null; stdout: string }>((resolve) => {
      child.on('close', (code) => resolve({ code, stdout }));
    });
    const uploaded = async (count: number) => {
      while (stdout.split(' uploaded ').length <= count) await new Promise((later) => setTimeout(later, 5));
    };
    return { child, done, uploaded };
  }

  const kill = async (child: ChildProcess, done: Promise<unknown>) => {
    child.kill('SIGKILL');
    await done;
  };
  const flightIn = (stdout: string): string => /Flight ([0-9a-f-]{36})\./.exec(stdout)?.[1] ?? '';

  it('uses the first dock of the running stack', async () => {
    const from = await card(1);
    await writeFile(join(directory, 'endpoints.json'), JSON.stringify(stack.endpoints));
    const child = spawn(process.execPath, [SCRIPT, '--from', from, '--data', directory, '--json'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const json = JSON.parse(await text(child.stdout));
    expect(json).toMatchObject({ sn: dock(0).sn, totals: { uploaded: 1 + OTHER_FILES, failed: 0 } });
  });

  it('finishes a flight after kill -9: every file is in the library once', async () => {
    const from = await card(40);
    const total = 40 + OTHER_FILES;
    const first = start(from, stack.endpoints, dock(0));
    await first.uploaded(10);
    await kill(first.child, first.done);
    const second = await start(from, stack.endpoints, dock(0)).done;
    expect(second.code).toBe(0);
    const files = await recorded(flightIn(second.stdout));
    expect(files.length).toBe(total);
    expect(distinct(files.map(({ name }) => name))).toBe(total);
    expect(second.stdout).toMatch(/(\d\d) files to upload, .*; (\d\d) were acknowledged before/);
  });

  it('continues a flight after a restart of the stack', async () => {
    const data = join(directory, 'stack');
    const before = await startLocalStack({ port: 0, dataDirectory: data });
    const from = await card(30);
    const [own] = before.endpoints.docks as [DemoDock];
    const first = start(from, before.endpoints, own);
    try {
      await first.uploaded(5);
    } finally {
      await before.close();
      await kill(first.child, first.done);
    }
    const after = await startLocalStack({ port: 0, dataDirectory: data });
    try {
      const second = await start(from, after.endpoints, own).done;
      expect(second.code).toBe(0);
      const files = await recorded(
        flightIn(second.stdout),
        after.endpoints.table,
        tableClient(after.endpoints),
      );
      expect(files.length).toBe(30 + OTHER_FILES);
      expect(distinct(files.map(({ name }) => name))).toBe(30 + OTHER_FILES);
    } finally {
      await after.close();
    }
  });
});
