import { randomUUID } from 'node:crypto';
import {
  AdminAddUserToGroupCommand,
  CreateGroupCommand,
  GetGroupCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestStack } from './stack-fixture.ts';

const USERS = '/manage/api/v1/users/current';
const WORKSPACES = '/manage/api/v1/workspaces/current';

let stack: TestStack;
/** A user of both workspaces, in the order of their ids. */
let token: string;
let workspaces: string[];

beforeAll(async () => {
  stack = await TestStack.start();
  workspaces = [stack.user(0).workspace_id, stack.user(1).workspace_id].sort();
  const { username, password } = await stack.createUser('both', workspaces[0]);
  await stack.cognito().send(
    new AdminAddUserToGroupCommand({
      UserPoolId: stack.endpoints.user_pool_id,
      Username: username,
      GroupName: workspaces[1],
    }),
  );
  token = stack.keepTokens(await stack.signIn(username, password)).access_token;
});
afterAll(() => stack.close());

const ask = (path: string, query = '', asking = token) =>
  stack.request(path + query, { method: 'GET', token: asking });

describe('users/current', () => {
  it('returns the signed-in user, and the names of their workspaces', async () => {
    const { status, envelope } = await ask(USERS);
    expect(status).toBe(200);
    expect(envelope).toEqual({
      code: 0,
      message: 'success',
      data: {
        user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        username: 'both',
        user_type: 1,
        workspace_id: workspaces[0],
        workspaces: workspaces.map((id) => ({
          workspace_id: id,
          workspace_name: expect.not.stringContaining(id),
        })),
        mqtt_addr: expect.stringMatching(/^tcp:\/\//),
        mqtt_username: '',
        mqtt_password: '',
      },
    });
  });

  it('returns the requested workspace as the current one', async () => {
    const { envelope } = await ask(USERS, `?workspace_id=${workspaces[1]}`);
    expect(envelope).toMatchObject({ code: 0, data: { workspace_id: workspaces[1] } });
  });
});

describe('workspaces/current', () => {
  it.each([0, 1])('returns the name of workspace %i', async (index) => {
    const { status, envelope } = await ask(WORKSPACES, index > 0 ? `?workspace_id=${workspaces[index]}` : '');
    const { Group } = await stack
      .cognito()
      .send(new GetGroupCommand({ UserPoolId: stack.endpoints.user_pool_id, GroupName: workspaces[index] }));
    expect(status).toBe(200);
    expect(envelope).toEqual({
      code: 0,
      message: 'success',
      data: {
        workspace_id: workspaces[index],
        workspace_name: Group?.Description,
        workspace_desc: '',
        platform_name: 'DJI media library',
      },
    });
  });

  it('returns the id of a workspace without a name', async () => {
    const id = randomUUID();
    await stack
      .cognito()
      .send(new CreateGroupCommand({ UserPoolId: stack.endpoints.user_pool_id, GroupName: id }));
    const { username, password } = await stack.createUser('nameless', id);
    const { access_token } = stack.keepTokens(await stack.signIn(username, password));
    const { envelope } = await ask(WORKSPACES, '', access_token);
    expect(envelope).toMatchObject({ code: 0, data: { workspace_id: id, workspace_name: id } });
  });
});

describe.each([USERS, WORKSPACES])('%s', (path) => {
  it('is 403 for a workspace that the token does not list', async () => {
    const { session, workspaceId } = await stack.pilot(0);
    const foreign = workspaces.find((id) => id !== workspaceId);
    const { status, envelope } = await ask(path, `?workspace_id=${foreign}`, session.access_token);
    expect([status, envelope?.code]).toEqual([403, 403]);
  });

  it('is 400 for an invalid workspace id, and 401 without a token', async () => {
    expect((await ask(path, '?workspace_id=Survey')).status).toBe(400);
    expect((await stack.request(path, { method: 'GET' })).status).toBe(401);
    expect((await ask(path, '', 'broken')).status).toBe(401);
  });
});
