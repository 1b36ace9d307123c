import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runAdmin } from '../../admin/program.ts';
import { TestStack } from './stack-fixture.ts';

let stack: TestStack;
let data: string;

beforeAll(async () => {
  stack = await TestStack.start();
  data = mkdtempSync(join(tmpdir(), 'media-library-admin-'));
  writeFileSync(join(data, 'endpoints.json'), JSON.stringify(stack.endpoints));
});

afterAll(async () => {
  await stack.pilot();
  rmSync(data, { recursive: true, force: true });
  await stack.close();
});

/** Runs a command line against the test's stack. */
async function admin(...args: string[]) {
  let output = '';
  let errors = '';
  const exitCode = await runAdmin(
    [...args, '--data', data],
    { write: (text: string) => (output += text) },
    { write: (text: string) => (errors += text) },
  );
  return { exitCode, output, errors, json: () => JSON.parse(output) };
}

const login = async (username: string, password: string) => {
  const answer = await fetch(`${stack.endpoints.api}/manage/api/v1/login`, {
    method: 'POST',
    body: JSON.stringify({ username, password, flag: 2 }),
  });
  return (await answer.json()) as { code: number; data: { workspace_id: string } };
};

/** Whether the broker lets a dock in. */
const connects = async (sn: string, password: string): Promise<boolean> => {
  const client = mqtt.connect(stack.endpoints.mqtt, {
    username: sn,
    password,
    clientId: sn,
    reconnectPeriod: 0,
  });
  const connected = await new Promise<boolean>((resolve) => {
    client.once('connect', () => resolve(true));
    client.once('error', () => resolve(false));
  });
  await client.endAsync(true);
  return connected;
};

const newWorkspace = async (): Promise<string> =>
  (await admin('workspace', 'create', '--name', 'Survey', '--json')).json().workspace_id;

test('a workspace and a user that were made by command line can sign in, until the user is disabled', async () => {
  const workspaceId = await newWorkspace();
  expect((await admin('workspace', 'list', '--json')).json()).toContainEqual({
    workspace_id: workspaceId,
    name: 'Survey',
  });

  const username = `pilot-${randomUUID()}`;
  const user = (
    await admin('user', 'create', '--username', username, '--workspace', workspaceId, '--json')
  ).json();
  expect(await login(username, user.password)).toMatchObject({
    code: 0,
    data: { workspace_id: workspaceId },
  });
  expect((await admin('user', 'list', '--workspace', workspaceId)).output).toContain(username);

  expect((await admin('user', 'disable', '--username', username)).exitCode).toBe(0);
  expect((await login(username, user.password)).code).not.toBe(0);
});

test('a dock gets in with the password that was printed, and only with the newest', async () => {
  const workspaceId = await newWorkspace();
  const sn = `ADMINDOCK${Date.now()}`;
  const created = (await admin('dock', 'create', '--sn', sn, '--workspace', workspaceId, '--json')).json();
  expect(created).toMatchObject({
    sn,
    username: sn,
    workspace_id: workspaceId,
    mqtt_address: stack.endpoints.mqtt,
  });
  expect(await connects(sn, created.password)).toBe(true);

  const rotated = (await admin('dock', 'rotate', '--sn', sn, '--json')).json();
  expect(await connects(sn, created.password)).toBe(false);
  expect(await connects(sn, rotated.password)).toBe(true);

  await admin('dock', 'revoke', '--sn', sn);
  expect(await connects(sn, rotated.password)).toBe(false);
  expect((await admin('dock', 'list', '--workspace', workspaceId, '--json')).json()).toMatchObject([
    { sn, revoked: true },
  ]);
});

test('no password is kept where somebody could read it', async () => {
  const workspaceId = await newWorkspace();
  const sn = `HASHDOCK${Date.now()}`;
  const { password } = (
    await admin('dock', 'create', '--sn', sn, '--workspace', workspaceId, '--json')
  ).json();
  const { Items } = await stack.dynamoDb().send(new ScanCommand({ TableName: stack.endpoints.table }));
  const items = JSON.stringify(Items);
  expect(items).toContain(sn);
  expect(items).not.toContain(password);
});

test('a serial number that is registered already stays with its workspace', async () => {
  const sn = `TWICE${Date.now()}`;
  await admin('dock', 'create', '--sn', sn, '--workspace', await newWorkspace());
  const second = await admin('dock', 'create', '--sn', sn, '--workspace', await newWorkspace());
  expect(second).toMatchObject({ exitCode: 1, output: '' });
  expect(second.errors).toMatch(/registered already/);
});

test.each([
  [['dock', 'create', '--sn', 'A'], 2, /required option '--workspace <uuid>' not specified/],
  [['dock', 'create', '--sn', 'A B', '--workspace', randomUUID()], 2, /letters and digits/],
  [['dock', 'create', '--sn', 'A', '--workspace', 'Survey'], 2, /lower-case UUID/],
  [['dock', 'create', '--sn', 'A', '--workspace', randomUUID()], 1, /no workspace/],
  [['dock', 'revoke', '--sn', 'NOBODY'], 1, /not registered/],
  [['user', 'disable', '--username', 'nobody'], 1, /no user nobody/],
  [['user', 'create', '--username', 'x', '--workspace', randomUUID()], 1, /no workspace/],
  [['dock', 'lost'], 2, /unknown command 'lost'/],
  [['workspace', 'list', '--sn', 'A'], 2, /unknown option '--sn'/],
  [['workspace', 'list', '--nonsense'], 2, /unknown option '--nonsense'/],
  [['workspace', 'create', '--name', ''], 2, /must not be empty/],
  [['workspace', 'list', 'Survey'], 2, /too many arguments/],
  [['dock'], 2, /dock rotate --sn <serial>/],
  [['workspace', 'list', '--outputs', '/nowhere.json'], 1, /Cannot read/],
])('%j is refused with a sentence and exit code %i', async (args, exitCode, sentence) => {
  const answer = await admin(...args);
  expect(answer).toMatchObject({ exitCode, output: '' });
  expect(answer.errors).toMatch(sentence);
});

test('the help shows every command with the options that it needs, and help for one command shows all of its options', async () => {
  const help = await admin('--help');
  expect(help).toMatchObject({ exitCode: 0, errors: '' });
  for (const command of [
    'workspace create --name <name>',
    'workspace list',
    'user create --username <name> --workspace <uuid>',
    'user list',
    'user disable --username <name>',
    'dock create --sn <serial> --workspace <uuid>',
    'dock list --workspace <uuid>',
    'dock rotate --sn <serial>',
    'dock revoke --sn <serial>',
    'reconcile',
  ]) {
    expect(help.output).toContain(`  ${command} `);
  }
  const { exitCode, output } = await admin('user', 'create', '--help');
  expect(exitCode).toBe(0);
  expect(output).toMatch(/--password <password>/);
  expect(output).toMatch(/--outputs <file>/);
});
