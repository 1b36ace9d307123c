import { type CapacityReport, ConsumedCapacity, readUnits } from './capacity.ts';
import { type Expression, type Path, pick, refuse, validateKeyPaths } from './dynalite.ts';
import { type Item, itemSizeInBytes } from './item.ts';
import { checkedKey, type Database, existingItem } from './writes.ts';

/** The projection of a read, in one of its two forms. */
export interface Projecting {
  readonly AttributesToGet?: readonly string[];
  /** Parsed by `validate`. */
  readonly _projection?: Expression & { readonly paths: readonly Path[] };
}

interface GetRequest extends Projecting {
  readonly TableName: string;
  readonly Key: Item;
  readonly ConsistentRead?: boolean;
  readonly ReturnConsumedCapacity?: CapacityReport;
}

/** GetItem. */
export function getItem({ store, tables }: Database, request: GetRequest): object {
  const table = tables.get(request.TableName);
  const key = checkedKey(table, request.Key);
  refuse(validateKeyPaths(request._projection?.nestedPaths, table.description));
  const item = existingItem(store, table, key);
  const capacity = new ConsumedCapacity(request.TableName, 'read');
  capacity.add(unitsOf(item, request.ConsistentRead));
  const consumed = capacity.report(request.ReturnConsumedCapacity);
  return {
    ...(item ? { Item: projectedItem(item, request) } : {}),
    ...(consumed ? { ConsumedCapacity: consumed } : {}),
  };
}

interface BatchOfTable extends Projecting {
  readonly Keys: readonly Item[];
  readonly ConsistentRead?: boolean;
}

/** DynamoDB's limit for a response. The rest must be requested again. */
const MAXIMUM_RESPONSE_SIZE_IN_BYTES = 16 * 1024 * 1024;

/** BatchGetItem. */
export function batchGetItem(
  { store, tables }: Database,
  request: {
    readonly RequestItems: Readonly<Record<string, BatchOfTable>>;
    readonly ReturnConsumedCapacity?: CapacityReport;
  },
): object {
  const checked = Object.entries(request.RequestItems).map(([tableName, batch]) => {
    const table = tables.get(tableName);
    refuse(validateKeyPaths(batch._projection?.nestedPaths, table.description));
    return { tableName, batch, table, keys: batch.Keys.map((key) => checkedKey(table, key)) };
  });
  let roomInBytes = MAXIMUM_RESPONSE_SIZE_IN_BYTES;
  const responses: Record<string, Item[]> = {};
  const unprocessed: Record<string, object> = {};
  const capacities = checked.map(({ tableName, batch, table, keys }) => {
    const capacity = new ConsumedCapacity(tableName, 'read');
    const found: Item[] = [];
    const left: Item[] = [];
    for (const [index, key] of keys.entries()) {
      const item = existingItem(store, table, key);
      const size = item ? itemSizeInBytes(item) : 0;
      if (size > roomInBytes) {
        left.push(batch.Keys[index] ?? {});
        continue;
      }
      roomInBytes -= size;
      capacity.add(unitsOf(item, batch.ConsistentRead));
      if (item) found.push(projectedItem(item, batch));
    }
    // AWS does not promise an order, so there is none here either.
    responses[tableName] = shuffled(found);
    if (left.length > 0) unprocessed[tableName] = { ...asGiven(batch), Keys: left };
    return capacity.report(request.ReturnConsumedCapacity);
  });
  return {
    Responses: responses,
    UnprocessedKeys: unprocessed,
    ...(capacities[0] ? { ConsumedCapacity: capacities } : {}),
  };
}

/** The item with the requested attributes only. */
export function projectedItem(
  item: Item,
  { AttributesToGet: names, _projection: projection }: Projecting,
): Item {
  const paths = projection?.paths ?? names;
  return paths ? pick(paths, item) : item;
}

function unitsOf(item: Item | undefined, consistent = false): number {
  return readUnits(item ? itemSizeInBytes(item) : 0, consistent);
}

/** The parameters of a batch, without what parsing has added. */
function asGiven(batch: BatchOfTable): object {
  return Object.fromEntries(Object.entries(batch).filter(([name]) => !name.startsWith('_')));
}

function shuffled(items: Item[]): Item[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    const moved = items[last];
    const taken = items[other];
    if (moved && taken) {
      items[last] = taken;
      items[other] = moved;
    }
  }
  return items;
}
