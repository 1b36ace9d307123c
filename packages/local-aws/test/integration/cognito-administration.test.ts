import type { AddressInfo } from 'node:net';
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminDisableUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminRemoveUserFromGroupCommand,
  AdminSetUserPasswordCommand,
  AdminUserGlobalSignOutCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  DeleteGroupCommand,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  GetGroupCommand,
  InitiateAuthCommand,
  ListGroupsCommand,
  ListUsersCommand,
  ListUsersInGroupCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cognito, createCognito } from '../../cognito/cognito.ts';
import { Identities } from '../../iam/identities.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const UserPoolId = 'eu-central-1_People';
const ClientId = 'pilot';
const workspace = 'e3dea0f5-37f2-4d79-ae58-490af3228069';
const Password = 'correct-horse-1';

const identities = new Identities({ root });
let cognito: Cognito;
let endpoint: string;
const clients: CognitoIdentityProviderClient[] = [];
let administrator: CognitoIdentityProviderClient;

const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => {
  const client = new CognitoIdentityProviderClient({ endpoint, region, credentials, maxAttempts: 1 });
  clients.push(client);
  return client;
};

beforeAll(async () => {
  cognito = await createCognito({
    identities,
    region,
    accountId,
    userPools: [
      {
        id: UserPoolId,
        name: 'people',
        groups: [workspace],
        passwordPolicy: { minimumLength: 12, requireUppercase: false },
        clients: [
          {
            id: ClientId,
            explicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
            accessTokenValidityInSeconds: 600,
          },
        ],
      },
      { id: 'eu-central-1_Other', name: 'other', clients: [] },
    ],
  });
  await new Promise<void>((resolve) => cognito.server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(cognito.server.address() as AddressInfo).port}`;
  administrator = clientOf(root);
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await cognito.close();
});

const create = (Username: string, more: { TemporaryPassword?: string; email?: string } = {}) =>
  administrator.send(
    new AdminCreateUserCommand({
      UserPoolId,
      Username,
      MessageAction: 'SUPPRESS',
      TemporaryPassword: more.TemporaryPassword,
      UserAttributes: more.email ? [{ Name: 'email', Value: more.email }] : [],
    }),
  );

const join = (Username: string, GroupName = workspace) =>
  administrator.send(new AdminAddUserToGroupCommand({ UserPoolId, Username, GroupName }));

async function groupsInToken(username: string): Promise<unknown> {
  const { AuthenticationResult } = await administrator.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId,
      AuthParameters: { USERNAME: username, PASSWORD: Password },
    }),
  );
  return decodeJwt(AuthenticationResult?.AccessToken ?? '')['cognito:groups'];
}

describe('users', () => {
  it('are created with a temporary password, and have a status', async () => {
    const { User } = await create('anna', { TemporaryPassword: Password, email: 'anna@example.com' });
    expect(User).toMatchObject({ Username: 'anna', Enabled: true, UserStatus: 'FORCE_CHANGE_PASSWORD' });
    expect(User?.UserCreateDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);

    const Username = 'anna';
    await administrator.send(
      new AdminSetUserPasswordCommand({ UserPoolId, Username, Password, Permanent: true }),
    );
    await administrator.send(new AdminDisableUserCommand({ UserPoolId, Username }));
    const user = await administrator.send(new AdminGetUserCommand({ UserPoolId, Username }));
    expect(user).toMatchObject({ Username, Enabled: false, UserStatus: 'CONFIRMED' });
    expect(user.UserAttributes).toContainEqual({ Name: 'email', Value: 'anna@example.com' });
    expect(user.UserAttributes?.map(({ Name }) => Name)).toContain('sub');
  });

  it('are created once, also by concurrent calls', async () => {
    const attempts = await Promise.allSettled([create('twin'), create('twin'), create('twin')]);
    const refused = attempts.filter((attempt) => attempt.status === 'rejected').map(({ reason }) => reason);
    expect(refused).toHaveLength(2);
    for (const reason of refused) expect(reason).toMatchObject({ name: 'UsernameExistsException' });
  });

  it('may have the name of a property of every object', async () => {
    await create('__proto__');
    await create('constructor');
    const user = await administrator.send(new AdminGetUserCommand({ UserPoolId, Username: '__proto__' }));
    expect(user.Username).toBe('__proto__');
  });

  it('need a password that fulfils the policy, which the refusal quotes', async () => {
    await create('weak');
    const set = (password: string) =>
      administrator.send(
        new AdminSetUserPasswordCommand({
          UserPoolId,
          Username: 'weak',
          Password: password,
          Permanent: true,
        }),
      );
    for (const [password, rule] of [
      ['short-1', 'not long enough'],
      ['NO-LOWER-CASE-1', 'lowercase'],
      ['no-digits-here', 'numeric'],
      ['nosymbolshere1', 'symbol'],
      [' space-before-1', 'space'],
    ] as const) {
      await expect(set(password)).rejects.toMatchObject({
        name: 'InvalidPasswordException',
        message: expect.stringContaining(rule),
      });
    }
    await set(Password);
    await expect(create('weak-too', { TemporaryPassword: 'short-1' })).rejects.toMatchObject({
      name: 'InvalidPasswordException',
    });
  });

  it('that do not exist are not found', async () => {
    const Username = 'nobody';
    for (const command of [
      new AdminGetUserCommand({ UserPoolId, Username }),
      new AdminDeleteUserCommand({ UserPoolId, Username }),
      new AdminDisableUserCommand({ UserPoolId, Username }),
      new AdminUserGlobalSignOutCommand({ UserPoolId, Username }),
      new AdminListGroupsForUserCommand({ UserPoolId, Username }),
    ]) {
      await expect(administrator.send(command as AdminGetUserCommand)).rejects.toMatchObject({
        name: 'UserNotFoundException',
      });
    }
  });

  it('are listed in pages, each once, and found by a filter', async () => {
    for (let number = 0; number < 5; number++)
      await create(`page-${number}`, { email: `p${number}@pages.example` });
    const seen: (string | undefined)[] = [];
    let PaginationToken: string | undefined;
    do {
      const page = await administrator.send(new ListUsersCommand({ UserPoolId, Limit: 2, PaginationToken }));
      expect(page.Users?.length).toBeLessThanOrEqual(2);
      seen.push(...(page.Users ?? []).map((user) => user.Username));
      PaginationToken = page.PaginationToken;
    } while (PaginationToken);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.filter((name) => name?.startsWith('page-'))).toHaveLength(5);

    const found = async (Filter: string) =>
      (await administrator.send(new ListUsersCommand({ UserPoolId, Filter }))).Users?.map(
        (user) => user.Username,
      );
    expect(await found('email = "p3@pages.example"')).toEqual(['page-3']);
    expect(await found('username ^= "page-"')).toHaveLength(5);
    await expect(found('nonsense')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  it('are refused with attributes that the pool does not have, and messages that are not sent', async () => {
    const withAttribute = administrator.send(
      new AdminCreateUserCommand({
        UserPoolId,
        Username: 'odd',
        MessageAction: 'SUPPRESS',
        UserAttributes: [{ Name: 'shoe_size', Value: '43' }],
      }),
    );
    await expect(withAttribute).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('shoe_size'),
    });
    const withMessage = administrator.send(new AdminCreateUserCommand({ UserPoolId, Username: 'odd' }));
    await expect(withMessage).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('SUPPRESS'),
    });
  });
});

describe('groups', () => {
  it('of the template exist from the start; others are created, found, listed and deleted', async () => {
    const { Group } = await administrator.send(
      new CreateGroupCommand({ UserPoolId, GroupName: 'team', Description: 'A team', Precedence: 2 }),
    );
    expect(Group).toMatchObject({ GroupName: 'team', UserPoolId, Description: 'A team', Precedence: 2 });
    const names = async () =>
      (await administrator.send(new ListGroupsCommand({ UserPoolId }))).Groups?.map(
        (group) => group.GroupName,
      );
    expect(await names()).toEqual([workspace, 'team']);
    expect(
      (await administrator.send(new GetGroupCommand({ UserPoolId, GroupName: 'team' }))).Group,
    ).toMatchObject({
      Description: 'A team',
    });
    await administrator.send(new DeleteGroupCommand({ UserPoolId, GroupName: 'team' }));
    expect(await names()).toEqual([workspace]);
  });

  it('are in the tokens of their members, and no longer after they leave or the group is deleted', async () => {
    const Username = 'member';
    await create(Username);
    await administrator.send(
      new AdminSetUserPasswordCommand({ UserPoolId, Username, Password, Permanent: true }),
    );
    expect(await groupsInToken(Username)).toBeUndefined();

    await administrator.send(new CreateGroupCommand({ UserPoolId, GroupName: 'second' }));
    await join(Username);
    await join(Username);
    await join(Username, 'second');
    expect(await groupsInToken(Username)).toEqual([workspace, 'second']);
    const listed = await administrator.send(new AdminListGroupsForUserCommand({ UserPoolId, Username }));
    expect(listed.Groups?.map((group) => group.GroupName).sort()).toEqual([workspace, 'second']);
    const members = await administrator.send(
      new ListUsersInGroupCommand({ UserPoolId, GroupName: workspace }),
    );
    expect(members.Users?.map((user) => user.Username)).toEqual([Username]);

    await administrator.send(new DeleteGroupCommand({ UserPoolId, GroupName: 'second' }));
    expect(await groupsInToken(Username)).toEqual([workspace]);
    await administrator.send(
      new AdminRemoveUserFromGroupCommand({ UserPoolId, Username, GroupName: workspace }),
    );
    expect(await groupsInToken(Username)).toBeUndefined();
  });

  it('exist once, and are not found when they do not', async () => {
    const again = administrator.send(new CreateGroupCommand({ UserPoolId, GroupName: workspace }));
    await expect(again).rejects.toMatchObject({ name: 'GroupExistsException' });
    await create('loner');
    for (const attempt of [
      join('loner', 'nowhere'),
      administrator.send(new GetGroupCommand({ UserPoolId, GroupName: 'nowhere' })),
      administrator.send(new DeleteGroupCommand({ UserPoolId, GroupName: 'nowhere' })),
      administrator.send(new ListUsersInGroupCommand({ UserPoolId, GroupName: 'nowhere' })),
    ]) {
      await expect(attempt).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    }
  });
});

describe('a pool and its client', () => {
  it('are described as in the template', async () => {
    const { UserPool } = await administrator.send(new DescribeUserPoolCommand({ UserPoolId }));
    expect(UserPool).toMatchObject({
      Id: UserPoolId,
      Arn: `arn:aws:cognito-idp:${region}:${accountId}:userpool/${UserPoolId}`,
      Policies: { PasswordPolicy: { MinimumLength: 12, RequireUppercase: false, RequireSymbols: true } },
    });
    const { UserPoolClient } = await administrator.send(
      new DescribeUserPoolClientCommand({ UserPoolId, ClientId }),
    );
    expect(UserPoolClient).toMatchObject({
      ClientId,
      ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH'],
      AccessTokenValidity: 600,
      TokenValidityUnits: { AccessToken: 'seconds' },
      PreventUserExistenceErrors: 'ENABLED',
    });
  });

  it('are not found when they do not exist', async () => {
    const elsewhere = administrator.send(new ListUsersCommand({ UserPoolId: 'eu-central-1_Nowhere' }));
    await expect(elsewhere).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const client = administrator.send(new DescribeUserPoolClientCommand({ UserPoolId, ClientId: 'nobody' }));
    await expect(client).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  });
});

describe('administration', () => {
  const sessionWith = (name: string, Action: string[], Resource: string) => {
    const arn = `arn:aws:iam::${accountId}:role/${name}`;
    identities.addRole({
      arn,
      name,
      trustPolicy: {
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      },
      policies: [{ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource } }],
      maxSessionDurationInSeconds: 3600,
    });
    return clientOf(identities.mintForRole(arn, { sessionName: 'test', durationInSeconds: 900 }));
  };

  it('needs a signature', async () => {
    const anonymous = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'AWSCognitoIdentityProviderService.ListUsers',
        'content-type': 'application/x-amz-json-1.1',
      },
      body: JSON.stringify({ UserPoolId }),
    });
    expect(anonymous.status).toBe(400);
    expect(anonymous.headers.get('x-amzn-errortype')).toBe('MissingAuthenticationTokenException');
  });

  it('needs permission for the operation, on this pool', async () => {
    const pool = `arn:aws:cognito-idp:${region}:${accountId}:userpool/${UserPoolId}`;
    const reader = sessionWith('reader', ['cognito-idp:ListUsers'], pool);
    await reader.send(new ListUsersCommand({ UserPoolId }));
    const denied = { name: 'AccessDeniedException' };
    await expect(
      reader.send(new ListUsersCommand({ UserPoolId: 'eu-central-1_Other' })),
    ).rejects.toMatchObject(denied);
    await expect(
      reader.send(
        new AdminCreateUserCommand({ UserPoolId, Username: 'intruder', MessageAction: 'SUPPRESS' }),
      ),
    ).rejects.toMatchObject(denied);
    await expect(
      reader.send(new AdminDeleteUserCommand({ UserPoolId, Username: 'anna' })),
    ).rejects.toMatchObject(denied);
  });

  it('does not reveal whether a pool exists without permission', async () => {
    const stranger = sessionWith('stranger', ['dynamodb:GetItem'], '*');
    const list = stranger.send(new ListUsersCommand({ UserPoolId: 'eu-central-1_Nowhere' }));
    await expect(list).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('refuses a page of more than 60, and unknown parameters', async () => {
    await expect(administrator.send(new ListUsersCommand({ UserPoolId, Limit: 61 }))).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
    const withRole = administrator.send(
      new CreateGroupCommand({
        UserPoolId,
        GroupName: 'powerful',
        RoleArn: 'arn:aws:iam::123456789012:role/admin',
      }),
    );
    await expect(withRole).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('RoleArn'),
    });
  });
});
