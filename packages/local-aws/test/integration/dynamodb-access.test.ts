import type { AddressInfo } from 'node:net';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoDb, type TableDefinition } from '../../dynamodb/dynamodb.ts';
import type { LocalService } from '../../http/local-service.ts';
import { Identities, type Identity } from '../../iam/identities.ts';
import type { PolicyStatement } from '../../iam/policy.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const arn = (path: string) => `arn:aws:dynamodb:${region}:${accountId}:table/${path}`;

const table = (name: string): TableDefinition => ({
  name,
  keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'flight', AttributeType: 'S' },
  ],
  globalSecondaryIndexes: [
    {
      IndexName: 'by-flight',
      KeySchema: [{ AttributeName: 'flight', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
});

const identities = new Identities({ root });
let now = () => new Date();
let service: LocalService;
const clients: DynamoDBClient[] = [];

const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }) => {
  const { port } = service.server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials,
    maxAttempts: 1,
  });
  clients.push(client);
  return client;
};

/** A session of a role that has these statements and no others. */
const sessionOf = (name: string, statements: PolicyStatement[]): Identity => {
  const roleArn = `arn:aws:iam::${accountId}:role/${name}`;
  identities.addRole({
    arn: roleArn,
    name,
    trustPolicy: {
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    },
    policies: [{ Version: '2012-10-17', Statement: statements }],
    maxSessionDurationInSeconds: 3600,
  });
  return identities.mintForRole(roleArn, { sessionName: 'test', durationInSeconds: 900 });
};

const clientWith = (
  name: string,
  Action: string[],
  Resource: string[],
  Condition?: PolicyStatement['Condition'],
) => clientOf(sessionOf(name, [{ Effect: 'Allow', Action, Resource, ...(Condition ? { Condition } : {}) }]));

const denied = { name: 'AccessDeniedException' };

beforeAll(async () => {
  service = await createDynamoDb({
    identities,
    region,
    accountId,
    tables: [table('media'), table('other')],
    clock: () => now(),
  });
  await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
  const administrator = clientOf(root);
  for (const TableName of ['media', 'other']) {
    await administrator.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, flight: { S: 'f' } } }));
  }
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await service.close();
});

describe('a role', () => {
  it('may do what its policy allows, and nothing else', async () => {
    const reader = clientWith('reader', ['dynamodb:GetItem'], [arn('media')]);
    const Key = { pk: { S: 'a' } };
    expect((await reader.send(new GetItemCommand({ TableName: 'media', Key }))).Item).toBeDefined();
    await expect(reader.send(new PutItemCommand({ TableName: 'media', Item: Key }))).rejects.toMatchObject(
      denied,
    );
    await expect(reader.send(new ScanCommand({ TableName: 'media' }))).rejects.toMatchObject(denied);
    await expect(reader.send(new DeleteTableCommand({ TableName: 'media' }))).rejects.toMatchObject(denied);
  });

  it('gets the caller, action and table in the refusal', async () => {
    const reader = clientWith('told', ['dynamodb:GetItem'], [arn('media')]);
    const get = reader.send(new GetItemCommand({ TableName: 'other', Key: { pk: { S: 'a' } } }));
    await expect(get).rejects.toMatchObject({
      ...denied,
      message: expect.stringMatching(/assumed-role\/told\/test .* dynamodb:GetItem .*:table\/other/),
    });
  });

  it('cannot find out whether another table exists', async () => {
    const reader = clientWith('curious', ['dynamodb:DescribeTable'], [arn('media')]);
    for (const TableName of ['other', 'nowhere']) {
      await expect(reader.send(new DescribeTableCommand({ TableName }))).rejects.toMatchObject(denied);
    }
  });

  it('cannot list tables without permission', async () => {
    const reader = clientWith('no-list', ['dynamodb:GetItem'], [arn('media')]);
    await expect(reader.send(new ListTablesCommand({}))).rejects.toMatchObject(denied);
  });

  it('can query an index only with permission for the index', async () => {
    const query = new QueryCommand({
      TableName: 'media',
      IndexName: 'by-flight',
      KeyConditionExpression: 'flight = :flight',
      ExpressionAttributeValues: { ':flight': { S: 'f' } },
    });
    const onTable = clientWith('table-only', ['dynamodb:Query'], [arn('media')]);
    const onIndex = clientWith('with-index', ['dynamodb:Query'], [arn('media/index/*')]);
    await expect(onTable.send(query)).rejects.toMatchObject(denied);
    expect((await onIndex.send(query)).Count).toBe(1);
  });

  it('needs permission for every table of a batch', async () => {
    const partial = clientWith('batch', ['dynamodb:BatchGetItem', 'dynamodb:BatchWriteItem'], [arn('media')]);
    const Keys = [{ pk: { S: 'a' } }];
    const write = [{ PutRequest: { Item: { pk: { S: 'b' } } } }];
    await partial.send(new BatchGetItemCommand({ RequestItems: { media: { Keys } } }));
    await expect(
      partial.send(new BatchGetItemCommand({ RequestItems: { media: { Keys }, other: { Keys } } })),
    ).rejects.toMatchObject(denied);
    await expect(
      partial.send(new BatchWriteItemCommand({ RequestItems: { media: write, other: write } })),
    ).rejects.toMatchObject(denied);
    const { Item } = await clientOf(root).send(
      new GetItemCommand({ TableName: 'media', Key: { pk: { S: 'b' } } }),
    );
    expect(Item).toBeUndefined();
  });

  it('is limited to its partition keys by dynamodb:LeadingKeys, in reads, writes, queries and batches', async () => {
    const own = clientWith(
      'leading',
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:BatchGetItem',
        'dynamodb:BatchWriteItem',
      ],
      [arn('media')],
      {
        'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['own#*'] },
        Null: { 'dynamodb:LeadingKeys': 'false' },
      },
    );
    const attempts = (pk: string) => [
      () => own.send(new GetItemCommand({ TableName: 'media', Key: { pk: { S: pk } } })),
      () => own.send(new PutItemCommand({ TableName: 'media', Item: { pk: { S: pk } } })),
      () =>
        own.send(
          new QueryCommand({
            TableName: 'media',
            KeyConditionExpression: '#pk = :pk',
            ExpressionAttributeNames: { '#pk': 'pk' },
            ExpressionAttributeValues: { ':pk': { S: pk } },
          }),
        ),
      () =>
        own.send(
          new BatchGetItemCommand({
            RequestItems: { media: { Keys: [{ pk: { S: 'own#2' } }, { pk: { S: pk } }] } },
          }),
        ),
      () =>
        own.send(
          new BatchWriteItemCommand({
            RequestItems: {
              media: [
                { DeleteRequest: { Key: { pk: { S: pk } } } },
                { PutRequest: { Item: { pk: { S: 'own#2' } } } },
              ],
            },
          }),
        ),
    ];
    for (const attempt of attempts('own#1')) await attempt();
    for (const attempt of attempts('foreign#1')) await expect(attempt()).rejects.toMatchObject(denied);
  });
});

describe('a signature', () => {
  it('is required', async () => {
    const { port } = service.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: {
        'x-amz-target': 'DynamoDB_20120810.ListTables',
        'content-type': 'application/x-amz-json-1.0',
      },
      body: '{}',
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-requestid')).toBeTruthy();
    expect(await response.json()).toMatchObject({
      __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
    });
  });

  it('by a wrong secret, an unknown key or for another region is refused', async () => {
    const { port } = service.server.address() as AddressInfo;
    const list = (accessKeyId: string, secretAccessKey: string, signedRegion = region) => {
      const client = new DynamoDBClient({
        endpoint: `http://127.0.0.1:${port}`,
        region: signedRegion,
        credentials: { accessKeyId, secretAccessKey },
        maxAttempts: 1,
      });
      clients.push(client);
      return client.send(new ListTablesCommand({}));
    };
    await expect(list(root.accessKeyId, 'guess')).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    await expect(list('AKIANOBODY', 'guess')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
    await expect(list(root.accessKeyId, root.secretAccessKey, 'us-east-1')).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
  });

  it('by an expired credential is refused', async () => {
    const session = sessionOf('expiring', [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }]);
    const client = clientOf(session);
    await client.send(new ListTablesCommand({}));
    now = () => new Date(Date.now() + 901_000);
    try {
      const late = new DynamoDBClient({
        endpoint: `http://127.0.0.1:${(service.server.address() as AddressInfo).port}`,
        region,
        credentials: session,
        maxAttempts: 1,
        systemClockOffset: 901_000,
      });
      clients.push(late);
      await expect(late.send(new ListTablesCommand({}))).rejects.toMatchObject({
        name: 'ExpiredTokenException',
      });
    } finally {
      now = () => new Date();
    }
  });
});
