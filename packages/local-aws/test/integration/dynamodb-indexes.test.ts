import {
  BatchWriteCommand,
  DeleteCommand,
  PutCommand,
  paginateScan,
  QueryCommand,
  type QueryCommandInput,
  ScanCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GlobalSecondaryIndexDefinition, TableDefinition } from '../../dynamodb/dynamodb.ts';
import { type DynamoDbFixture, startDynamoDb } from './dynamodb-fixture.ts';

const TableName = 'files';

const index = (
  IndexName: string,
  [partition, sort]: readonly [string, string?],
  Projection: GlobalSecondaryIndexDefinition['Projection'],
): GlobalSecondaryIndexDefinition => ({
  IndexName,
  KeySchema: [
    { AttributeName: partition, KeyType: 'HASH' },
    ...(sort === undefined ? [] : [{ AttributeName: sort, KeyType: 'RANGE' as const }]),
  ],
  Projection,
});

const files: TableDefinition = {
  name: TableName,
  keySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'flight', AttributeType: 'S' },
    { AttributeName: 'taken_at', AttributeType: 'N' },
    { AttributeName: 'place', AttributeType: 'S' },
    { AttributeName: 'digest', AttributeType: 'B' },
  ],
  globalSecondaryIndexes: [
    index('by-time', ['flight', 'taken_at'], { ProjectionType: 'ALL' }),
    index('by-place', ['place'], { ProjectionType: 'KEYS_ONLY' }),
    index('by-flight-and-place', ['flight', 'place'], {
      ProjectionType: 'INCLUDE',
      NonKeyAttributes: ['name'],
    }),
    index('by-digest', ['digest'], { ProjectionType: 'KEYS_ONLY' }),
  ],
};

let dynamoDb: DynamoDbFixture;

beforeAll(async () => {
  dynamoDb = await startDynamoDb([files]);
});
afterAll(() => dynamoDb.close());

const put = (Item: Record<string, unknown>) => dynamoDb.documents.send(new PutCommand({ TableName, Item }));

const query = (
  IndexName: string,
  attribute: string,
  value: unknown,
  input: Partial<QueryCommandInput> = {},
) => {
  const { ExpressionAttributeNames, ExpressionAttributeValues, ...rest } = input;
  return dynamoDb.documents.send(
    new QueryCommand({
      TableName,
      IndexName,
      KeyConditionExpression: '#key = :key',
      ...rest,
      ExpressionAttributeNames: { '#key': attribute, ...ExpressionAttributeNames },
      ExpressionAttributeValues: { ':key': value, ...ExpressionAttributeValues },
    }),
  );
};

const validationError = (message: string | RegExp) => ({
  name: 'ValidationException',
  message: typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
});

describe('the result of an index', () => {
  const file = {
    pk: 'w',
    sk: 'projected',
    flight: 'f-1',
    taken_at: 1,
    place: 'u4pr',
    name: 'a.jpg',
    size: 7,
  };

  beforeAll(() => put(file));

  it('is the whole item with ALL', async () => {
    expect((await query('by-time', 'flight', 'f-1')).Items).toEqual([file]);
  });

  it('is the keys of table and index with KEYS_ONLY', async () => {
    expect((await query('by-place', 'place', 'u4pr')).Items).toEqual([
      { pk: 'w', sk: 'projected', place: 'u4pr' },
    ]);
  });

  it('is keys and named attributes with INCLUDE', async () => {
    expect((await query('by-flight-and-place', 'flight', 'f-1')).Items).toEqual([
      { pk: 'w', sk: 'projected', flight: 'f-1', place: 'u4pr', name: 'a.jpg' },
    ]);
  });

  it('cannot include other attributes, by any parameter', async () => {
    const message = 'Global secondary index by-flight-and-place does not project [size]';
    const ask = (input: Partial<QueryCommandInput>) => query('by-flight-and-place', 'flight', 'f-1', input);
    const names = { ExpressionAttributeNames: { '#size': 'size' } };
    const byProjection = ask({ ProjectionExpression: 'pk, #size', ...names });
    await expect(byProjection).rejects.toMatchObject(validationError(message));
    const byFilter = ask({
      FilterExpression: '#size > :size',
      ...names,
      ExpressionAttributeValues: { ':size': 1 },
    });
    await expect(byFilter).rejects.toMatchObject(validationError(message));
    const all = ask({ Select: 'ALL_ATTRIBUTES' });
    await expect(all).rejects.toMatchObject(validationError('Select type ALL_ATTRIBUTES is not supported'));
  });

  it('can be limited to attributes of the index', async () => {
    const { Items } = await query('by-flight-and-place', 'flight', 'f-1', {
      ProjectionExpression: '#name',
      ExpressionAttributeNames: { '#name': 'name' },
    });
    expect(Items).toEqual([{ name: 'a.jpg' }]);
  });

  it('is the same in a scan', async () => {
    const { Items } = await dynamoDb.documents.send(new ScanCommand({ TableName, IndexName: 'by-place' }));
    expect(Items).toEqual([{ pk: 'w', sk: 'projected', place: 'u4pr' }]);
  });
});

describe('an index', () => {
  it('refuses consistent reads, in queries and scans', async () => {
    const message = validationError('Consistent reads are not supported on global secondary indexes');
    await expect(query('by-time', 'flight', 'f-1', { ConsistentRead: true })).rejects.toMatchObject(message);
    const scan = new ScanCommand({ TableName, IndexName: 'by-time', ConsistentRead: true });
    await expect(dynamoDb.documents.send(scan)).rejects.toMatchObject(message);
  });

  it('is refused when the table does not have it', async () => {
    const message = 'The table does not have the specified index: by-nothing';
    await expect(query('by-nothing', 'flight', 'f')).rejects.toMatchObject(validationError(message));
  });

  it('has only items with all of its key attributes', async () => {
    await put({ pk: 'sparse', sk: '1', flight: 'f-sparse' });
    await put({ pk: 'sparse', sk: '2', flight: 'f-sparse', taken_at: 5 });
    expect((await query('by-time', 'flight', 'f-sparse')).Items?.map(({ sk }) => sk)).toEqual(['2']);
    expect((await query('by-flight-and-place', 'flight', 'f-sparse')).Count).toBe(0);
  });

  it('removes an item that loses a key attribute or is deleted', async () => {
    await put({ pk: 'leaves', sk: '1', flight: 'f-leaves', taken_at: 1 });
    await put({ pk: 'leaves', sk: '2', flight: 'f-leaves', taken_at: 2 });
    await dynamoDb.documents.send(
      new UpdateCommand({ TableName, Key: { pk: 'leaves', sk: '1' }, UpdateExpression: 'REMOVE taken_at' }),
    );
    await dynamoDb.documents.send(new DeleteCommand({ TableName, Key: { pk: 'leaves', sk: '2' } }));
    expect((await query('by-time', 'flight', 'f-leaves')).Items).toEqual([]);
  });

  it('moves an item whose key changes, and updates other attributes', async () => {
    await put({ pk: 'moves', sk: '1', flight: 'f-moves', taken_at: 1, place: 'a', name: 'old' });
    await put({ pk: 'moves', sk: '1', flight: 'f-moves', taken_at: 2, place: 'a', name: 'new' });
    expect((await query('by-time', 'flight', 'f-moves')).Items?.map((item) => item['taken_at'])).toEqual([2]);
    expect((await query('by-flight-and-place', 'flight', 'f-moves')).Items).toMatchObject([{ name: 'new' }]);
  });

  it('has every one of thousands of items with one index key', async () => {
    const count = 6_000;
    const { documents } = dynamoDb;
    const items = Array.from({ length: count }, (_, number) => ({
      pk: 'same',
      sk: `${number}`,
      place: 'p-same',
    }));
    for (let start = 0; start < count; start += 25) {
      const puts = items.slice(start, start + 25).map((Item) => ({ PutRequest: { Item } }));
      await documents.send(new BatchWriteCommand({ RequestItems: { [TableName]: puts } }));
    }
    const seen = new Set<string>();
    let cursor: Record<string, unknown> | undefined;
    do {
      const page = await query('by-place', 'place', 'p-same', { ExclusiveStartKey: cursor, Limit: 1_000 });
      for (const { sk } of page.Items ?? []) seen.add(sk);
      cursor = page.LastEvaluatedKey;
    } while (cursor);
    expect(seen.size).toBe(count);
  });

  it('distinguishes items whose concatenated keys are equal', async () => {
    await put({ pk: 'ab', sk: 'c', place: 'p-apart' });
    await put({ pk: 'a', sk: 'bc', place: 'p-apart' });
    expect((await query('by-place', 'place', 'p-apart')).Count).toBe(2);
  });
});

describe('a page of an index', () => {
  const flight = 'f-pages';

  beforeAll(async () => {
    for (let number = 0; number < 11; number++) {
      await put({
        pk: `p-${number}`,
        sk: 'file',
        flight,
        taken_at: number - 5,
        kind: number % 2 ? 'odd' : 'even',
      });
    }
  });

  async function pages(input: Partial<QueryCommandInput>) {
    const all = [];
    let ExclusiveStartKey: Record<string, unknown> | undefined;
    do {
      const page = await query('by-time', 'flight', flight, { ...input, ExclusiveStartKey });
      all.push(page);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return all;
  }

  it('continues after the last one, in both directions', async () => {
    const times = Array.from({ length: 11 }, (_, number) => number - 5);
    for (const [ScanIndexForward, expected] of [
      [true, times],
      [false, times.toReversed()],
    ] as const) {
      const seen = await pages({ Limit: 4, ScanIndexForward });
      expect(seen.flatMap(({ Items = [] }) => Items.map((item) => item['taken_at']))).toEqual(expected);
      expect(seen.map(({ Count }) => Count)).toEqual([4, 4, 3]);
    }
  });

  it('has the keys of table and index as its last key', async () => {
    const { LastEvaluatedKey } = await query('by-time', 'flight', flight, { Limit: 1 });
    expect(LastEvaluatedKey).toEqual({ pk: 'p-0', sk: 'file', flight, taken_at: -5 });
  });

  it('has a last key when it is full, even at the end', async () => {
    const first = await query('by-time', 'flight', flight, { Limit: 11 });
    expect(first.LastEvaluatedKey).toBeDefined();
    const rest = await query('by-time', 'flight', flight, { ExclusiveStartKey: first.LastEvaluatedKey });
    expect(rest).toMatchObject({ Items: [], Count: 0 });
    expect(rest.LastEvaluatedKey).toBeUndefined();
  });

  it('is limited before the filter is applied', async () => {
    const seen = await pages({
      Limit: 4,
      FilterExpression: 'kind = :kind',
      ExpressionAttributeValues: { ':kind': 'even' },
    });
    expect(seen.map(({ ScannedCount, Count }) => [ScannedCount, Count])).toEqual([
      [4, 2],
      [4, 2],
      [3, 2],
    ]);
  });

  it('refuses a filter on the index keys, and accepts one on the keys of the table', async () => {
    const onTime = query('by-time', 'flight', flight, {
      FilterExpression: 'taken_at = :time',
      ExpressionAttributeValues: { ':time': 1 },
    });
    await expect(onTime).rejects.toMatchObject(validationError('non-primary key attributes'));
    const onTable = await query('by-time', 'flight', flight, {
      FilterExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': 'p-3' },
    });
    expect(onTable.Items).toMatchObject([{ pk: 'p-3' }]);
  });

  it('ends after a megabyte', async () => {
    const text = 'x'.repeat(100_000);
    for (let number = 0; number < 12; number++) {
      await put({ pk: 'large', sk: `${number}`, flight: 'f-large', taken_at: number, text });
    }
    const page = await query('by-time', 'flight', 'f-large');
    expect(page.Count).toBe(11);
    expect(page.LastEvaluatedKey).toMatchObject({ taken_at: 10 });
  });

  it('refuses a start key that lacks a key, or is of another partition', async () => {
    const start = { pk: 'p-0', sk: 'file', flight, taken_at: -5 };
    const from = (ExclusiveStartKey: object) =>
      query('by-time', 'flight', flight, { ExclusiveStartKey: ExclusiveStartKey as Record<string, unknown> });
    const { flight: _, ...lacking } = start;
    await expect(from(lacking)).rejects.toMatchObject(
      validationError('The provided starting key is invalid'),
    );
    await expect(from({ ...start, flight: 'f-1' })).rejects.toMatchObject(
      validationError('starting key is outside query boundaries'),
    );
  });
});

describe('a condition on the sort key of an index', () => {
  const place = 'f-conditions';

  beforeAll(async () => {
    for (const geohash of ['u4', 'u4pr', 'u4pr\0', 'u4prz', 'u4q', 'ü']) {
      await put({ pk: 'conditions', sk: geohash, flight: place, place: geohash });
    }
  });

  it.each([
    ['place = :a', { ':a': 'u4pr' }, ['u4pr']],
    ['place < :a', { ':a': 'u4pr' }, ['u4']],
    ['place <= :a', { ':a': 'u4pr' }, ['u4', 'u4pr']],
    ['place > :a', { ':a': 'u4pr' }, ['u4pr\0', 'u4prz', 'u4q', 'ü']],
    ['place >= :a', { ':a': 'u4prz' }, ['u4prz', 'u4q', 'ü']],
    ['place BETWEEN :a AND :b', { ':a': 'u4pr\0', ':b': 'u4q' }, ['u4pr\0', 'u4prz', 'u4q']],
    ['begins_with(place, :a)', { ':a': 'u4pr' }, ['u4pr', 'u4pr\0', 'u4prz']],
  ])('%s', async (condition, ExpressionAttributeValues, expected) => {
    const { Items } = await query('by-flight-and-place', 'flight', place, {
      KeyConditionExpression: `#key = :key AND ${condition}`,
      ExpressionAttributeValues,
    });
    expect(Items?.map((item) => item['place'])).toEqual(expected);
  });

  it('is refused without a value', async () => {
    const empty = query('by-flight-and-place', 'flight', place, {
      KeyConditionExpression: '#key = :key AND place >= :a',
      ExpressionAttributeValues: { ':a': '' },
    });
    await expect(empty).rejects.toMatchObject(
      validationError('cannot contain an empty string value. Key: place'),
    );
  });
});

describe('a write', () => {
  it('with a wrong type in an index key is refused', async () => {
    const message = 'Type mismatch for Index Key taken_at Expected: N Actual: S IndexName: by-time';
    const item = put({ pk: 'type', sk: '1', taken_at: 'yesterday' });
    await expect(item).rejects.toMatchObject(validationError(message));
    const update = dynamoDb.documents.send(
      new UpdateCommand({
        TableName,
        Key: { pk: 'type', sk: '1' },
        UpdateExpression: 'SET taken_at = if_not_exists(nothing, :text)',
        ExpressionAttributeValues: { ':text': 'yesterday' },
      }),
    );
    await expect(update).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('with an empty string in an index key is refused', async () => {
    const message = /cannot contain an empty string value. IndexName: by-place, IndexKey: place$/;
    await expect(put({ pk: 'empty', sk: '1', place: '' })).rejects.toMatchObject(validationError(message));
    const update = dynamoDb.documents.send(
      new UpdateCommand({
        TableName,
        Key: { pk: 'empty', sk: '1' },
        UpdateExpression: 'SET place = :empty',
        ExpressionAttributeValues: { ':empty': '' },
      }),
    );
    await expect(update).rejects.toMatchObject(validationError(message));
  });

  it('with a key that is too long in bytes is refused, for table and index', async () => {
    const sortKey = put({ pk: 'long', sk: 'é'.repeat(513) });
    await expect(sortKey).rejects.toMatchObject(validationError('size limit of 1024 bytes'));
    const indexKey = put({ pk: 'long', sk: '1', place: 'é'.repeat(1025) });
    await expect(indexKey).rejects.toMatchObject(validationError('maximum size limit of2048 bytes'));
    await put({ pk: 'long', sk: 'é'.repeat(512) });
  });

  it('can have a binary index key', async () => {
    await put({ pk: 'binary', sk: '1', digest: new Uint8Array([0, 0, 1]) });
    await put({ pk: 'binary', sk: '2', digest: new Uint8Array([0, 0]) });
    const { Items } = await query('by-digest', 'digest', new Uint8Array([0, 0]));
    expect(Items?.map(({ sk }) => sk)).toEqual(['2']);
  });
});

describe('a parallel scan', () => {
  it('returns every item in one segment', async () => {
    const scan = async (TotalSegments: number) => {
      const segments = Array.from({ length: TotalSegments }, async (_, Segment) => {
        const found: string[] = [];
        const pages = paginateScan(
          { client: dynamoDb.documents },
          { TableName, IndexName: 'by-time', Segment, TotalSegments, ProjectionExpression: 'pk, sk' },
        );
        for await (const { Items = [] } of pages) found.push(...Items.map(({ pk, sk }) => `${pk} ${sk}`));
        return found;
      });
      return (await Promise.all(segments)).flat().sort();
    };
    const once = await scan(1);
    expect(once).toEqual(expect.arrayContaining(['p-0 file', 'large 11']));
    expect(new Set(once).size).toBe(once.length);
    expect(await scan(7)).toEqual(once);
  });
});

describe('a definition that AWS refuses', () => {
  const start = async (changes: Partial<TableDefinition>) => {
    const fixture = await startDynamoDb([{ ...files, ...changes }]);
    await fixture.close();
  };
  const byName = index('by-name', ['name'], { ProjectionType: 'ALL' });
  const indexes = files.globalSecondaryIndexes ?? [];

  it.each([
    ['a key attribute that is not defined', { globalSecondaryIndexes: [...indexes, byName] }, 'not defined'],
    ['a defined attribute that no key uses', { globalSecondaryIndexes: indexes.slice(1) }, 'are not used'],
    [
      'INCLUDE without attributes',
      { globalSecondaryIndexes: [...indexes, index('by-where', ['place'], { ProjectionType: 'INCLUDE' })] },
      'NonKeyAttributes is not specified',
    ],
    [
      'attributes without INCLUDE',
      {
        globalSecondaryIndexes: [
          ...indexes,
          index('by-where', ['place'], { ProjectionType: 'KEYS_ONLY', NonKeyAttributes: ['name'] }),
        ],
      },
      'but NonKeyAttributes is specified',
    ],
    [
      'two indexes of one name',
      { globalSecondaryIndexes: [...indexes, ...indexes.slice(0, 1)] },
      'Duplicate',
    ],
  ])('stops the start: %s', async (_, changes, message) => {
    await expect(start(changes)).rejects.toThrow(new RegExp(`^Table files: .*${message}`));
  });
});
