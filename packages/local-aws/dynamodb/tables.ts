import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type DynaliteError, validate, validationError } from './dynalite.ts';
import { entryOf } from './indexes.ts';
import type { Item } from './item.ts';
import type { CollectionId, Store } from './store.ts';
import {
  attributeType,
  type IndexDescription,
  type KeySchema,
  keyNames,
  type TableDescription,
} from './table.ts';

/** A table of the template. */
export interface TableDefinition {
  readonly name: string;
  /** In the form of the template, with the partition key first. */
  readonly keySchema: readonly { readonly AttributeName: string; readonly KeyType: 'HASH' | 'RANGE' }[];
  readonly attributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: 'S' | 'N' | 'B';
  }[];
  readonly globalSecondaryIndexes?: readonly GlobalSecondaryIndexDefinition[] | undefined;
  /** The attribute with the epoch second after which an item expires. */
  readonly timeToLiveAttribute?: string | undefined;
}

/** An index of a table, in the form of the template. */
export interface GlobalSecondaryIndexDefinition {
  readonly IndexName: string;
  readonly KeySchema: TableDefinition['keySchema'];
  readonly Projection: {
    readonly ProjectionType?: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
    readonly NonKeyAttributes?: readonly string[];
  };
}

/** A table that can be read and written. */
export interface OpenTable {
  readonly description: TableDescription;
  readonly items: CollectionId;
  /** Entries by the name of the index. */
  readonly entries: ReadonlyMap<string, CollectionId>;
}

/** What a changed template did to an index. */
export interface IndexRebuild {
  readonly tableName: string;
  readonly indexName: string;
  readonly change: 'filled' | 'removed';
  readonly entries: number;
  /** Items with invalid values in the index's key attributes. AWS leaves them out too. */
  readonly leftOut: number;
}

/** CloudFormation's limits, which dynalite does not check. */
const MAXIMUM_PROJECTED_ATTRIBUTES = 100;

const THROUGHPUT = { ReadCapacityUnits: 0, WriteCapacityUnits: 0, NumberOfDecreasesToday: 0 };

/** The tables of a store. */
export class Tables {
  readonly #store: Store;
  readonly #open = new Map<string, OpenTable>();

  constructor(store: Store) {
    this.#store = store;
    for (const description of store.tables().values()) this.#openTable(JSON.parse(description));
  }

  get names(): string[] {
    return [...this.#open.keys()].sort();
  }

  find(name: string): OpenTable | undefined {
    return this.#open.get(name);
  }

  /** The table of that name. Throws DynamoDB's error when there is none. */
  get(name: string): OpenTable {
    const table = this.#open.get(name);
    if (!table) throw notFound('Requested resource not found');
    return table;
  }

  /** The description of a table. Throws DynamoDB's error when there is none. */
  describe(name: string): TableDescription {
    const table = this.#open.get(name);
    if (!table) throw notFound(`Requested resource not found: Table: ${name} not found`);
    return table.description;
  }

  /**
   * Creates or changes the table to match its definition: creates it when it is missing, fills indexes that
   * are new or have changed, and removes others. Throws when the keys of the table itself have changed, since
   * its items could not be found by the new keys.
   */
  ensure(definition: TableDefinition, arn: string): IndexRebuild[] {
    refuseBadDefinition(definition);
    const existing = this.#open.get(definition.name)?.description;
    const wanted = describe(definition, arn, existing);
    if (
      existing &&
      !isDeepStrictEqual(shapeOfKeys(existing, existing.KeySchema), shapeOfKeys(wanted, wanted.KeySchema))
    ) {
      throw new Error(`The keys of table ${definition.name} have changed; its data has to be removed first`);
    }
    // A start that changes nothing must work on a full disk too.
    if (existing && JSON.stringify(existing) === JSON.stringify(wanted)) return [];
    return this.#store.atomically(() => {
      this.#store.putTable(wanted.TableName, JSON.stringify(wanted));
      const table = this.#openTable(wanted);
      return existing ? this.#rebuildIndexes(table, existing) : [];
    });
  }

  delete(name: string): TableDescription {
    const description = this.describe(name);
    const { items, entries } = this.get(name);
    this.#store.atomically(() => {
      for (const collection of [items, ...entries.values()]) this.#store.clear(collection);
      this.#store.deleteTable(name);
    });
    this.#open.delete(name);
    return description;
  }

  #openTable(description: TableDescription): OpenTable {
    const { TableName: name, GlobalSecondaryIndexes: indexes = [] } = description;
    const table = {
      description,
      items: this.#store.collection(`items ${name}`),
      entries: new Map(indexes.map((index) => [index.IndexName, this.#entriesOf(name, index.IndexName)])),
    };
    this.#open.set(name, table);
    return table;
  }

  #entriesOf(tableName: string, indexName: string): CollectionId {
    return this.#store.collection(`index ${tableName}/${indexName}`);
  }

  #rebuildIndexes({ description, items }: OpenTable, existing: TableDescription): IndexRebuild[] {
    const before = existing.GlobalSecondaryIndexes ?? [];
    const after = description.GlobalSecondaryIndexes ?? [];
    const isIn = (list: readonly IndexDescription[], table: TableDescription, shape: object): boolean =>
      list.some((index) => isDeepStrictEqual(shapeOf(table, index), shape));
    const gone = before.filter((index) => !isIn(after, description, shapeOf(existing, index)));
    const added = after.filter((index) => !isIn(before, existing, shapeOf(description, index)));

    for (const { IndexName: name } of gone) this.#store.clear(this.#entriesOf(description.TableName, name));
    const filled = added.map((index) => this.#fill(description, index, items));
    const addedNames = new Set(added.map(({ IndexName: name }) => name));
    const removed = gone
      .filter(({ IndexName: name }) => !addedNames.has(name))
      .map(({ IndexName: indexName }) => ({
        tableName: description.TableName,
        indexName,
        change: 'removed' as const,
        entries: 0,
        leftOut: 0,
      }));
    return [...filled, ...removed];
  }

  #fill(table: TableDescription, index: IndexDescription, items: CollectionId): IndexRebuild {
    const entries = this.#entriesOf(table.TableName, index.IndexName);
    const names = keyNames(index.KeySchema);
    const counts = { entries: 0, leftOut: 0 };
    for (const text of this.#store.all(items)) {
      const item = JSON.parse(text) as Item;
      const entry = entryOf(table, index, item);
      if (entry) {
        this.#store.put(entries, entry.key, JSON.stringify(entry.value));
        counts.entries++;
      } else if (names.every((name) => item[name] !== undefined)) {
        counts.leftOut++;
      }
    }
    return { tableName: table.TableName, indexName: index.IndexName, change: 'filled', ...counts };
  }
}

function notFound(message: string): DynaliteError {
  const body = { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message };
  return Object.assign(new Error(message), { statusCode: 400, body });
}

/** Throws what CreateTable would refuse, with its message and the table's name. */
function refuseBadDefinition(definition: TableDefinition): void {
  const { name, globalSecondaryIndexes: indexes = [] } = definition;
  try {
    validate('CreateTable', {
      TableName: name,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: definition.keySchema,
      AttributeDefinitions: definition.attributeDefinitions,
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: structuredClone(indexes) }),
    });
    refuseUnusedAttributes(definition);
    refuseBadProjections(indexes);
  } catch (error) {
    throw new Error(`Table ${name}: ${(error as Error).message}`, { cause: error });
  }
}

function refuseUnusedAttributes(definition: TableDefinition): void {
  const schemas = [
    definition.keySchema,
    ...(definition.globalSecondaryIndexes ?? []).map((index) => index.KeySchema),
  ];
  const used = new Set(schemas.flatMap(keyNames));
  const defined = definition.attributeDefinitions.map(({ AttributeName: name }) => name);
  if (defined.every((name) => used.has(name))) return;
  throw validationError(
    'One or more parameter values were invalid: Some AttributeDefinitions are not used. ' +
      `AttributeDefinitions: [${defined.join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}

function refuseBadProjections(indexes: readonly GlobalSecondaryIndexDefinition[]): void {
  const included = indexes.map(({ Projection: projection }) => projection.NonKeyAttributes ?? []);
  if (
    indexes.some(
      ({ Projection: { ProjectionType: type } }, at) => type === 'INCLUDE' && !included[at]?.length,
    )
  ) {
    throw validationError(
      'One or more parameter values were invalid: ProjectionType is INCLUDE, but NonKeyAttributes is not specified',
    );
  }
  if (included.flat().length > MAXIMUM_PROJECTED_ATTRIBUTES) {
    throw validationError(
      `One or more parameter values were invalid: the indexes of a table project ${MAXIMUM_PROJECTED_ATTRIBUTES} attributes at most`,
    );
  }
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

function describeIndex(definition: GlobalSecondaryIndexDefinition, tableArn: string): IndexDescription {
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

/** What an index contains, and in which order. Indexes of the same shape have the same entries. */
function shapeOf(table: TableDescription, index: IndexDescription): object {
  return {
    name: index.IndexName,
    keys: shapeOfKeys(table, index.KeySchema),
    projection: index.Projection.ProjectionType,
    included: new Set(index.Projection.NonKeyAttributes),
  };
}

function shapeOfKeys(table: TableDescription, schema: KeySchema): object {
  return schema.map(({ AttributeName: name, KeyType: kind }) => ({
    name,
    kind,
    type: attributeType(table, name),
  }));
}
