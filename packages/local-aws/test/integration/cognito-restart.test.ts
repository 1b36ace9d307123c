import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  GetUserCommand,
  InitiateAuthCommand,
  RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Cognito, createCognito } from '../../cognito/cognito.ts';
import { Identities } from '../../iam/identities.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const UserPoolId = 'eu-central-1_People';
const ClientId = 'pilot';
const Password = 'Correct-horse-1';
const userPools = [
  {
    id: UserPoolId,
    name: 'people',
    clients: [{ id: ClientId, explicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'] }],
  },
];

let dataDirectory: string;
let cognito: Cognito | undefined;
const clients: CognitoIdentityProviderClient[] = [];

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'local-cognito-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await cognito?.close();
  cognito = undefined;
  await rm(dataDirectory, { recursive: true });
});

function clientAt(port: number): CognitoIdentityProviderClient {
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new CognitoIdentityProviderClient({ endpoint, region, credentials: root, maxAttempts: 1 });
  clients.push(client);
  return client;
}

async function start(): Promise<CognitoIdentityProviderClient> {
  await cognito?.close();
  cognito = undefined;
  cognito = await createCognito({
    identities: new Identities({ root }),
    region,
    accountId,
    userPools,
    dataDirectory,
  });
  const { server } = cognito;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return clientAt((server.address() as AddressInfo).port);
}

const create = (client: CognitoIdentityProviderClient, Username: string) =>
  client.send(new AdminCreateUserCommand({ UserPoolId, Username, MessageAction: 'SUPPRESS' }));

async function tokensOf(client: CognitoIdentityProviderClient, username: string) {
  const { AuthenticationResult } = await client.send(
    new InitiateAuthCommand({
      AuthFlow: 'USER_PASSWORD_AUTH',
      ClientId,
      AuthParameters: { USERNAME: username, PASSWORD: Password },
    }),
  );
  return {
    AccessToken: AuthenticationResult?.AccessToken,
    refresh: AuthenticationResult?.RefreshToken ?? '',
  };
}

describe('a restart', () => {
  it('keeps users, passwords, signing keys, tokens and revocations', async () => {
    const before = await start();
    await create(before, 'anna');
    await before.send(
      new AdminSetUserPasswordCommand({ UserPoolId, Username: 'anna', Password, Permanent: true }),
    );
    const [kept, revoked] = [await tokensOf(before, 'anna'), await tokensOf(before, 'anna')];
    await before.send(new RevokeTokenCommand({ ClientId, Token: revoked.refresh }));
    const keys = cognito?.jwks(UserPoolId);

    const after = await start();
    expect(cognito?.jwks(UserPoolId)).toEqual(keys);
    expect((await after.send(new GetUserCommand({ AccessToken: kept.AccessToken }))).Username).toBe('anna');
    await expect(after.send(new GetUserCommand({ AccessToken: revoked.AccessToken }))).rejects.toMatchObject({
      message: 'Access Token has been revoked',
    });
    const refreshed = await after.send(
      new InitiateAuthCommand({
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        ClientId,
        AuthParameters: { REFRESH_TOKEN: kept.refresh },
      }),
    );
    expect(refreshed.AuthenticationResult?.AccessToken).toBeTruthy();
    expect((await tokensOf(after, 'anna')).AccessToken).toBeTruthy();
  });

  it('leaves files that only their owner can read, without passwords or tokens', async () => {
    const client = await start();
    await create(client, 'anna');
    await client.send(
      new AdminSetUserPasswordCommand({ UserPoolId, Username: 'anna', Password, Permanent: true }),
    );
    const tokens = await tokensOf(client, 'anna');
    for (const name of await readdir(dataDirectory)) {
      expect((await stat(join(dataDirectory, name))).mode & 0o777).toBe(0o600);
      const content = await readFile(join(dataDirectory, name), 'utf8');
      expect(content).not.toContain(Password);
      expect(content).not.toContain(tokens.refresh);
    }
  });

  it('stops with the name of a damaged file, and does not change it', async () => {
    const path = join(dataDirectory, 'users.json');
    for (const damaged of ['{"version": 1, "pools": [', '{"version": 1, "pools": [{"id": 5}]}']) {
      await writeFile(path, damaged);
      await expect(start()).rejects.toThrow(path);
      expect(await readFile(path, 'utf8')).toBe(damaged);
    }
  });
});

describe('kill -9', () => {
  it('keeps every user whose creation was acknowledged', async () => {
    const local = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
    const script = `
      const { createCognito } = await import(${local('cognito/cognito.ts')});
      const { Identities } = await import(${local('iam/identities.ts')});
      const service = await createCognito({
        identities: new Identities({ root: ${JSON.stringify(root)} }),
        region: '${region}',
        accountId: '${accountId}',
        userPools: ${JSON.stringify(userPools)},
        dataDirectory: ${JSON.stringify(dataDirectory)},
      });
      service.server.listen(0, '127.0.0.1', () => console.log(service.server.address().port));
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output] = await once(child.stdout, 'data');
    const client = clientAt(Number(output));
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 3 }, async (_, writer) => {
      for (let number = 0; ; number++) {
        const name = `${writer}-${number}`;
        await create(client, name);
        acknowledged.push(name);
      }
    });
    const stopped = Promise.allSettled(writers);
    while (acknowledged.length < 30) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await stopped;

    const after = await start();
    for (const Username of acknowledged) {
      expect((await after.send(new AdminGetUserCommand({ UserPoolId, Username }))).Username).toBe(Username);
    }
  });
});
