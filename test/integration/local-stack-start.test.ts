import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Endpoints } from '../../local/endpoints.ts';
import { readEndpoints } from '../../local/endpoints.ts';

const START = fileURLToPath(new URL('../../local/start.ts', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'local-start-'));
afterAll(() => rmSync(folder, { recursive: true }));

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'close');
  }
});

/** The command in a process of its own. */
class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [START, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.ended = once(this.child, 'close').then(([exitCode]) => exitCode as number | null);
  }

  async says(text: string): Promise<void> {
    await expect.poll(() => this.output, { timeout: 60_000 }).toContain(text);
  }
}

const endpointsOf = (data: string): Endpoints => {
  const endpoints = readEndpoints(data);
  if (!endpoints) throw new Error('There is no endpoints.json');
  return endpoints;
};

const storage = ({ s3, region, root }: Endpoints) =>
  new S3Client({
    endpoint: s3,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: root.access_key_id, secretAccessKey: root.secret_access_key },
  });

describe('npm start', () => {
  it.each([
    [['--unheard-of'], "Unknown option '--unheard-of'"],
    [['--port', 'x'], '--port takes a whole number'],
    [['--port', '70000'], '--port takes a whole number'],
    [['--ephemeral', '--data', 'd'], '--ephemeral and --data exclude each other'],
    [['file'], 'Unexpected argument'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const command = new Command(...args);
    expect(await command.ended).toBe(2);
    const lines = command.output.trim().split('\n');
    expect(lines).toEqual([expect.stringContaining(message), 'npm start -- --help lists the options.']);
  });

  it('prints its help', async () => {
    const command = new Command('--help');
    expect(await command.ended).toBe(0);
    for (const option of ['--port', '--data', '--ephemeral', '--no-sample', '--once', '--host']) {
      expect(command.output).toContain(option);
    }
  });

  it('prints all addresses and the next commands, and stops on a signal', async () => {
    const data = join(folder, 'calm');
    const command = new Command('--port', '0', '--no-sample', '--data', data);
    await command.says('Ctrl-C stops the stack');
    const { api, s3, users, bucket } = endpointsOf(data);
    for (const fact of [
      api,
      s3,
      bucket,
      users[0]?.username,
      users[0]?.password,
      users[0]?.workspace_id,
      'npm run pilot',
      'aws --endpoint-url',
    ]) {
      expect(command.output).toContain(fact);
    }
    // From the terminal and once more from npm: that is one Ctrl-C.
    command.child.kill('SIGINT');
    command.child.kill('SIGINT');
    expect(await command.ended).toBe(0);
    await expect(fetch(api)).rejects.toThrow();
    expect(readFileSync(join(data, 'stack.log'), 'utf8')).not.toContain(users[0]?.password);
  });

  it('reports another running stack in one line', async () => {
    const data = join(folder, 'clash');
    const first = new Command('--port', '0', '--no-sample', '--data', data);
    await first.says('Ctrl-C stops the stack');
    const { api } = endpointsOf(data);
    const second = new Command('--port', '0', '--no-sample', '--data', data);
    expect(await second.ended).toBe(1);
    expect(second.output).toBe(
      `The data folder ${data} is in use by process ${first.child.pid} (${api}): choose another with --data\n`,
    );
    const { port } = new URL(api);
    const third = new Command('--port', port, '--no-sample', '--ephemeral');
    expect(await third.ended).toBe(1);
    expect(third.output).toBe(`Port ${port} (API) is in use by another program: choose others with --port\n`);
  });

  it('uses the next free ports when 9700 is taken, and says so', async () => {
    const blocker = createServer();
    // Whoever else has it, a stack of somebody who works here say, blocks it as well.
    const blocked = await new Promise<boolean>((resolve) => {
      blocker.once('error', () => resolve(false));
      blocker.listen(9700, '127.0.0.1', () => resolve(true));
    });
    const data = join(folder, 'other-ports');
    const command = new Command('--no-sample', '--data', data);
    await command.says('Ctrl-C stops the stack');
    const [line] = command.output.split('\n');
    const port = Number(new URL(endpointsOf(data).api).port);
    expect(line).toBe(`Port 9700 (API) is in use by another program: the stack takes ports from ${port} on.`);
    expect([port > 9700, port % 20, Number(new URL(endpointsOf(data).s3).port)]).toEqual([true, 0, port + 1]);

    const sameData = new Command('--no-sample', '--data', data);
    expect(await sameData.ended).toBe(1);
    expect(sameData.output).toMatch(
      /^The data folder .* is in use by process \d+ .*: choose another with --data\n$/,
    );

    const refused = new Command('--no-sample', '--ephemeral', '--port', '9700');
    expect(await refused.ended).toBe(1);
    expect(refused.output).toContain('choose others with --port');
    if (blocked) await new Promise((resolve) => blocker.close(resolve));
  });

  it('starts again after kill -9, with all acknowledged data', async () => {
    const data = join(folder, 'killed');
    const first = new Command('--port', '0', '--no-sample', '--data', data);
    await first.says('Ctrl-C stops the stack');
    const before = endpointsOf(data);
    const client = storage(before);
    const object = { Bucket: before.bucket, Key: 'acknowledged' };
    await client.send(new PutObjectCommand({ ...object, Body: 'bytes' }));
    client.destroy();
    first.child.kill('SIGKILL');
    await first.ended;

    const second = new Command('--port', '0', '--no-sample', '--data', data);
    await second.says('Ctrl-C stops the stack');
    const after = endpointsOf(data);
    expect(after.users).toEqual(before.users);
    const again = storage(after);
    const { Body } = await again.send(new GetObjectCommand(object));
    expect(await Body?.transformToString()).toBe('bytes');
    again.destroy();
  });

  it('uploads the sample flights once, and finds them the next time', async () => {
    const data = join(folder, 'once');
    const first = new Command('--port', '0', '--once', '--data', data);
    expect(await first.ended).toBe(0);
    expect(first.output).toMatch(/files uploaded \(\d+\.\d MB\)/);
    expect(first.output).not.toContain('failed');
    const second = new Command('--port', '0', '--once', '--data', data);
    expect(await second.ended).toBe(0);
    expect(second.output).toContain('there already.');
    expect(second.output).not.toContain('uploaded (');
  });
});
