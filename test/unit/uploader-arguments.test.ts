import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError } from '../../devices/common/arguments.ts';
import { parsePilotArguments } from '../../devices/pilot/arguments.ts';
import { resolveTarget } from '../../devices/pilot/target.ts';

let folder: string;
const WORKSPACE = '3b0e4f3c-2a6e-4a4a-9d5b-0a1f5f3b7c11';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploader-arguments-'));
  await writeFile(join(folder, 'a.jpg'), 'x');
});
afterAll(() => rm(folder, { recursive: true }));

describe('the command line', () => {
  it('requires only a folder', () => {
    expect(parsePilotArguments(['--from', folder])).toEqual({
      from: folder,
      concurrency: 8,
      partSizeInBytes: 8 * 1024 * 1024,
      trustNames: false,
      json: false,
      dataDirectory: '.local',
    });
  });

  it('accepts all other options', () => {
    const argv = [
      '--from',
      folder,
      '--api',
      'https://library.example/',
      '--user',
      'ana',
      '--password',
      'secret',
    ];
    const more = [
      '--workspace',
      WORKSPACE.toUpperCase(),
      '--concurrency',
      '6',
      '--part-size',
      '16',
      '--trust-names',
      '--json',
    ];
    expect(parsePilotArguments([...argv, ...more, '--data', '/tmp/x'])).toEqual({
      from: folder,
      api: 'https://library.example',
      username: 'ana',
      password: 'secret',
      workspaceId: WORKSPACE,
      concurrency: 6,
      partSizeInBytes: 16 * 1024 * 1024,
      trustNames: true,
      json: true,
      dataDirectory: '/tmp/x',
    });
  });

  it('has a help text', () => {
    expect(parsePilotArguments(['--help'])).toBe('help');
  });

  it.each([
    [[], /--from DIR is missing/],
    [['--from', '/no/such/folder'], /there is no folder/],
    [['--from', '.', '--api', 'library.example'], /--api takes an address/],
    [['--from', '.', '--api', 'ftp://library.example'], /--api takes an address/],
    [['--from', '.', '--workspace', '*'], /--workspace takes a UUID/],
    [['--from', '.', '--concurrency', '0'], /--concurrency takes a whole number from 1 to 32/],
    [['--from', '.', '--concurrency', '1.5'], /--concurrency/],
    [['--from', '.', '--concurrency', 'many'], /--concurrency/],
    [['--from', '.', '--part-size', '4'], /--part-size takes a whole number from 5 to 1024/],
    [['--from', '.', '--colour'], /--colour/],
    [['--from', '.', 'another'], /another/],
    [['--from'], /--from/],
  ])('refuses %j', (argv, message) => {
    const parse = () => parsePilotArguments(argv);
    expect(parse).toThrow(ArgumentError);
    expect(parse).toThrow(message);
  });

  it('refuses a file where a folder is wanted', () => {
    expect(() => parsePilotArguments(['--from', join(folder, 'a.jpg')])).toThrow(/takes a folder/);
  });
});

describe('resolveTarget', () => {
  const request = { dataDirectory: '', environment: {}, askPassword: undefined };

  const withLocalStack = async () => {
    const users = [
      { username: 'demo', password: 'demo-password', workspace_id: WORKSPACE },
      { username: 'other', password: 'other-password', workspace_id: WORKSPACE },
    ];
    const api = 'http://127.0.0.1:9700';
    await writeFile(join(folder, 'endpoints.json'), JSON.stringify({ api, users }));
    return { ...request, dataDirectory: folder };
  };

  it('is the local stack and its first demo user by default', async () => {
    expect(await resolveTarget(await withLocalStack())).toEqual({
      api: 'http://127.0.0.1:9700',
      username: 'demo',
      password: 'demo-password',
    });
  });

  it('accepts the other demo users', async () => {
    const target = await resolveTarget({ ...(await withLocalStack()), username: 'other' });
    expect(target.password).toBe('other-password');
  });

  it('says what to do without a local stack', async () => {
    await expect(resolveTarget({ ...request, dataDirectory: '/no/such/folder' })).rejects.toThrow(
      /start the local stack with "npm start", or give the address with --api/,
    );
  });

  it('does not send the demo password to another address', async () => {
    const elsewhere = { ...(await withLocalStack()), api: 'https://library.example', username: 'demo' };
    await expect(resolveTarget(elsewhere)).rejects.toThrow(
      /No password for demo: set DJI_MEDIA_LIBRARY_PASSWORD/,
    );
    await expect(resolveTarget({ ...elsewhere, username: undefined as never })).rejects.toThrow(
      /--user is missing/,
    );
  });

  it('has the password from the command line, then the environment, then the terminal', async () => {
    const elsewhere = { ...request, api: 'https://library.example', username: 'ana' };
    const environment = { DJI_MEDIA_LIBRARY_PASSWORD: 'from the environment' };
    const askPassword = async () => 'typed';
    const password = async (more: object) =>
      (await resolveTarget({ ...elsewhere, askPassword, ...more })).password;
    expect(await password({ password: 'given', environment })).toBe('given');
    expect(await password({ environment })).toBe('from the environment');
    expect(await password({})).toBe('typed');
  });
});
