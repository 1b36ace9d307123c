import { type CapacityReport, ConsumedCapacity, writeUnits } from './capacity.ts';
import {
  type DynaliteError,
  MAXIMUM_ITEM_SIZE_IN_BYTES,
  refuse,
  refuseFailedCondition,
  updated,
  validateItem,
  validateKey,
  validationError,
} from './dynalite.ts';
import { indexChanges, refuseBadIndexKeys, refuseLongKeys } from './indexes.ts';
import { type Item, itemSizeInBytes } from './item.ts';
import { keyOf } from './keys.ts';
import type { Store } from './store.ts';
import { keyNames } from './table.ts';
import type { OpenTable, Tables } from './tables.ts';

/** The store and its tables. */
export interface Database {
  readonly store: Store;
  readonly tables: Tables;
}

/** The checked parameters that all writes of one item share. */
interface WriteRequest {
  readonly TableName: string;
  readonly ReturnConsumedCapacity?: CapacityReport;
  readonly ReturnValues?: string;
  /** Set by the engine, which removes the parameter before dynalite's validation. */
  readonly ReturnValuesOnConditionCheckFailure?: string;
}

/** PutItem. */
export function putItem(
  { store, tables }: Database,
  request: WriteRequest & { readonly Item: Item },
): object {
  const table = tables.get(request.TableName);
  const { Item: item } = request;
  checkItem(table, item);
  const key = keyOf(table.description.KeySchema, item);
  return store.atomically(() => {
    const before = existingItem(store, table, key);
    refuseUnlessConditionHolds(request, before);
    const capacity = write(store, table, { key, before, after: item });
    return answerOf(request, capacity, request.ReturnValues === 'ALL_OLD' ? before : undefined);
  });
}

/** DeleteItem. */
export function deleteItem(
  { store, tables }: Database,
  request: WriteRequest & { readonly Key: Item },
): object {
  const table = tables.get(request.TableName);
  const key = checkedKey(table, request.Key);
  return store.atomically(() => {
    const before = existingItem(store, table, key);
    refuseUnlessConditionHolds(request, before);
    const capacity = write(store, table, { key, before, after: undefined });
    return answerOf(request, capacity, request.ReturnValues === 'ALL_OLD' ? before : undefined);
  });
}

/** UpdateItem. */
export function updateItem(
  { store, tables }: Database,
  request: WriteRequest & { readonly Key: Item },
): object {
  const table = tables.get(request.TableName);
  const key = checkedKey(table, request.Key);
  return store.atomically(() => {
    const before = existingItem(store, table, key);
    const { item, answer } = updatedOrRefused(table, request, before);
    refuseBadIndexKeys(table.description, item);
    if (itemSizeInBytes(item) > MAXIMUM_ITEM_SIZE_IN_BYTES) {
      throw validationError('Item size to update has exceeded the maximum allowed size');
    }
    return answerOf(request, write(store, table, { key, before, after: item }), answer.Attributes);
  });
}

type BatchedWrite =
  | { readonly PutRequest: { readonly Item: Item } }
  | { readonly DeleteRequest: { readonly Key: Item } };

/** BatchWriteItem. All items are written, or none, which is more than AWS promises. */
export function batchWriteItem(
  { store, tables }: Database,
  request: {
    readonly RequestItems: Readonly<Record<string, readonly BatchedWrite[]>>;
    readonly ReturnConsumedCapacity?: CapacityReport;
  },
): object {
  const batches = Object.entries(request.RequestItems).map(([tableName, writes]) => {
    const table = tables.get(tableName);
    return { table, writes: distinctWrites(table, writes) };
  });
  if (batches.reduce((count, { writes }) => count + writes.length, 0) > MAXIMUM_BATCH) {
    throw validationError('Too many items requested for the BatchWriteItem call');
  }
  const capacities = store.atomically(() =>
    batches.map(({ table, writes }) => {
      const capacity = new ConsumedCapacity(table.description.TableName, 'write');
      for (const { key, item } of writes) {
        write(store, table, { key, before: existingItem(store, table, key), after: item, capacity });
      }
      return capacity.report(request.ReturnConsumedCapacity);
    }),
  );
  return { UnprocessedItems: {}, ...(capacities[0] ? { ConsumedCapacity: capacities } : {}) };
}

const MAXIMUM_BATCH = 25;

/** Puts many items in one transaction. */
export function importItems({ store, tables }: Database, tableName: string, items: Iterable<Item>): void {
  const table = tables.get(tableName);
  store.atomically(() => {
    for (const item of items) {
      checkItem(table, item);
      const key = keyOf(table.description.KeySchema, item);
      write(store, table, { key, before: existingItem(store, table, key), after: item });
    }
  });
}

function distinctWrites(
  table: OpenTable,
  writes: readonly BatchedWrite[],
): { readonly key: Buffer; readonly item: Item | undefined }[] {
  const seen = new Set<string>();
  return writes.map((request) => {
    const item = 'PutRequest' in request ? request.PutRequest.Item : undefined;
    const key =
      'PutRequest' in request
        ? keyOfItem(table, request.PutRequest.Item)
        : checkedKey(table, request.DeleteRequest.Key);
    const name = key.toString('latin1');
    if (seen.has(name)) throw validationError('Provided list of item keys contains duplicates');
    seen.add(name);
    return { key, item };
  });
}

/** A batch has another message than PutItem for an item without keys. */
function keyOfItem(table: OpenTable, item: Item): Buffer {
  const { KeySchema: schema } = table.description;
  const key = Object.fromEntries(
    keyNames(schema).flatMap((name) => (item[name] ? [[name, item[name]]] : [])),
  );
  refuse(validateKey(key, table.description));
  checkItem(table, item);
  return keyOf(schema, item);
}

function checkItem(table: OpenTable, item: Item): void {
  refuse(validateItem(item, table.description));
  refuseLongKeys(table.description, item);
  refuseBadIndexKeys(table.description, item);
  if (itemSizeInBytes(item) > MAXIMUM_ITEM_SIZE_IN_BYTES) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
}

/** A key of the request, checked against that of the table. */
export function checkedKey(table: OpenTable, key: Item): Buffer {
  refuse(validateKey(key, table.description));
  refuseLongKeys(table.description, key);
  return keyOf(table.description.KeySchema, key);
}

/** The item with this key. */
export function existingItem(store: Store, table: OpenTable, key: Buffer): Item | undefined {
  const text = store.get(table.items, key);
  return text === undefined ? undefined : JSON.parse(text);
}

function refuseUnlessConditionHolds(request: WriteRequest, existing: Item | undefined): void {
  try {
    refuseFailedCondition(request, existing);
  } catch (error) {
    throw withItem(error as DynaliteError, request, existing);
  }
}

function updatedOrRefused(
  table: OpenTable,
  request: WriteRequest,
  existing: Item | undefined,
): ReturnType<typeof updated> {
  try {
    return updated(table.description, request, existing);
  } catch (error) {
    throw withItem(error as DynaliteError, request, existing);
  }
}

/** Adds the existing item to the error of a failed condition, when the request asks for it. */
function withItem(error: DynaliteError, request: WriteRequest, existing: Item | undefined): DynaliteError {
  const isFailedCondition = error.body?.__type.endsWith('#ConditionalCheckFailedException');
  if (!isFailedCondition || !existing || request.ReturnValuesOnConditionCheckFailure !== 'ALL_OLD')
    return error;
  return Object.assign(error, { body: { ...error.body, Item: existing } });
}

/** Writes an item and its entries in every index, and counts what that consumes. */
function write(
  store: Store,
  { description, items, entries }: OpenTable,
  change: {
    readonly key: Buffer;
    readonly before: Item | undefined;
    readonly after: Item | undefined;
    /** @default a new count */
    readonly capacity?: ConsumedCapacity;
  },
): ConsumedCapacity {
  const { key, before, after, capacity = new ConsumedCapacity(description.TableName, 'write') } = change;
  // The larger of the two, and one unit even when there is nothing to delete.
  capacity.add(Math.max(...[before, after].map((item) => writeUnits(item ? itemSizeInBytes(item) : 0))));
  if (after) store.put(items, key, JSON.stringify(after));
  else if (before) store.delete(items, key);
  for (const { indexName, removed, put, writeUnits: units } of indexChanges(description, before, after)) {
    const collection = entries.get(indexName);
    if (collection === undefined) throw new Error(`Index ${indexName} has no place for its entries`);
    capacity.addOfIndex(indexName, units);
    if (removed) store.delete(collection, removed);
    if (put) store.put(collection, put.key, JSON.stringify(put.value));
  }
  return capacity;
}

function answerOf(request: WriteRequest, capacity: ConsumedCapacity, attributes: Item | undefined): object {
  const consumed = capacity.report(request.ReturnConsumedCapacity);
  return {
    ...(attributes ? { Attributes: attributes } : {}),
    ...(consumed ? { ConsumedCapacity: consumed } : {}),
  };
}
