import type { AddressInfo } from 'node:net';
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Operation } from '../../dynamodb/dynalite.ts';
import { createDynamoDb, type TableDefinition } from '../../dynamodb/dynamodb.ts';
import { openEngine } from '../../dynamodb/engine.ts';
import { deleteExpiredItems } from '../../dynamodb/expiry.ts';
import type { LocalService } from '../../http/local-service.ts';
import { Identities } from '../../iam/identities.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };

const catalog: TableDefinition = {
  name: 'catalog',
  keySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'flight', AttributeType: 'S' },
    { AttributeName: 'taken_at', AttributeType: 'N' },
  ],
  globalSecondaryIndexes: [
    {
      IndexName: 'by-flight',
      KeySchema: [
        { AttributeName: 'flight', KeyType: 'HASH' },
        { AttributeName: 'taken_at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  timeToLiveAttribute: 'expires_at',
};

let service: LocalService;
let client: DynamoDBClient;
let documents: DynamoDBDocumentClient;
const TableName = catalog.name;

beforeAll(async () => {
  service = await createDynamoDb({
    identities: new Identities({ root }),
    region,
    accountId,
    tables: [catalog],
  });
  await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
  const { port } = service.server.address() as AddressInfo;
  client = new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, region, credentials: root });
  documents = DynamoDBDocumentClient.from(client);
});

afterAll(async () => {
  client.destroy();
  await service.close();
});

describe('tables', () => {
  it('are active when the service has started, with their ARNs', async () => {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({
      TableStatus: 'ACTIVE',
      TableArn: `arn:aws:dynamodb:${region}:${accountId}:table/catalog`,
      BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-flight',
          IndexStatus: 'ACTIVE',
          IndexArn: `arn:aws:dynamodb:${region}:${accountId}:table/catalog/index/by-flight`,
        },
      ],
    });
  });

  it('are listed once, with any number of items', async () => {
    await documents.send(new PutCommand({ TableName, Item: { pk: 'listed', sk: '1' } }));
    const { TableNames } = await client.send(new ListTablesCommand({}));
    expect(TableNames).toEqual(['catalog']);
  });

  it('have their time to live in the description', async () => {
    const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' });
  });

  it('that do not exist are not found', async () => {
    const get = documents.send(new GetCommand({ TableName: 'elsewhere', Key: { pk: 'a', sk: 'b' } }));
    await expect(get).rejects.toBeInstanceOf(ResourceNotFoundException);
  });
});

describe('items', () => {
  it('are read as they were put: numbers, binaries, sets and nested values', async () => {
    const Item = {
      pk: 'w#1',
      sk: 'file',
      size: 5_368_709_120,
      altitude: -12.345678901234,
      original: true,
      raw: { ext: { 上云: ['a', null, 1.5] } },
      labels: new Set(['x', 'y']),
      digest: new Uint8Array([0, 255, 1]),
    };
    await documents.send(new PutCommand({ TableName, Item }));
    const found = await documents.send(
      new GetCommand({ TableName, Key: { pk: 'w#1', sk: 'file' }, ConsistentRead: true }),
    );
    expect(found.Item).toEqual(Item);
  });

  it('keep all 38 digits of a number', async () => {
    const exact = '12345678901234567890123456789012345678';
    await documents.send(new PutCommand({ TableName, Item: { pk: 'n', sk: 'n', big: BigInt(exact) } }));
    const { Item } = await client.send(
      new GetItemCommand({ TableName, Key: { pk: { S: 'n' }, sk: { S: 'n' } } }),
    );
    expect(Item?.['big']).toEqual({ N: exact });
  });

  it('are put only when the condition holds, and the existing item is returned on request', async () => {
    const put = (owner: string) =>
      documents.send(
        new PutCommand({
          TableName,
          Item: { pk: 'cond', sk: '1', owner },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    await put('first');
    const refused = await put('second').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ConditionalCheckFailedException);
    expect((refused as ConditionalCheckFailedException).Item).toMatchObject({ owner: { S: 'first' } });
  });

  it('are put by exactly one of many concurrent calls', async () => {
    const attempts = await Promise.allSettled(
      Array.from({ length: 40 }, (_, attempt) =>
        documents.send(
          new PutCommand({
            TableName,
            Item: { pk: 'race', sk: '1', attempt },
            ConditionExpression: 'attribute_not_exists(pk)',
          }),
        ),
      ),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('are counted by ADD and by SET with if_not_exists, without losses', async () => {
    const Key = { pk: 'counter', sk: '1' };
    await Promise.all(
      Array.from({ length: 50 }, () =>
        documents.send(
          new UpdateCommand({
            TableName,
            Key,
            UpdateExpression: 'SET #set = if_not_exists(#set, :zero) + :one ADD #add :one',
            ExpressionAttributeNames: { '#set': 'received', '#add': 'seen' },
            ExpressionAttributeValues: { ':zero': 0, ':one': 1 },
          }),
        ),
      ),
    );
    const { Item } = await documents.send(new GetCommand({ TableName, Key }));
    expect(Item).toMatchObject({ received: 50, seen: 50 });
  });

  it('are deleted, with their old values on request', async () => {
    await documents.send(new PutCommand({ TableName, Item: { pk: 'del', sk: '1', kept: 'no' } }));
    const Key = { pk: 'del', sk: '1' };
    const { Attributes } = await documents.send(
      new DeleteCommand({ TableName, Key, ReturnValues: 'ALL_OLD' }),
    );
    expect(Attributes).toMatchObject({ kept: 'no' });
    expect((await documents.send(new GetCommand({ TableName, Key }))).Item).toBeUndefined();
  });
});

describe('batches', () => {
  it('write 25 items and read 100 keys, without those that do not exist', async () => {
    const keys = Array.from({ length: 100 }, (_, number) => ({ pk: 'batch', sk: String(number) }));
    for (let start = 0; start < 75; start += 25) {
      const requests = keys.slice(start, start + 25).map((key) => ({ PutRequest: { Item: key } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { catalog: requests } }));
    }
    const { Responses } = await documents.send(
      new BatchGetCommand({ RequestItems: { catalog: { Keys: keys } } }),
    );
    expect(new Set(Responses?.['catalog']?.map((item) => item['sk']))).toEqual(
      new Set(keys.slice(0, 75).map(({ sk }) => sk)),
    );
  });

  it('refuse repeated keys', async () => {
    const Keys = [
      { pk: 'twice', sk: '1' },
      { pk: 'twice', sk: '1' },
    ];
    const get = documents.send(new BatchGetCommand({ RequestItems: { catalog: { Keys } } }));
    await expect(get).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('refuse 101 keys', async () => {
    const Keys = Array.from({ length: 101 }, (_, number) => ({ pk: 'many', sk: String(number) }));
    const get = documents.send(new BatchGetCommand({ RequestItems: { catalog: { Keys } } }));
    await expect(get).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('queries', () => {
  const flight = 'flight-7';

  beforeAll(async () => {
    for (let number = 0; number < 12; number++) {
      const Item = {
        pk: 'q',
        sk: `file#${String(number).padStart(3, '0')}`,
        flight,
        taken_at: number * 10 - 50,
      };
      await documents.send(new PutCommand({ TableName, Item }));
    }
  });

  it('return a partition in pages, in both directions, each item once', async () => {
    for (const forward of [true, false]) {
      const seen: string[] = [];
      let cursor: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeValues: { ':pk': 'q', ':prefix': 'file#' },
            ScanIndexForward: forward,
            Limit: 5,
            ExclusiveStartKey: cursor,
          }),
        );
        seen.push(...(page.Items ?? []).map((item) => String(item['sk'])));
        cursor = page.LastEvaluatedKey;
      } while (cursor);
      const expected = Array.from({ length: 12 }, (_, number) => `file#${String(number).padStart(3, '0')}`);
      expect(seen).toEqual(forward ? expected : expected.toReversed());
    }
  });

  it('find items by an index, in numeric order, with negative numbers', async () => {
    const { Items } = await documents.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-flight',
        KeyConditionExpression: 'flight = :flight AND taken_at BETWEEN :from AND :to',
        ExpressionAttributeValues: { ':flight': flight, ':from': -20, ':to': 20 },
      }),
    );
    expect(Items?.map((item) => item['taken_at'])).toEqual([-20, -10, 0, 10, 20]);
  });

  it('count without returning items', async () => {
    const answer = await documents.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': 'q' },
        Select: 'COUNT',
      }),
    );
    expect(answer.Count).toBe(12);
    expect(answer.Items).toBeUndefined();
  });

  it('do not find an item by the index key that an update removed', async () => {
    const Key = { pk: 'moved', sk: '1' };
    const inFlight = (name: string) =>
      documents.send(
        new QueryCommand({
          TableName,
          IndexName: 'by-flight',
          KeyConditionExpression: 'flight = :flight',
          ExpressionAttributeValues: { ':flight': name },
        }),
      );
    await documents.send(new PutCommand({ TableName, Item: { ...Key, flight: 'before', taken_at: 1 } }));
    await documents.send(
      new UpdateCommand({
        TableName,
        Key,
        UpdateExpression: 'SET flight = :flight',
        ExpressionAttributeValues: { ':flight': 'after' },
      }),
    );
    expect((await inFlight('before')).Count).toBe(0);
    expect((await inFlight('after')).Items).toEqual([{ ...Key, flight: 'after', taken_at: 1 }]);
  });
});

describe('an operation that is not implemented', () => {
  it('is refused by name: transactions', async () => {
    const write = documents.send(
      new TransactWriteCommand({ TransactItems: [{ Put: { TableName, Item: { pk: 't', sk: 't' } } }] }),
    );
    await expect(write).rejects.toMatchObject({
      name: 'UnknownOperationException',
      message: expect.stringContaining('TransactWriteItems'),
    });
  });

  it('is refused by name: an unsupported parameter', async () => {
    const create = client.send(
      new CreateTableCommand({
        TableName: 'streaming',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
      }),
    );
    await expect(create).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('StreamSpecification'),
    });
  });

  it('a body that is not JSON is a SerializationException', async () => {
    const { port } = service.server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.GetItem' },
      body: '{',
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('x-amzn-errortype')).toBe('SerializationException');
  });
});

describe('the engine', () => {
  it('refuses null as an attribute value', () => {
    const engine = openEngine({ region, accountId });
    expect(() => engine.prepare('PutItem', { TableName, Item: { pk: { S: 'a' }, sk: null } })).toThrow(
      'missing or of the wrong type',
    );
    engine.close();
  });

  it('writes an item and its index entries atomically, also in a BatchWriteItem', () => {
    const engine = openEngine({ region, accountId });
    engine.ensureTable(catalog);
    const run = (operation: Operation, input: object) =>
      engine.execute(operation, engine.prepare(operation, input));
    const item = (sk: string) => ({
      pk: { S: 'p' },
      sk: { S: sk },
      flight: { S: 'f' },
      taken_at: { N: '1' },
    });
    const put = engine.store.put.bind(engine.store);
    for (const failing of [2, 4]) {
      let writes = 0;
      engine.store.put = (...write) => {
        writes++;
        if (writes === failing) throw new Error('the disk has failed');
        put(...write);
      };
      const puts = ['1', '2', '3'].map((sk) => ({ PutRequest: { Item: item(sk) } }));
      expect(() => run('BatchWriteItem', { RequestItems: { catalog: puts } })).toThrow('the disk has failed');
      engine.store.put = put;
      for (const IndexName of [undefined, 'by-flight']) {
        expect(run('Scan', { TableName, ...(IndexName && { IndexName }) })).toMatchObject({ Items: [] });
      }
    }
    engine.close();
  });

  it('deletes expired items with their index entries, and no others', async () => {
    const engine = openEngine({ region, accountId });
    engine.ensureTable(catalog);
    const run = (operation: Operation, input: object) =>
      engine.execute(operation, engine.prepare(operation, { TableName, ...input }));
    const put = (sk: string, expiry: object) =>
      run('PutItem', {
        Item: { pk: { S: 'p' }, sk: { S: sk }, flight: { S: 'f' }, taken_at: { N: '1' }, ...expiry },
      });
    put('over', { expires_at: { N: '999' } });
    put('later', { expires_at: { N: '1001' } });
    put('never', {});
    put('text', { expires_at: { S: '1' } });

    await deleteExpiredItems(
      engine,
      { name: TableName, timeToLiveAttribute: 'expires_at' },
      new Date(1_000_000),
    );

    for (const IndexName of [undefined, 'by-flight']) {
      const { Items } = run('Scan', IndexName ? { IndexName } : {}) as { Items: { sk: { S: string } }[] };
      expect(Items.map((item) => item.sk.S).sort()).toEqual(['later', 'never', 'text']);
    }
    engine.close();
  });
});
