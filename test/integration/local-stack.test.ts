import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { DemoUser, Endpoints } from '../../local/endpoints.ts';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../local/stack.ts';
import type { LogEntry } from '../../packages/local-aws/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'local-stack-'));
afterAll(() => rmSync(folder, { recursive: true }));

const running: LocalStack[] = [];
afterEach(() => Promise.all(running.splice(0).map((stack) => stack.close())));

async function started(options: LocalStackOptions = { ephemeral: true }): Promise<LocalStack> {
  const stack = await startLocalStack({ port: 0, ...options });
  running.push(stack);
  return stack;
}

function firstUser({ users: [user] }: Endpoints): DemoUser {
  if (!user) throw new Error('The stack has no user');
  return user;
}

async function post(url: string, body: unknown, token?: string) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { 'x-auth-token': token }) },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    ...((await response.json()) as { code: number; data: Record<string, never> }),
  };
}

async function tokenOf(endpoints: Endpoints): Promise<string> {
  const { username, password } = firstUser(endpoints);
  const { data } = await post(`${endpoints.api}/manage/api/v1/login`, { username, password });
  return String(data['access_token']);
}

/** S3 as the administrator. */
const storage = ({ s3, region, root }: Endpoints) =>
  new S3Client({
    endpoint: s3,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
  });

async function listening(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Takes a port and leaves the one before it free, as far as that is up to this test. */
async function blockedPort(): Promise<{ blocker: Server; port: number }> {
  for (;;) {
    const blocker = await listening(0);
    const { port } = blocker.address() as AddressInfo;
    const before = await listening(port - 1).catch(() => undefined);
    if (before) {
      await new Promise((resolve) => before.close(resolve));
      return { blocker, port };
    }
    await new Promise((resolve) => blocker.close(resolve));
  }
}

describe('a running stack', () => {
  it('writes all addresses into a file that only its owner can read', async () => {
    const { endpoints, dataDirectory } = await started();
    const path = join(dataDirectory, 'endpoints.json');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(endpoints);
    for (const name of ['endpoints.json', 'account.json', 'root.json']) {
      expect((statSync(join(dataDirectory, name)).mode & 0o777).toString(8)).toBe('600');
    }
    expect(endpoints).toMatchObject({
      region: 'eu-central-1',
      bucket: expect.stringMatching(/^media-library-/),
    });
    expect(new Set(endpoints.users.map((user) => user.workspace_id)).size).toBe(2);
    for (const service of ['api', 's3', 'sts', 'dynamodb', 'cognito', 'page'] as const) {
      expect(endpoints[service]).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    }
  });

  it('shows the library on its page', async () => {
    const { endpoints } = await started();
    const page = await fetch(endpoints.page);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const css = await fetch(`${endpoints.page}/library.css`);
    expect(css.status).toBe(200);
  });

  it('marks a file whose object is removed', async () => {
    const log: LogEntry[] = [];
    const { endpoints } = await started({ ephemeral: true, log: (entry) => log.push(entry) });
    const { api, bucket } = endpoints;
    const { workspace_id: workspace } = firstUser(endpoints);
    const token = await tokenOf(endpoints);
    const library = `${api}/media/api/v1/workspaces/${workspace}`;
    const bytes = Buffer.from('the bytes of a photo');
    const fingerprint = createHash('md5').update(bytes).digest('hex');
    const tiny = `${fingerprint}_2026_4_12_9_31_8`;
    const sts = await post(`${api}/storage/api/v1/workspaces/${workspace}/sts`, {}, token);
    const object = { Bucket: bucket, Key: `${sts.data['object_key_prefix']}/DJI_0001.JPG` };
    const client = storage(endpoints);
    const { VersionId } = await client.send(new PutObjectCommand({ ...object, Body: bytes }));
    const callback = {
      result: 0,
      fingerprint,
      name: 'DJI_0001.JPG',
      path: '',
      object_key: object.Key,
      ext: { tinny_fingerprint: tiny },
    };
    expect(await post(`${library}/upload-callback`, callback, token)).toMatchObject({ status: 200, code: 0 });
    const known = async () =>
      (await post(`${library}/files/tiny-fingerprints`, { tiny_fingerprints: [tiny] }, token)).data[
        'tiny_fingerprints'
      ];
    expect(await known()).toEqual([tiny]);
    await client.send(new DeleteObjectCommand({ ...object, VersionId }));
    await expect.poll(known, { timeout: 10_000 }).toEqual([]);
    client.destroy();
    expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('deletes its data at the end when it is ephemeral', async () => {
    const { dataDirectory } = await started();
    expect(existsSync(dataDirectory)).toBe(true);
    await running.pop()?.close();
    expect(existsSync(dataDirectory)).toBe(false);
  });
});

describe('a restart', () => {
  it('keeps users, passwords, sessions, names and objects', async () => {
    const dataDirectory = join(folder, 'restart');
    const { endpoints: before } = await started({ dataDirectory });
    const object = { Bucket: before.bucket, Key: 'kept' };
    const client = storage(before);
    await client.send(new PutObjectCommand({ ...object, Body: 'bytes' }));
    client.destroy();
    const token = await tokenOf(before);
    const { workspace_id: workspace } = firstUser(before);
    await running.pop()?.close();

    const { endpoints: after } = await started({ dataDirectory });
    const lasting = ({
      bucket,
      table,
      user_pool_id,
      user_pool_client_id,
      users,
      docks,
      root,
    }: Endpoints) => ({
      bucket,
      table,
      user_pool_id,
      user_pool_client_id,
      users,
      docks,
      root,
    });
    expect(lasting(after)).toEqual(lasting(before));
    const again = storage(after);
    const { Body } = await again.send(new GetObjectCommand(object));
    expect(await Body?.transformToString()).toBe('bytes');
    again.destroy();
    expect(await tokenOf(after)).toMatch(/^eyJ/);
    const tiny = `${after.api}/media/api/v1/workspaces/${workspace}/files/tiny-fingerprints`;
    expect(await post(tiny, { tiny_fingerprints: [] }, token)).toMatchObject({ status: 200 });
  });
});

describe('a second start', () => {
  it('with the same data folder reports who uses it, until that one ends', async () => {
    const dataDirectory = join(folder, 'twice');
    const first = await started({ dataDirectory });
    await expect(startLocalStack({ port: 0, dataDirectory })).rejects.toThrow(
      `The data folder ${dataDirectory} is in use by process ${process.pid} (${first.endpoints.api})`,
    );
    await running.pop()?.close();
    await started({ dataDirectory });
  });

  it('with a port that is taken reports port and service, and leaves no files', async () => {
    const { blocker, port } = await blockedPort();
    const dataDirectory = join(folder, 'port');
    const start = () => startLocalStack({ port: port - 1, dataDirectory });
    await expect(start()).rejects.toThrow(`Port ${port} (S3) is in use by another program`);
    await expect(start()).rejects.toThrow('Port');
    await new Promise((resolve) => blocker.close(resolve));
    await started({ dataDirectory });
  });
});
