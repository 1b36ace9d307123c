import { writeUnits } from './capacity.ts';
import { validationError } from './dynalite.ts';
import { type AttributeValue, type Item, itemSizeInBytes, sameItem, typed } from './item.ts';
import { entryKeyOf } from './keys.ts';
import { attributeType, type IndexDescription, keyNames, type TableDescription } from './table.ts';

/** The change of an index that a write causes. */
export interface IndexChange {
  readonly indexName: string;
  readonly removed?: Buffer;
  readonly put?: IndexEntry;
  /** Each entry that is written or removed counts; an entry that is replaced counts once. */
  readonly writeUnits: number;
}

/** An item's entry in an index. */
export interface IndexEntry {
  readonly key: Buffer;
  readonly value: Item;
}

/** The changes of all indexes when an item changes. Indexes whose entry does not change are left out. */
export function indexChanges(
  table: TableDescription,
  before: Item | undefined,
  after: Item | undefined,
): IndexChange[] {
  return (table.GlobalSecondaryIndexes ?? []).flatMap((index) => {
    const change = changeOf(entryOf(table, index, before), entryOf(table, index, after));
    return change ? [{ indexName: index.IndexName, ...change }] : [];
  });
}

/**
 * The item's entry in the index. Undefined when it lacks an attribute of the index's key, or has one of
 * another type.
 */
export function entryOf(
  table: TableDescription,
  index: IndexDescription,
  item: Item | undefined,
): IndexEntry | undefined {
  if (!item) return undefined;
  for (const { AttributeName: name, KeyType: kind } of index.KeySchema) {
    const value = item[name];
    if (value === undefined || indexKeyFault(table, { name, kind, value }) !== undefined) return undefined;
  }
  return {
    key: entryKeyOf(index.KeySchema, table.KeySchema, item),
    value: index.Projection.ProjectionType === 'ALL' ? item : projected(table, index, item),
  };
}

/** Refuses an item with invalid key attributes for an index: AWS refuses it too. */
export function refuseBadIndexKeys(table: TableDescription, item: Item): void {
  for (const { IndexName: indexName, KeySchema: schema } of table.GlobalSecondaryIndexes ?? []) {
    for (const { AttributeName: name, KeyType: kind } of schema) {
      const value = item[name];
      if (value === undefined) continue;
      const fault = indexKeyFault(table, { name, kind, value });
      if (fault === undefined) continue;
      throw validationError(
        fault === 'size' ? sizeMessage(kind) : messageOf(fault, { table, indexName, name, value }),
      );
    }
  }
}

/** Refuses a key that is longer than DynamoDB allows, in bytes of UTF-8. */
export function refuseLongKeys(table: TableDescription, item: Item): void {
  for (const { AttributeName: name, KeyType: kind } of table.KeySchema) {
    const value = item[name];
    if (value !== undefined && isTooLong(value, kind)) throw validationError(sizeMessage(kind));
  }
}

/** Refuses an empty string or binary as a key value in a key condition. */
export function refuseEmptyKeyValue(name: string, value: AttributeValue): void {
  const [type, content] = typed(value);
  if (content !== '') return;
  throw validationError(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type === 'B' ? 'binary' : 'string'} value. Key: ${name}`,
  );
}

function changeOf(
  before: IndexEntry | undefined,
  after: IndexEntry | undefined,
): Omit<IndexChange, 'indexName'> | undefined {
  const removal = before ? writeUnits(itemSizeInBytes(before.value)) : 0;
  if (!after) return before && { removed: before.key, writeUnits: removal };
  const addition = writeUnits(itemSizeInBytes(after.value));
  if (!before) return { put: after, writeUnits: addition };
  if (!before.key.equals(after.key)) {
    return { removed: before.key, put: after, writeUnits: removal + addition };
  }
  if (sameItem(before.value, after.value)) return undefined;
  return { put: after, writeUnits: Math.max(removal, addition) };
}

function projected(table: TableDescription, index: IndexDescription, item: Item): Item {
  const names = new Set([
    ...keyNames(table.KeySchema),
    ...keyNames(index.KeySchema),
    ...(index.Projection.NonKeyAttributes ?? []),
  ]);
  const entry: Record<string, AttributeValue> = {};
  for (const name of names) {
    const value = item[name];
    if (value !== undefined) entry[name] = value;
  }
  return entry;
}

type IndexKeyFault = 'type' | 'empty' | 'size';

function indexKeyFault(
  table: TableDescription,
  { name, kind, value }: { name: string; kind: string; value: AttributeValue },
): IndexKeyFault | undefined {
  const type = attributeType(table, name) ?? '';
  if (value[type] === undefined) return 'type';
  if (value[type] === '') return 'empty';
  return isTooLong(value, kind) ? 'size' : undefined;
}

function messageOf(
  fault: Exclude<IndexKeyFault, 'size'>,
  {
    table,
    indexName,
    name,
    value,
  }: { table: TableDescription; indexName: string; name: string; value: AttributeValue },
): string {
  if (fault === 'type') {
    return (
      `One or more parameter values were invalid: Type mismatch for Index Key ${name} ` +
      `Expected: ${attributeType(table, name)} Actual: ${typed(value)[0]} IndexName: ${indexName}`
    );
  }
  return (
    'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
    `The AttributeValue for a key attribute cannot contain an empty ${typed(value)[0] === 'B' ? 'binary' : 'string'} value. ` +
    `IndexName: ${indexName}, IndexKey: ${name}`
  );
}

const MAXIMUM_KEY_LENGTH_IN_BYTES = { HASH: 2048, RANGE: 1024 };

function isTooLong(value: AttributeValue, kind: string): boolean {
  const [type, content] = typed(value);
  if (type === 'N') return false;
  const length = Buffer.byteLength(String(content), type === 'B' ? 'base64' : 'utf8');
  return length > (kind === 'HASH' ? MAXIMUM_KEY_LENGTH_IN_BYTES.HASH : MAXIMUM_KEY_LENGTH_IN_BYTES.RANGE);
}

// AWS's message, with its missing space.
function sizeMessage(kind: string): string {
  const reason =
    kind === 'HASH'
      ? 'Size of hashkey has exceeded the maximum size limit of2048 bytes'
      : 'Aggregated size of all range keys has exceeded the size limit of 1024 bytes';
  return `One or more parameter values were invalid: ${reason}`;
}
