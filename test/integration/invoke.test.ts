import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DemoDock } from '../../local/endpoints.ts';
import { fixture } from '../fixtures/fixture.ts';
import { TestStack } from './stack-fixture.ts';

const BIN = join(import.meta.dirname, '..', '..', 'bin');
const INVOKE = join(BIN, 'invoke.ts');
const MD5 = createHash('md5').update('bytes').digest('hex');

let stack: TestStack;
let data: string;
let workspace: string;
let dock: DemoDock;

beforeAll(async () => {
  stack = await TestStack.start();
  data = mkdtempSync(join(tmpdir(), 'media-library-invoke-'));
  writeFileSync(join(data, 'endpoints.json'), JSON.stringify(stack.endpoints));
  workspace = stack.endpoints.users[0]?.workspace_id ?? '';
  dock = stack.endpoints.docks[0] as DemoDock;
});

afterAll(async () => {
  await stack.pilot();
  rmSync(data, { recursive: true, force: true });
  await stack.close();
});

/** Runs the command in a process of its own, in which nothing of this one's environment but the path is. */
function run(args: readonly string[]): Promise<{ exitCode: number; output: string; errors: string }> {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env['PATH'] } };
    execFile(process.execPath, [INVOKE, ...args], options, (error, output, errors) => {
      resolve({ exitCode: error ? Number(error.code) : 0, output, errors });
    });
  });
}

const invoke = (...args: string[]) => run([...args, '--data', data]);
const invokeFakes = (...args: string[]) => run([...args, '--fakes']);

/** What `--json` printed. */
async function json(result: ReturnType<typeof run>) {
  const { exitCode, output, errors } = await result;
  expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
  return JSON.parse(output);
}

const callNames = ({ calls }: { calls: { name: string }[] }): string[] => calls.map(({ name }) => name);

const store = (key: string) =>
  stack.s3().send(new PutObjectCommand({ Bucket: stack.endpoints.bucket, Key: key, Body: 'bytes' }));

describe('against the running local stack', () => {
  it('runs an HTTP function with its role, and prints response, log and calls', async () => {
    const key = `${workspace}/invoke/DJI_0001.JPG`;
    await store(key);
    const report = { result: 0, object_key: key, fingerprint: MD5, name: 'DJI_0001.JPG' };
    const callback = await json(
      invoke('upload-callback', '--workspace', workspace, '--body', JSON.stringify(report), '--json'),
    );
    expect(callback).toMatchObject({
      function: 'upload-callback',
      response: { status: 200, body: { code: 0, data: { object_key: key } } },
      log: [{ level: 'INFO', message: 'handled', workspace_id: workspace, status: 200 }],
    });
    expect(callNames(callback)).toContain('S3 HeadObject');

    const body = JSON.stringify({ fingerprint: MD5, name: 'DJI_0001.JPG' });
    const { exitCode, output } = await invoke('fast-upload', '--workspace', workspace, '--body', body);
    expect(exitCode).toBe(0);
    expect(output).toMatch(/^fast-upload, local stack at http:\/\/127\.0\.0\.1:\d+, [\d.]+ ms\n/);
    expect(output).toMatch(/\nResponse: 200\n {2}\{\n {4}"code": 0,/);
    expect(output).toMatch(/\nLog\n {2}\{"level":"INFO"/);
    expect(output).toMatch(/\nCalls\n(?:.*\n)* {2}S3 HeadObject {2}[\d.]+ ms\n {4}\{"Bucket":/);
  });

  it('runs an MQTT function, and shows the reply that the dock gets', async () => {
    const result = await json(invoke('config', '--gateway-sn', dock.sn, '--json'));
    expect(result).toMatchObject({
      response: null,
      sent: [
        {
          topic: `thing/product/${dock.sn}/requests_reply`,
          message: { method: 'config', data: { app_id: 'local-demo' } },
        },
      ],
    });
    expect(callNames(result)).toEqual([
      'DynamoDB Query',
      'Secrets Manager GetSecretValue',
      'IoT Data Plane Publish',
    ]);
    expect(JSON.stringify(result.calls[1].output)).not.toContain('local-demo');
  });

  it('runs the function behind an event of the bucket', async () => {
    const key = `${workspace}/invoke/never-there.JPG`;
    const result = await json(invoke('take-in-changes', '--object', key, '--json'));
    expect(result).toMatchObject({
      response: { batchItemFailures: [] },
      log: [{ message: 'handled', removed: 1 }],
    });
    expect(JSON.parse(result.event.Records[0].body)).toMatchObject({
      Records: [{ eventName: 'ObjectRemoved:Delete', s3: { object: { key } } }],
    });
    expect(callNames(result)).toContain('S3 ListObjectVersions');
  });

  it('lets a dock sign in with its password', async () => {
    const signIn = (password: string) =>
      json(invoke('authorizer', '--gateway-sn', dock.sn, '--password', password, '--json'));
    expect(await signIn(dock.password)).toMatchObject({
      response: { isAuthenticated: true, principalId: dock.sn },
    });
    expect(await signIn('wrong')).toMatchObject({ response: { isAuthenticated: false } });
  });

  it('answers a token of another workspace as the stack does', async () => {
    const claims = JSON.stringify({ sub: '1', username: 'stranger', 'cognito:groups': '[]' });
    const result = await json(
      invoke('fast-upload', '--workspace', workspace, '--claims', claims, '--body', '{}', '--json'),
    );
    expect(result.response.status).toBe(403);
  });

  it('lists the workspaces when none or an unknown one is named', async () => {
    const [first, second] = stack.endpoints.users.map(({ workspace_id }) => workspace_id);
    for (const args of [[], ['--workspace', '00000000-0000-4000-8000-00000000dead']]) {
      const { exitCode, output, errors } = await invoke('fast-upload', '--body', '{}', ...args);
      expect({ exitCode, output }).toEqual({ exitCode: 2, output: '' });
      expect(errors).toMatch(
        args.length === 0 ? /needs --workspace UUID\./ : /There is no workspace 0{8}-.*dead\./,
      );
      expect(errors).toContain(`\n  ${first}  `);
      expect(errors).toContain(`\n  ${second}  `);
    }
  });

  it('lists the docks when none is named', async () => {
    const { exitCode, errors } = await invoke('config');
    expect(exitCode).toBe(2);
    expect(errors).toContain(
      `config needs --gateway-sn SERIAL. The local stack has:\n  ${dock.sn}  of workspace`,
    );
  });

  it('says how to start a stack when none is running', async () => {
    const missing = await run(['sts', '--workspace', workspace, '--data', join(data, 'nowhere')]);
    expect(missing).toMatchObject({ exitCode: 2, output: '' });
    expect(missing.errors).toMatch(/There is no local stack in .*nowhere\. Start it with "npm start"/);

    const stopped = mkdtempSync(join(tmpdir(), 'media-library-stopped-'));
    writeFileSync(
      join(stopped, 'endpoints.json'),
      JSON.stringify({ ...stack.endpoints, page: 'http://127.0.0.1:1' }),
    );
    const { exitCode, errors } = await run(['sts', '--workspace', workspace, '--data', stopped]);
    rmSync(stopped, { recursive: true });
    expect(exitCode).toBe(2);
    expect(errors).toMatch(/does not respond\. Start it with "npm start"/);
  });
});

describe('with everything in memory', () => {
  it('runs an HTTP function with earlier reports, and shows the calls of its ports', async () => {
    const key = '00000000-0000-4000-8000-000000000000/a/b/DJI_0001.JPG';
    const report = JSON.stringify({ result: 0, object_key: key, fingerprint: MD5, name: 'DJI_0001.JPG' });
    const body = JSON.stringify({ fingerprint: MD5, name: 'DJI_0001.JPG' });
    const hit = await json(invokeFakes('fast-upload', '--recorded', report, '--body', body, '--json'));
    expect(hit).toMatchObject({
      target: 'fakes',
      response: { status: 200, body: { code: 0, data: { object_key: key } } },
    });
    expect(callNames(hit)).toEqual(expect.arrayContaining(['catalog.findByFingerprint', 'storage.find']));

    const miss = await json(invokeFakes('fast-upload', '--body', body, '--json'));
    expect(miss).toMatchObject({ response: { status: 200, body: { code: -1 } } });
  });

  it('acknowledges a report of a stored object, and refuses one with other bytes', async () => {
    const key = '00000000-0000-4000-8000-000000000000/a/b/DJI_0001.JPG';
    const file = join(data, 'report.json');
    writeFileSync(
      file,
      JSON.stringify({ result: 0, object_key: key, fingerprint: MD5, name: 'DJI_0001.JPG' }),
    );
    const statusWith = async (...stored: string[]) =>
      (await json(invokeFakes('upload-callback', ...stored, '--body', `@${file}`, '--json'))).response.status;
    expect(await statusWith('--stored', `${key}=${MD5}`)).toBe(200);
    expect(await statusWith('--stored', `${key}=${'0'.repeat(32)}`)).toBe(409);
    expect(await statusWith()).toBe(404);
  });

  it('runs an MQTT function, and shows the reply', async () => {
    const { exitCode, output } = await invokeFakes(
      'airport-organization-get',
      '--body',
      '{"device_binding_code":"1"}',
    );
    expect(exitCode).toBe(0);
    expect(output).toMatch(/\nSent to devices\n {2}thing\/product\/GATEWAY0000001\/requests_reply\n/);
    expect(output).toMatch(/\nCalls\n {2}registry\.findGateway /);
  });

  it('runs the function behind an event of the bucket', async () => {
    const result = await json(invokeFakes('take-in-changes', '--object', 'gone.jpg', '--json'));
    expect(result).toMatchObject({
      response: { batchItemFailures: [] },
      log: [{ message: 'handled', ignored: 1 }],
    });
  });

  it('reads a whole event from a file', async () => {
    const { body } = fixture('dock', 'file-upload-callback-2025');
    const file = join(data, 'event.json');
    const payload = Buffer.from(JSON.stringify(body)).toString('base64');
    writeFileSync(file, JSON.stringify({ gateway_sn: 'OTHER', payload }));
    const result = await json(invokeFakes('file-upload-callback', '--event', file, '--json'));
    expect(result).toMatchObject({
      event: { gateway_sn: 'OTHER' },
      log: expect.arrayContaining([expect.objectContaining({ message: 'refused' })]),
    });
  });

  it('requires a workspace only for routes with one', async () => {
    const body = '{"username":"pilot","password":"pilot"}';
    const login = await json(invokeFakes('login', '--body', body, '--json'));
    expect(login).toMatchObject({ response: { status: 200, body: { code: 0 } } });
    expect(login.event).not.toHaveProperty('pathParameters');
    expect(login.log[0]).not.toHaveProperty('workspace_id');
  });

  it.each([['invoke.ts'], ['admin.ts']])(
    'bin/%s ends without an error when its output is closed',
    async (command) => {
      const child = spawn(process.execPath, [join(BIN, command), '--help'], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child.stdout.destroy();
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text;
      });
      const [exitCode] = await once(child, 'close');
      expect({ exitCode, errors }).toEqual({ exitCode: 0, errors: '' });
    },
  );

  it('shows the error of a function, with exit code 1', async () => {
    const file = join(data, 'nonsense.json');
    writeFileSync(file, '{}');
    const { exitCode, output } = await invokeFakes('take-in-changes', '--event', file);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/\nError\n {2}TypeError: /);
  });
});
