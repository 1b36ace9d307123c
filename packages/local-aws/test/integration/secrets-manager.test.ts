import { mkdtemp, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LocalService } from '../../http/local-service.ts';
import { Identities } from '../../iam/identities.ts';
import { createSecretsManager, type SecretDefinition } from '../../secrets-manager/secrets-manager.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const arnOf = (name: string) => `arn:aws:secretsmanager:${region}:${accountId}:secret:${name}`;
const licence: SecretDefinition = {
  name: 'dji-licence',
  arn: arnOf('dji-licence-a1B2c3'),
  initialValue: '{"app_id":""}',
};
const empty: SecretDefinition = { name: 'later', arn: arnOf('later-d4E5f6') };

const identities = new Identities({ root });
let dataDirectory: string;
let service: LocalService | undefined;
let endpoint: string;
let administrator: SecretsManagerClient;
const clients: SecretsManagerClient[] = [];

const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => {
  const client = new SecretsManagerClient({
    endpoint,
    region,
    credentials,
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
};

async function start(secrets = [licence, empty]): Promise<void> {
  await service?.close();
  service = await createSecretsManager({ identities, region, accountId, secrets, dataDirectory });
  const { server } = service;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  administrator = clientOf(root);
}

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'local-secrets-'));
  await start();
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await service?.close();
  service = undefined;
  await rm(dataDirectory, { recursive: true });
});

const secretText = async (SecretId: string) =>
  (await administrator.send(new GetSecretValueCommand({ SecretId }))).SecretString;

describe('a secret of the template', () => {
  it('exists from the start, by name, by ARN and by ARN without the suffix', async () => {
    for (const SecretId of [licence.name, licence.arn, arnOf('dji-licence')]) {
      expect(await administrator.send(new GetSecretValueCommand({ SecretId }))).toMatchObject({
        ARN: licence.arn,
        Name: licence.name,
        SecretString: licence.initialValue,
        VersionStages: ['AWSCURRENT'],
      });
    }
  });

  it('without a value has none until one is put', async () => {
    await expect(secretText(empty.name)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringContaining('AWSCURRENT'),
    });
    await administrator.send(new PutSecretValueCommand({ SecretId: empty.name, SecretString: 'now' }));
    expect(await secretText(empty.name)).toBe('now');
  });

  it('keeps changed and generated values after a restart, under the ARN of the template', async () => {
    await administrator.send(new PutSecretValueCommand({ SecretId: empty.name, SecretString: 'put' }));
    const moved = { ...licence, arn: arnOf('dji-licence-Z9y8X7'), initialValue: 'generated again' };
    await start([moved, empty]);
    expect(await secretText(empty.name)).toBe('put');
    expect(await administrator.send(new GetSecretValueCommand({ SecretId: moved.arn }))).toMatchObject({
      ARN: moved.arn,
      SecretString: licence.initialValue,
    });
  });

  it('is in a file that only its owner can read', async () => {
    expect((await stat(join(dataDirectory, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });
});

describe('a new value', () => {
  it('becomes the current one, and the earlier one the previous', async () => {
    const SecretId = licence.name;
    const put = await administrator.send(new PutSecretValueCommand({ SecretId, SecretString: 'second' }));
    expect(await secretText(SecretId)).toBe('second');
    const previous = new GetSecretValueCommand({ SecretId, VersionStage: 'AWSPREVIOUS' });
    expect((await administrator.send(previous)).SecretString).toBe(licence.initialValue);
    const byId = new GetSecretValueCommand({ SecretId, VersionId: put.VersionId });
    expect((await administrator.send(byId)).SecretString).toBe('second');
    const { VersionIdsToStages } = await administrator.send(new DescribeSecretCommand({ SecretId }));
    expect(VersionIdsToStages?.[put.VersionId ?? '']).toEqual(['AWSCURRENT']);
    expect(Object.values(VersionIdsToStages ?? {})).toContainEqual(['AWSPREVIOUS']);
  });

  it('may be binary', async () => {
    const SecretBinary = new Uint8Array([0, 1, 254, 255]);
    await administrator.send(new PutSecretValueCommand({ SecretId: licence.name, SecretBinary }));
    const found = await administrator.send(new GetSecretValueCommand({ SecretId: licence.name }));
    expect(found.SecretBinary).toEqual(SecretBinary);
    expect(found.SecretString).toBeUndefined();
  });

  it('is stored once for a token, and refused for a token with another value', async () => {
    const put = (SecretString: string) =>
      administrator.send(
        new PutSecretValueCommand({
          SecretId: licence.name,
          SecretString,
          ClientRequestToken: 't'.repeat(32),
        }),
      );
    const first = await put('once');
    expect((await put('once')).VersionId).toBe(first.VersionId);
    await expect(put('twice')).rejects.toMatchObject({ name: 'ResourceExistsException' });
    const previous = new GetSecretValueCommand({ SecretId: licence.name, VersionStage: 'AWSPREVIOUS' });
    expect((await administrator.send(previous)).SecretString).toBe(licence.initialValue);
  });

  it('is required, and only one', async () => {
    const SecretId = licence.name;
    await expect(administrator.send(new PutSecretValueCommand({ SecretId }))).rejects.toMatchObject({
      name: 'InvalidRequestException',
    });
    await expect(
      administrator.send(
        new PutSecretValueCommand({ SecretId, SecretString: 'a', SecretBinary: new Uint8Array([1]) }),
      ),
    ).rejects.toMatchObject({ name: 'InvalidRequestException' });
  });
});

describe('a created secret', () => {
  it('has an ARN with its own suffix, also after a restart', async () => {
    const created = await administrator.send(
      new CreateSecretCommand({ Name: 'site/key', Description: 'A key', SecretString: 'value' }),
    );
    expect(created.ARN).toMatch(/:secret:site\/key-[A-Za-z0-9]{6}$/);
    await start();
    expect(await secretText(created.ARN ?? '')).toBe('value');
    const { SecretList } = await administrator.send(new ListSecretsCommand({}));
    expect(SecretList?.map((secret) => secret.Name)).toEqual(['dji-licence', 'later', 'site/key']);
    expect(SecretList?.[2]).toMatchObject({ ARN: created.ARN, Description: 'A key' });
  });

  it('exists once', async () => {
    const again = administrator.send(new CreateSecretCommand({ Name: licence.name, SecretString: 'x' }));
    await expect(again).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  it('is listed on one page', async () => {
    const first = await administrator.send(new ListSecretsCommand({ MaxResults: 1 }));
    const second = await administrator.send(
      new ListSecretsCommand({ MaxResults: 1, NextToken: first.NextToken }),
    );
    expect([first, second].map((page) => page.SecretList?.[0]?.Name)).toEqual(['dji-licence', 'later']);
    expect(second.NextToken).toBeUndefined();
  });
});

describe('access', () => {
  const sessionWith = (name: string, Action: string, Resource: string) => {
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
  const denied = { name: 'AccessDeniedException' };

  it('is limited to the secret in the policy, with any form of its id', async () => {
    const reader = sessionWith('reader', 'secretsmanager:GetSecretValue', licence.arn);
    for (const SecretId of [licence.name, licence.arn]) {
      expect((await reader.send(new GetSecretValueCommand({ SecretId }))).SecretString).toBe(
        licence.initialValue,
      );
    }
    for (const SecretId of [empty.name, empty.arn, 'unknown', '*']) {
      await expect(reader.send(new GetSecretValueCommand({ SecretId }))).rejects.toMatchObject(denied);
    }
  });

  it('to read does not include write, create or list', async () => {
    const reader = sessionWith('only-reader', 'secretsmanager:GetSecretValue', '*');
    const put = reader.send(new PutSecretValueCommand({ SecretId: licence.name, SecretString: 'mine' }));
    await expect(put).rejects.toMatchObject(denied);
    await expect(reader.send(new CreateSecretCommand({ Name: 'mine' }))).rejects.toMatchObject(denied);
    await expect(reader.send(new ListSecretsCommand({}))).rejects.toMatchObject(denied);
    expect(await secretText(licence.name)).toBe(licence.initialValue);
  });

  it('needs a signature', async () => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'x-amz-target': 'secretsmanager.GetSecretValue',
        'content-type': 'application/x-amz-json-1.1',
      },
      body: JSON.stringify({ SecretId: licence.name }),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain('app_id');
  });
});

describe('an operation or secret that does not exist', () => {
  it('is not found, or refused by name', async () => {
    await expect(secretText('unknown')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const remove = administrator.send(new DeleteSecretCommand({ SecretId: licence.name }));
    await expect(remove).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining('DeleteSecret'),
    });
  });
});
