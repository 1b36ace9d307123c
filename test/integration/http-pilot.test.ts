import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileKey, flightKey, flightPartition } from '../../functions/adapters/media-table-keys.ts';
import { uploadedFileId } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { fixtures } from '../fixtures/fixture.ts';
import { type PilotDevice, photo, TestStack } from './stack-fixture.ts';

let stack: TestStack;
let pilot: PilotDevice;
let workspaceId: WorkspaceId;

beforeAll(async () => {
  stack = await TestStack.start();
  pilot = await stack.pilot();
  workspaceId = pilot.workspaceId as WorkspaceId;
});
afterAll(() => stack.close());

const catalogItem = async (key: object) =>
  (await stack.dynamoDb().send(new GetCommand({ TableName: stack.endpoints.table, Key: key }))).Item;

/** The current version's entry. */
async function fileIdOf(objectKey: string): Promise<string> {
  const head = new HeadObjectCommand({ Bucket: stack.endpoints.bucket, Key: objectKey });
  const { VersionId: versionId = '' } = await stack.s3().send(head);
  return uploadedFileId({ workspaceId, objectKey, versionId });
}

const fileItem = async (objectKey: string) => catalogItem(fileKey(workspaceId, await fileIdOf(objectKey)));

async function receivedFiles(flightId: string): Promise<number | undefined> {
  const { Count } = await stack.dynamoDb().send(
    new QueryCommand({
      TableName: stack.endpoints.table,
      KeyConditionExpression: 'pk = :pk AND begins_with(sk, :file)',
      ExpressionAttributeValues: { ':pk': flightPartition(workspaceId, flightId), ':file': 'MEMBER#' },
    }),
  );
  return Count;
}

const fastUpload = (fingerprint: string, changes: object = {}) =>
  pilot.ask('fast-upload', { body: { fingerprint, ...changes } });
const knownTiny = async (tiny: string) => {
  const { envelope } = await pilot.ask('files/tiny-fingerprints', { body: { tiny_fingerprints: [tiny] } });
  return (envelope.data as unknown as { tiny_fingerprints: string[] }).tiny_fingerprints.length === 1;
};

describe('one file', () => {
  it('is unknown at first, and known at the end', async () => {
    const file = photo();
    expect(await knownTiny(file.tinyFingerprint)).toBe(false);
    expect((await fastUpload(file.fingerprint)).envelope).toEqual({
      code: -1,
      message: `${file.fingerprint} does not exist`,
      data: {},
    });
    const objectKey = await pilot.upload(file);
    expect(await knownTiny(file.tinyFingerprint)).toBe(true);
    const hit = await fastUpload(file.fingerprint.toUpperCase(), { name: file.name });
    expect(hit.status).toBe(200);
    expect(hit.envelope).toEqual({
      code: 0,
      message: 'success',
      data: { object_key: objectKey, file_id: await fileIdOf(objectKey) },
    });
  });

  it('has the fields of the device and of S3, and the raw message', async () => {
    const file = photo('DJI_20240516114207_0001_上云API 100%+&.JPG');
    const message = {
      path: 'DJI_202405161140_001_上云API',
      sub_file_type: 17,
      ext: {
        file_group_id: 'group-1',
        drone_model_key: '0-99-1',
        payload_model_key: '39-1',
        is_original: 1,
        sn: 'SN1',
        tinny_fingerprint: file.tinyFingerprint,
        lens_pack: 'LP-9',
      },
      metadata: {
        absolute_altitude: '121.483',
        relative_altitude: 87.06,
        gimbal_yaw_degree: '-4.30',
        created_time: '2024-05-16T11:42:07+08:00',
        shoot_position: { lat: 22.58163, lng: 113.94287 },
        horizon_tilt: 0.25,
      },
    };
    const objectKey = await pilot.upload(file, message);
    expect(await fileItem(objectKey)).toMatchObject({
      object_key: objectKey,
      name: file.name,
      path: message.path,
      entity: 'file',
      md5: file.fingerprint,
      etag: file.fingerprint,
      size: file.bytes.length,
      content_type: 'image/jpeg',
      version_id: expect.any(String),
      flight_id: 'group-1',
      sub_file_type: 17,
      is_original: true,
      drone_model_key: '0-99-1',
      payload_model_key: '39-1',
      drone_sn: 'SN1',
      captured_at: '2024-05-16T03:42:07.000Z',
      absolute_altitude: 121.483,
      relative_altitude: 87.06,
      gimbal_yaw_degree: -4.3,
      shoot_position: { lat: 22.58163, lng: 113.94287 },
      reported_by: { kind: 'pilot', name: stack.user(0).username },
      raw: expect.stringContaining('"horizon_tilt":0.25'),
    });
  });

  it.each([
    'line\nbreak\r\n{"level":"ERROR"}\ttab.JPG',
    'back\\..\\slash.JPG',
    '%2f..%2F%2e%2e%5c100%.JPG',
    '\u0001\u001b[31mred\u007f\u0085\u2028.JPG',
    '\u202egpj.\u{10ffff}\ufffe.JPG',
  ])('may have the literal name %j, as in S3', async (name) => {
    const file = photo(name);
    const objectKey = await pilot.upload(file);
    const hit = await fastUpload(file.fingerprint, { name });
    expect(hit.envelope).toMatchObject({ code: 0, data: { object_key: objectKey } });
    expect(await fileItem(objectKey)).toMatchObject({ name, object_key: objectKey });
  });

  it('is one entry, with any number of callbacks', async () => {
    const file = photo();
    const objectKey = await pilot.put(file);
    const ext = { file_group_id: 'group-2', tinny_fingerprint: file.tinyFingerprint };
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => pilot.report(file, objectKey, { ext })),
    );
    answers.push(await pilot.report(file, objectKey, { ext }));
    for (const { status, envelope } of answers) {
      expect(status).toBe(200);
      expect(envelope).toEqual({ code: 0, message: 'success', data: { object_key: objectKey } });
    }
    expect(await receivedFiles('group-2')).toBe(1);
  });
});

describe('the shapes of requests', () => {
  it.each(fixtures('pilot', 'upload-callback'))('acknowledges $name', async ({ body }) => {
    const bytes = photo().bytes;
    const objectKey = await pilot.put({ name: body.name, bytes });
    const { fingerprint: _theirs, ...message } = body;
    const { status, envelope } = await pilot.ask('upload-callback', {
      body: { ...message, object_key: objectKey },
    });
    expect(status).toBe(200);
    expect(envelope).toEqual({ code: 0, message: 'success', data: { object_key: objectKey } });
  });

  it.each(fixtures('pilot', 'fast-upload'))('returns a hit or miss for $name', async ({ body }) => {
    const { envelope } = await pilot.ask('fast-upload', { body });
    expect(envelope).toEqual({ code: -1, message: `${body.fingerprint} does not exist`, data: {} });
  });

  it.each(fixtures('pilot', 'group-upload-callback'))('acknowledges $name', async ({ body }) => {
    expect((await pilot.ask('group-upload-callback', { body })).envelope).toEqual({
      code: 0,
      message: 'success',
      data: {},
    });
  });

  it('return tiny fingerprints for an object, a list and a query', async () => {
    const files = [photo(), photo()];
    for (const file of files) await pilot.upload(file);
    const tiny = files.map(({ tinyFingerprint }) => tinyFingerprint);
    const asked = [tiny[1] ?? '', 'unknown_2024_1_1_0_0_0', tiny[0] ?? '', tiny[1] ?? ''];
    const query = asked.map((value) => `tiny_fingerprint=${encodeURIComponent(value)}`).join('&');
    for (const answer of [
      await pilot.ask('files/tiny-fingerprints', { body: { tiny_fingerprints: asked } }),
      await pilot.ask('files/tiny-fingerprints', { body: asked }),
      await pilot.ask(`files/tiny-fingerprints?${query}`, { method: 'GET' }),
    ]) {
      expect(answer.envelope).toEqual({
        code: 0,
        message: 'success',
        data: { tiny_fingerprints: [tiny[1], tiny[0]] },
      });
    }
  });

  it.each([
    ['POST', undefined],
    ['POST', ''],
    ['POST', {}],
    ['GET', undefined],
  ])('return credentials for %s with the body %j', async (method, body) => {
    const { status, envelope } = await pilot.ask('sts', { method, body });
    expect(status).toBe(200);
    expect(envelope.data).toEqual({
      bucket: stack.endpoints.bucket,
      endpoint: stack.endpoints.s3,
      object_key_prefix: expect.stringMatching(new RegExp(`^${workspaceId}/[0-9a-f]+/[0-9a-f]+$`)),
      provider: 'aws',
      region: stack.endpoints.region,
      credentials: {
        access_key_id: expect.stringMatching(/^ASIA/),
        access_key_secret: expect.any(String),
        security_token: expect.any(String),
        expire: expect.any(Number),
      },
    });
  });

  it('allow the header in any case, and unknown fields', async () => {
    const { status } = await pilot.ask('sts', {
      token: undefined,
      headers: {
        'X-Auth-Token': pilot.session.access_token,
        'X-Device-ID': 'RC-1',
        'X-Firmware-Version': '01.02',
      },
    });
    expect(status).toBe(200);
    expect(stack.functionLog()).toContainEqual(
      expect.objectContaining({ message: 'handled', device_id: 'RC-1', firmware_version: '01.02' }),
    );
  });
});

describe('credentials', () => {
  it('never have the same prefix, and are valid for at least 25 minutes', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, () => pilot.credentials()));
    expect(new Set(all.map(({ object_key_prefix }) => object_key_prefix)).size).toBe(6);
    for (const { credentials } of all) {
      expect(credentials.expire).toBeGreaterThanOrEqual(1500);
      expect(credentials.expire).toBeLessThanOrEqual(3300);
    }
  });
});

describe('a callback', () => {
  it('for a missing object is refused, and acknowledged when the object is there', async () => {
    const file = photo();
    const sts = await pilot.credentials();
    const objectKey = `${sts.object_key_prefix}/${file.name}`;
    const ext = { file_group_id: 'group-3', tinny_fingerprint: file.tinyFingerprint };
    const refused = await pilot.report(file, objectKey, { ext });
    expect(refused.status).toBe(404);
    expect(refused.envelope).toEqual({
      code: 404,
      message: expect.stringContaining('not in the bucket'),
      data: {},
    });
    expect(await receivedFiles('group-3')).toBe(0);
    expect(await knownTiny(file.tinyFingerprint)).toBe(false);
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(-1);

    await pilot.put(file, sts);
    expect((await pilot.report(file, objectKey, { ext })).status).toBe(200);
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(0);
  });

  it('whose fingerprint differs from the bytes is kept as a mismatch, and refused', async () => {
    const [file, other] = [photo(), photo()];
    const objectKey = await pilot.put({ ...file, bytes: other.bytes });
    const { status, envelope } = await pilot.report(file, objectKey);
    expect(status).toBe(409);
    expect(envelope).toMatchObject({ code: 409, data: {} });
    expect(await fileItem(objectKey)).toMatchObject({ refusal: { fingerprint: file.fingerprint } });
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(-1);
    expect((await fastUpload(other.fingerprint)).envelope.code).toBe(-1);
    expect(await knownTiny(file.tinyFingerprint)).toBe(false);
    expect(stack.logged.some(({ line }) => line.includes('"IntegrityMismatch":1'))).toBe(true);
  });

  it('of a failed upload is acknowledged and not listed', async () => {
    const file = photo();
    const objectKey = `${(await pilot.credentials()).object_key_prefix}/${file.name}`;
    const { status, envelope } = await pilot.report(file, objectKey, { result: 314_000 });
    expect(status).toBe(200);
    expect(envelope).toEqual({ code: 0, message: 'success', data: { object_key: objectKey } });
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(-1);
    expect(await knownTiny(file.tinyFingerprint)).toBe(false);
  });

  it('with numbers outside the limits is acknowledged without them', async () => {
    const file = photo();
    const objectKey = await pilot.upload(file, {
      sub_file_type: 1e200,
      metadata: { absolute_altitude: 1e300, relative_altitude: 1e-300, gimbal_yaw_degree: '1e99' },
    });
    const item = await fileItem(objectKey);
    expect(item).toMatchObject({ relative_altitude: 0 });
    expect(item).not.toHaveProperty('absolute_altitude');
    expect(item).not.toHaveProperty('sub_file_type');
  });

  it.each(['a.constructor', '__proto__', 'no extension', '.hidden', 'ünï💾.JPG', 'a#b?c&d=e.JPG'])(
    'of a file named %j is acknowledged, and found again',
    async (name) => {
      const file = photo(name);
      const objectKey = await pilot.upload(file);
      expect((await fastUpload(file.fingerprint, { name })).envelope).toMatchObject({
        code: 0,
        data: { object_key: objectKey },
      });
    },
  );
});

describe('fast-upload', () => {
  it('links the same bytes under another name and path, once', async () => {
    const file = photo();
    const objectKey = await pilot.upload(file);
    const ask = () => fastUpload(file.fingerprint, { name: 'copy.jpg', path: 'another flight' });
    const [first, second] = [await ask(), await ask()];
    expect(second.envelope).toEqual(first.envelope);
    expect(first.envelope.data).toMatchObject({ object_key: objectKey });
    expect(first.envelope.data['file_id']).not.toBe(await fileIdOf(objectKey));
    const linked = await catalogItem(fileKey(workspaceId, String(first.envelope.data['file_id'])));
    expect(linked).toMatchObject({
      name: 'copy.jpg',
      path: 'another flight',
      object_key: objectKey,
      linked_to: await fileIdOf(objectKey),
    });
  });

  it('is a miss for a deleted object, and deletes its claim', async () => {
    const file = photo();
    const objectKey = await pilot.upload(file);
    await stack.s3().send(new DeleteObjectCommand({ Bucket: stack.endpoints.bucket, Key: objectKey }));
    expect((await fastUpload(file.fingerprint, { name: 'x.jpg' })).envelope.code).toBe(-1);
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(-1);
    expect(await knownTiny(file.tinyFingerprint)).toBe(false);

    await pilot.upload(file);
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(0);
    expect(await knownTiny(file.tinyFingerprint)).toBe(true);
  });

  it('is a hit for a version that is not the current one', async () => {
    const file = photo();
    const objectKey = await pilot.upload(file);
    await stack
      .s3()
      .send(new PutObjectCommand({ Bucket: stack.endpoints.bucket, Key: objectKey, Body: 'other bytes' }));
    expect((await fastUpload(file.fingerprint)).envelope.code).toBe(0);
  });
});

describe('group-upload-callback', () => {
  it('keeps the latest file count, and the highest uploaded count', async () => {
    const report = (file_count: number, file_uploaded_count: number) =>
      pilot.ask('group-upload-callback', {
        body: { file_group_id: 'group-4', file_count, file_uploaded_count },
      });
    for (const [expected, uploaded] of [
      [3, 1],
      [3, 3],
      [3, 2],
      [2, 0],
    ] as const) {
      expect((await report(expected, uploaded)).envelope).toEqual({ code: 0, message: 'success', data: {} });
    }
    // The latest message says how many there are; how many are up only rises.
    expect(await catalogItem(flightKey({ workspaceId, flightId: 'group-4', owner: 'pilot' }))).toMatchObject({
      expected_file_count: 2,
      uploaded_file_count: 3,
    });
  });

  it('belongs to the files of the group, each counted once', async () => {
    const [first, second] = [photo('1.jpg'), photo('2.jpg')];
    const inGroup = (file: typeof first) => ({
      ext: { file_group_id: 'group-5', tinny_fingerprint: file.tinyFingerprint },
    });
    const objectKey = await pilot.upload(first, inGroup(first));
    await pilot.report(first, objectKey, inGroup(first));
    await pilot.upload(second, inGroup(second));
    expect(await receivedFiles('group-5')).toBe(2);
  });
});
