import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  indexChanges,
  indexPrefix,
  itemPrefix,
  type StoreOperation,
  type TableDescription,
} from './dynalite.ts';
import type { Engine } from './engine.ts';

/** A table as the template declares it. */
export interface TableDefinition {
  readonly name: string;
  /** In the template's spelling, partition key first. */
  readonly keySchema: readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
  readonly attributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: 'S' | 'N' | 'B';
  }[];
  readonly globalSecondaryIndexes?: readonly GlobalSecondaryIndexDefinition[] | undefined;
  /** Attribute with the epoch second after which an item expires. */
  readonly timeToLiveAttribute?: string | undefined;
}

/** An index of a table, in the template's spelling. */
export interface GlobalSecondaryIndexDefinition {
  readonly IndexName: string;
  readonly KeySchema: TableDefinition['keySchema'];
  readonly Projection: {
    readonly ProjectionType?: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
    readonly NonKeyAttributes?: readonly string[];
  };
}

type Index = NonNullable<TableDescription['GlobalSecondaryIndexes']>[number];

/** Entries of a rebuilt index that are written at once. */
const REBUILD_BATCH = 1000;

const THROUGHPUT = { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 };

/**
 * Makes the table as it is declared: creates it when it is missing, rebuilds the indexes that the template has
 * changed since. Rejects when the keys of the table itself have changed: its items cannot be found by the new ones.
 */
export async function ensureTable(engine: Engine, definition: TableDefinition, arn: string): Promise<void> {
  const existing = await engine.findTable(definition.name);
  const wanted = describe(definition, arn, existing);
  if (
    existing &&
    !isDeepStrictEqual(keysOf(existing, existing.KeySchema), keysOf(wanted, wanted.KeySchema))
  ) {
    throw new Error(`The keys of table ${definition.name} have changed; its data has to be removed first`);
  }
  await rebuildIndexes(engine, existing, wanted);
  await new Promise<void>((resolve, reject) => {
    engine.store.tableDb.put(wanted.TableName, wanted, (error) => (error ? reject(error) : resolve()));
  });
}

function describe(
  definition: TableDefinition,
  arn: string,
  existing: TableDescription | undefined,
): TableDescription {
  const indexes = definition.globalSecondaryIndexes ?? [];
  return {
    TableName: definition.name,
    TableArn: arn,
    TableId: existing?.['TableId'] ?? randomUUID(),
    TableStatus: 'ACTIVE',
    CreationDateTime: existing?.['CreationDateTime'] ?? Date.now() / 1000,
    KeySchema: definition.keySchema,
    AttributeDefinitions: definition.attributeDefinitions,
    ItemCount: 0,
    TableSizeBytes: 0,
    ProvisionedThroughput: THROUGHPUT,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    TableThroughputModeSummary: { TableThroughputMode: 'PAY_PER_REQUEST' },
    ...(indexes.length === 0
      ? {}
      : { GlobalSecondaryIndexes: indexes.map((index) => describeIndex(index, arn)) }),
  };
}

function describeIndex(definition: GlobalSecondaryIndexDefinition, tableArn: string): Index {
  const { ProjectionType: type = 'ALL', NonKeyAttributes: attributes } = definition.Projection;
  return {
    IndexName: definition.IndexName,
    IndexArn: `${tableArn}/index/${definition.IndexName}`,
    IndexStatus: 'ACTIVE',
    KeySchema: definition.KeySchema,
    Projection: { ProjectionType: type, ...(attributes ? { NonKeyAttributes: attributes } : {}) },
    ItemCount: 0,
    IndexSizeBytes: 0,
    ProvisionedThroughput: THROUGHPUT,
  };
}

/** The new description is stored after this: a rebuild that was cut short starts again. */
async function rebuildIndexes(
  engine: Engine,
  existing: TableDescription | undefined,
  wanted: TableDescription,
): Promise<void> {
  if (!existing) return;
  const before = existing.GlobalSecondaryIndexes ?? [];
  const after = wanted.GlobalSecondaryIndexes ?? [];
  const isIn = (
    list: readonly Index[],
    table: TableDescription,
    index: Index,
    indexTable: TableDescription,
  ) => list.some((other) => isDeepStrictEqual(shapeOf(other, table), shapeOf(index, indexTable)));
  const gone = before.filter((index) => !isIn(after, wanted, index, existing));
  const added = after.filter((index) => !isIn(before, existing, index, wanted));

  for (const { IndexName: name } of [...gone, ...added]) {
    await engine.store.db.clear(within(indexPrefix('global', wanted.TableName, name)));
  }
  if (added.length > 0) await fillIndexes(engine, wanted, added);
}

async function fillIndexes(
  engine: Engine,
  table: TableDescription,
  indexes: readonly Index[],
): Promise<void> {
  let entries: StoreOperation[] = [];
  const flush = (): Promise<void> =>
    new Promise((resolve, reject) => {
      engine.store.db.batch(entries, (error) => (error ? reject(error) : resolve()));
      entries = [];
    });
  for await (const [, item] of engine.store.db.iterator(within(itemPrefix(table.TableName)))) {
    for (const { index, key, item: value } of indexChanges(indexes, null, item, table).puts) {
      entries.push({ type: 'put', key: indexPrefix('global', table.TableName, index) + key, value });
    }
    if (entries.length >= REBUILD_BATCH) await flush();
  }
  if (entries.length > 0) await flush();
}

/** What an index holds and in which order; two indexes of the same shape have the same entries. */
function shapeOf(index: Index, table: TableDescription): unknown {
  return { name: index.IndexName, keys: keysOf(table, index.KeySchema), projection: index['Projection'] };
}

function keysOf(table: TableDescription, schema: TableDescription['KeySchema']): unknown {
  return schema.map(({ AttributeName: name, KeyType: kind }) => ({
    name,
    kind,
    type: table.AttributeDefinitions.find((attribute) => attribute.AttributeName === name)?.AttributeType,
  }));
}

const within = (prefix: string): object => ({ gte: prefix, lt: `${prefix}\u00ff` });
