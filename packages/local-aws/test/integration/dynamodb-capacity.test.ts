import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ReturnConsumedCapacity } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CAPACITY_CHANNEL } from '../../dynamodb/capacity.ts';
import type { TableDefinition } from '../../dynamodb/dynamodb.ts';
import { type DynamoDbFixture, startDynamoDb } from './dynamodb-fixture.ts';

/** What AWS's documentation counts; no figure here comes from the code that is tested. */
const TableName = 'files';

const files: TableDefinition = {
  name: TableName,
  keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'flight', AttributeType: 'S' },
    { AttributeName: 'place', AttributeType: 'S' },
  ],
  globalSecondaryIndexes: [
    {
      IndexName: 'by-flight',
      KeySchema: [{ AttributeName: 'flight', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
    {
      IndexName: 'by-place',
      KeySchema: [{ AttributeName: 'place', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['name'] },
    },
  ],
};

let dynamoDb: DynamoDbFixture;

beforeAll(async () => {
  dynamoDb = await startDynamoDb([files]);
});
afterAll(() => dynamoDb.close());

/** So many bytes of text. */
const kilobytes = (count: number): string => 'x'.repeat(count * 1024);

const INDEXES: { TableName: string; ReturnConsumedCapacity: ReturnConsumedCapacity } = {
  TableName,
  ReturnConsumedCapacity: 'INDEXES',
};

const units = (table: number, indexes: Record<string, number> = {}) => ({
  TableName,
  CapacityUnits: Object.values(indexes).reduce((sum, of) => sum + of, table),
  Table: { CapacityUnits: table },
  ...(Object.keys(indexes).length === 0
    ? {}
    : {
        GlobalSecondaryIndexes: Object.fromEntries(
          Object.entries(indexes).map(([name, CapacityUnits]) => [name, { CapacityUnits }]),
        ),
      }),
});

async function put(Item: Record<string, unknown>) {
  return (await dynamoDb.documents.send(new PutCommand({ ...INDEXES, Item }))).ConsumedCapacity;
}

async function update(pk: string, UpdateExpression: string, values?: Record<string, unknown>) {
  const command = new UpdateCommand({
    ...INDEXES,
    Key: { pk },
    UpdateExpression,
    ...(values && { ExpressionAttributeValues: values }),
  });
  return (await dynamoDb.documents.send(command)).ConsumedCapacity;
}

async function remove(pk: string) {
  return (await dynamoDb.documents.send(new DeleteCommand({ ...INDEXES, Key: { pk } }))).ConsumedCapacity;
}

describe('a put consumes', () => {
  it('one unit, and one for each index with the item', async () => {
    expect(await put({ pk: 'put-1' })).toEqual(units(1));
    expect(await put({ pk: 'put-2', flight: 'f' })).toEqual(units(1, { 'by-flight': 1 }));
    expect(await put({ pk: 'put-3', flight: 'f', place: 'p' })).toEqual(
      units(1, { 'by-flight': 1, 'by-place': 1 }),
    );
  });

  it('one unit for each started KB, in an index by its projection', async () => {
    // "pk" + "kb-1" + "text" = 10 bytes
    expect(await put({ pk: 'kb-1', text: 'x'.repeat(1024 - 10) })).toEqual(units(1));
    expect(await put({ pk: 'kb-2', text: 'x'.repeat(1024 - 9) })).toEqual(units(2));
    expect(await put({ pk: 'kb-3', flight: 'f', place: 'p', text: kilobytes(3) })).toEqual(
      units(4, { 'by-flight': 4, 'by-place': 1 }),
    );
    expect(await put({ pk: 'kb-4', place: 'p', name: kilobytes(2) })).toEqual(units(3, { 'by-place': 3 }));
  });

  it('by bytes, not by characters', async () => {
    expect(await put({ pk: 'utf-8', text: '上'.repeat(400) })).toEqual(units(2));
  });

  it('by the larger of the old and the new item', async () => {
    await put({ pk: 'larger', flight: 'f', text: kilobytes(3) });
    expect(await put({ pk: 'larger', flight: 'f' })).toEqual(units(4, { 'by-flight': 4 }));
    expect(await put({ pk: 'larger', flight: 'f', text: kilobytes(1) })).toEqual(
      units(2, { 'by-flight': 2 }),
    );
  });

  it('nothing for unchanged index entries', async () => {
    const item = {
      pk: 'again',
      flight: 'f',
      place: 'p',
      name: 'n',
      tags: new Set(['a', 'b']),
      raw: { a: [1] },
    };
    await put(item);
    expect(await put({ ...item, tags: new Set(['b', 'a']) })).toEqual(units(1));
  });
});

describe('an update consumes', () => {
  it('nothing for an index without the attribute', async () => {
    await put({ pk: 'other', place: 'p', name: 'n' });
    expect(await update('other', 'SET size_bytes = :size', { ':size': 7 })).toEqual(units(1));
  });

  it('one unit for an index with the attribute', async () => {
    await put({ pk: 'held', flight: 'f', place: 'p', name: 'n' });
    const command = new UpdateCommand({
      ...INDEXES,
      Key: { pk: 'held' },
      UpdateExpression: 'SET #name = :name',
      ExpressionAttributeNames: { '#name': 'name' },
      ExpressionAttributeValues: { ':name': 'm' },
    });
    const { ConsumedCapacity } = await dynamoDb.documents.send(command);
    expect(ConsumedCapacity).toEqual(units(1, { 'by-flight': 1, 'by-place': 1 }));
  });

  it('two for an index whose key changes: one to delete the old entry, one to put the new one', async () => {
    await put({ pk: 'moved', flight: 'f', place: 'p', text: kilobytes(1) });
    expect(await update('moved', 'SET place = :place', { ':place': 'q' })).toEqual(
      units(2, { 'by-flight': 2, 'by-place': 2 }),
    );
    expect(await update('moved', 'SET flight = :flight', { ':flight': 'g' })).toEqual(
      units(2, { 'by-flight': 4 }),
    );
  });

  it('one for an index that the item enters or leaves', async () => {
    await put({ pk: 'comes' });
    expect(await update('comes', 'SET place = :place', { ':place': 'p' })).toEqual(
      units(1, { 'by-place': 1 }),
    );
    expect(await update('comes', 'REMOVE place')).toEqual(units(1, { 'by-place': 1 }));
  });

  it('one unit of the table when there is no item', async () => {
    expect(await update('new', 'SET size_bytes = :size', { ':size': 1 })).toEqual(units(1));
  });
});

describe('a delete consumes', () => {
  it('by the size of the item and of its entries', async () => {
    await put({ pk: 'gone', flight: 'f', place: 'p', text: kilobytes(2) });
    expect(await remove('gone')).toEqual(units(3, { 'by-flight': 3, 'by-place': 1 }));
  });

  it('one unit when there is no item', async () => {
    expect(await remove('never')).toEqual(units(1));
  });
});

describe('batches consume', () => {
  it('the sum of their writes', async () => {
    const { ConsumedCapacity } = await dynamoDb.documents.send(
      new BatchWriteCommand({
        RequestItems: {
          [TableName]: [
            { PutRequest: { Item: { pk: 'batch-1', flight: 'f' } } },
            { PutRequest: { Item: { pk: 'batch-2', text: kilobytes(1) } } },
            { DeleteRequest: { Key: { pk: 'batch-3' } } },
          ],
        },
        ReturnConsumedCapacity: 'INDEXES',
      }),
    );
    expect(ConsumedCapacity).toEqual([units(4, { 'by-flight': 1 })]);
  });

  it('the sum of their reads, each item rounded up', async () => {
    await put({ pk: 'read-1', text: kilobytes(4) });
    const Keys = [{ pk: 'read-1' }, { pk: 'read-2' }, { pk: 'read-3' }];
    const get = async (ConsistentRead: boolean) => {
      const RequestItems = { [TableName]: { Keys, ConsistentRead } };
      const command = new BatchGetCommand({ RequestItems, ReturnConsumedCapacity: 'INDEXES' });
      return (await dynamoDb.documents.send(command)).ConsumedCapacity;
    };
    expect(await get(true)).toEqual([units(4)]);
    expect(await get(false)).toEqual([units(2)]);
  });
});

describe('a read consumes', () => {
  const get = async (pk: string, input: { ConsistentRead?: boolean; ProjectionExpression?: string } = {}) =>
    (await dynamoDb.documents.send(new GetCommand({ ...INDEXES, Key: { pk }, ...input }))).ConsumedCapacity;

  it('one unit for each 4 KB, half of it when it is eventually consistent, for any projection', async () => {
    await put({ pk: 'get', text: kilobytes(8) });
    expect(await get('get', { ConsistentRead: true })).toEqual(units(3));
    expect(await get('get')).toEqual(units(1.5));
    expect(await get('get', { ProjectionExpression: 'pk' })).toEqual(units(1.5));
  });

  it('as for a small item when there is none', async () => {
    expect(await get('nothing', { ConsistentRead: true })).toEqual(units(1));
    expect(await get('nothing')).toEqual(units(0.5));
  });
});

describe('a query of an index consumes', () => {
  const query = async (place: string, input: { FilterExpression?: string; Limit?: number } = {}) =>
    (
      await dynamoDb.documents.send(
        new QueryCommand({
          ...INDEXES,
          IndexName: 'by-place',
          KeyConditionExpression: 'place = :place',
          ...input,
          ExpressionAttributeValues: {
            ':place': place,
            ...(input.FilterExpression ? { ':none': 'none' } : {}),
          },
        }),
      )
    ).ConsumedCapacity;

  beforeAll(async () => {
    for (let number = 0; number < 9; number++) {
      await put({ pk: `query-${number}`, place: 'asked', text: kilobytes(20), name: 'x'.repeat(1000) });
    }
  });

  it('by the entries of the index, summed and then rounded up, and nothing for the table', async () => {
    // Nine entries of about 1,029 bytes are 9.3 KB: three times 4 KB, halved.
    expect(await query('asked')).toEqual(units(0, { 'by-place': 1.5 }));
    expect(await query('asked', { Limit: 1 })).toEqual(units(0, { 'by-place': 0.5 }));
  });

  it('the same when a filter excludes all', async () => {
    expect(await query('asked', { FilterExpression: 'pk = :none' })).toEqual(units(0, { 'by-place': 1.5 }));
  });

  it('half a unit when there are no entries', async () => {
    expect(await query('elsewhere')).toEqual(units(0, { 'by-place': 0.5 }));
  });
});

describe('the consumed capacity', () => {
  it('is only the sum with TOTAL, and absent by default', async () => {
    const Item = { pk: 'total', flight: 'f' };
    const total = await dynamoDb.documents.send(
      new PutCommand({ TableName, Item, ReturnConsumedCapacity: 'TOTAL' }),
    );
    expect(total.ConsumedCapacity).toEqual({ TableName, CapacityUnits: 2 });
    for (const asked of [{}, { ReturnConsumedCapacity: 'NONE' as const }]) {
      const answer = await dynamoDb.documents.send(new PutCommand({ TableName, Item, ...asked }));
      expect(answer.ConsumedCapacity).toBeUndefined();
    }
  });

  it('of a scan includes all items that were read', async () => {
    const { ConsumedCapacity } = await dynamoDb.documents.send(new ScanCommand({ ...INDEXES, Limit: 1 }));
    expect(ConsumedCapacity?.Table?.CapacityUnits).toBeGreaterThanOrEqual(0.5);
    expect(ConsumedCapacity).toMatchObject({ CapacityUnits: ConsumedCapacity?.Table?.CapacityUnits });
  });

  it('of every request is published on a diagnostics channel', async () => {
    const heard: unknown[] = [];
    const listener = (message: unknown) => heard.push(message);
    subscribe(CAPACITY_CHANNEL, listener);
    const Item = { pk: 'published', flight: 'f' };
    await dynamoDb.documents.send(new PutCommand({ TableName, Item }));
    await dynamoDb.documents.send(new GetCommand({ TableName, Key: { pk: 'published' } }));
    unsubscribe(CAPACITY_CHANNEL, listener);
    expect(heard).toEqual([
      { tableName: TableName, kind: 'write', units: 2 },
      { tableName: TableName, kind: 'read', units: 0.5 },
    ]);
  });
});
