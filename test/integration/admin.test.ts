import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import mqtt from 'mqtt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openInstallation } from '../../admin/installation.ts';
import { createUser } from '../../admin/people.ts';
import { runAdmin } from '../../admin/program.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
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

test('a workspace and a user created by command line can sign in, until the user is disabled', async () => {
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

test('a signed-out user, or one with a new password, cannot renew a token, and can sign in again', async () => {
  const workspaceId = await newWorkspace();
  const username = `lost-${randomUUID()}`;
  const create = ['user', 'create', '--username', username, '--workspace', workspaceId, '--json'];
  let { password } = (await admin(...create)).json();
  const signIn = async () => stack.keepTokens(await stack.signIn(username, password));
  const renewals = async ({ access_token, refresh_token }: Awaited<ReturnType<typeof signIn>>) => {
    const path = '/manage/api/v1/token/refresh';
    const byAccess = await stack.request(path, { token: access_token });
    const byRefresh = await stack.request(path, { body: { refresh_token } });
    for (const answer of [byAccess, byRefresh]) stack.keepTokens(answer);
    return [byAccess.status, byRefresh.status];
  };

  expect(await renewals(await signIn())).toEqual([200, 200]);
  const lost = await signIn();
  expect((await admin('user', 'sign-out', '--username', username)).exitCode).toBe(0);
  expect(await renewals(lost)).toEqual([401, 401]);

  const former = { password, session: await signIn() };
  password = (await admin('user', 'reset-password', '--username', username, '--json')).json().password;
  expect((await login(username, former.password)).code).not.toBe(0);
  expect(await renewals(former.session)).toEqual([401, 401]);
  expect(await renewals(await signIn())).toEqual([200, 200]);

  const last = await signIn();
  expect((await admin('user', 'delete', '--username', username)).exitCode).toBe(0);
  expect(await renewals(last)).toEqual([401, 401]);
  expect((await login(username, password)).code).not.toBe(0);
  expect((await admin(...create)).exitCode).toBe(0);
});

test('a password that does not fulfil the policy creates no user, and keeps the old password', async () => {
  const workspaceId = await newWorkspace();
  const username = `weak-${randomUUID()}`;
  const create = ['user', 'create', '--username', username, '--workspace', workspaceId];
  const weak = await admin(...create, '--password', 'short');
  expect(weak).toMatchObject({ exitCode: 1, output: '' });
  expect(weak.errors).toMatch(/does not fit the policy/);
  const { password } = (await admin(...create, '--json')).json();
  const reset = await admin('user', 'reset-password', '--username', username, '--password', 'short');
  expect(reset).toMatchObject({ exitCode: 1, output: '' });
  expect((await login(username, password)).code).toBe(0);
});

test.each(['AdminSetUserPassword', 'AdminAddUserToGroup'])(
  'a user is deleted again when %s fails',
  async (operation) => {
    const workspaceId = (await newWorkspace()) as WorkspaceId;
    const installation = openInstallation({ data, outputs: undefined });
    let fails = true;
    installation.people.middlewareStack.add(
      (next, context) => async (args) => {
        if (fails && context['commandName'] === `${operation}Command`) throw new Error('the line broke');
        return next(args);
      },
      { step: 'initialize' },
    );
    const username = `undone-${randomUUID()}`;
    await expect(createUser(installation, username, workspaceId)).rejects.toThrow('the line broke');
    fails = false;
    const { password } = await createUser(installation, username, workspaceId);
    expect(await login(username, password)).toMatchObject({ code: 0, data: { workspace_id: workspaceId } });
  },
);

test('a dock can connect with the printed password, and only with the newest', async () => {
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

test('no password is stored in clear text', async () => {
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

test('a registered serial number stays in its workspace', async () => {
  const sn = `TWICE${Date.now()}`;
  await admin('dock', 'create', '--sn', sn, '--workspace', await newWorkspace());
  const second = await admin('dock', 'create', '--sn', sn, '--workspace', await newWorkspace());
  expect(second).toMatchObject({ exitCode: 1, output: '' });
  expect(second.errors).toMatch(/registered already/);
});

test.each<[string[], number, RegExp]>([
  [['dock', 'create', '--sn', 'A'], 2, /required option '--workspace <uuid>' not specified/],
  [['dock', 'create', '--sn', 'A B', '--workspace', randomUUID()], 2, /letters and digits/],
  [['dock', 'create', '--sn', 'A', '--workspace', 'Survey'], 2, /lower-case UUID/],
  [['dock', 'create', '--sn', 'A', '--workspace', randomUUID()], 1, /no workspace/],
  [['dock', 'revoke', '--sn', 'NOBODY'], 1, /not registered/],
  ...['disable', 'delete', 'sign-out', 'reset-password'].map((verb): [string[], number, RegExp] => [
    ['user', verb, '--username', 'nobody'],
    1,
    /no user nobody/,
  ]),
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

test('the help lists all commands with their required options, and the help of a command all of its options', async () => {
  const help = await admin('--help');
  expect(help).toMatchObject({ exitCode: 0, errors: '' });
  for (const command of [
    'workspace create --name <name>',
    'workspace list',
    'user create --username <name> --workspace <uuid>',
    'user list',
    'user reset-password --username <name>',
    'user sign-out --username <name>',
    'user disable --username <name>',
    'user delete --username <name>',
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
