import { type CapacityReport, ConsumedCapacity, readUnits } from './capacity.ts';
import {
  type Condition,
  compare,
  type Expression,
  matches,
  refuse,
  validateKey,
  validateKeyPaths,
  validateKeyPiece,
  validationError,
} from './dynalite.ts';
import { refuseEmptyKeyValue } from './indexes.ts';
import { type AttributeValue, type Item, itemSizeInBytes } from './item.ts';
import {
  afterAllWith,
  DIGEST_LENGTH_IN_BYTES,
  encode,
  encodeBeginning,
  entryKeyOf,
  justAfter,
  keyOf,
  partitionPrefix,
} from './keys.ts';
import { type Projecting, projectedItem } from './reads.ts';
import type { CollectionId, KeyRange } from './store.ts';
import { attributeType, type IndexDescription, type KeySchema, keyNames, projects } from './table.ts';
import type { OpenTable } from './tables.ts';
import type { Database } from './writes.ts';

/** The checked parameters that Query and Scan share. */
interface PageRequest extends Projecting {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly ConsistentRead?: boolean;
  readonly Select?: string;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
  readonly ReturnConsumedCapacity?: CapacityReport;
  readonly ConditionalOperator?: string;
  /** Parsed by `validate`. */
  readonly _filter?: Expression;
}

/** DynamoDB reads at most this much for a response, before the filter. */
const MAXIMUM_PAGE_SIZE_IN_BYTES = 1024 * 1024;

/** A table or index that a request reads. */
interface Source {
  readonly table: OpenTable;
  readonly index?: IndexDescription;
  readonly schema: KeySchema;
  readonly collection: CollectionId;
}

/** Query. */
export function query(
  database: Database,
  request: PageRequest & {
    readonly KeyConditions: Readonly<Record<string, Condition>>;
    readonly ScanIndexForward?: boolean;
    readonly QueryFilter?: Readonly<Record<string, unknown>>;
  },
): object {
  const source = sourceOf(database, request);
  const { schema } = source;
  const startKey = checkedStartKey(source, request, 'The provided starting key is invalid');
  refuseBadKeyConditions(source, request.KeyConditions);
  const [partitionName = '', sortName] = keyNames(schema);
  const partition = operand(request.KeyConditions[partitionName]);
  const sortCondition = sortName === undefined ? undefined : request.KeyConditions[sortName];
  if (startKey) refuseStartKeyOutside(startKey, { partitionName, partition, sortName, sortCondition });
  refuseKeysInFilter(
    source,
    request.QueryFilter ?? request._filter?.pathHeads,
    request.QueryFilter ? 'QueryFilter' : 'Filter Expression',
  );
  refuseBadPaths(source, request, request.QueryFilter);

  const descending = request.ScanIndexForward === false;
  const range = rangeOf(partitionPrefix(partition), sortCondition);
  const start = startKey && placeOf(source, startKey);
  const bounded = start
    ? { ...range, ...(descending ? { before: start } : { from: justAfter(start) }) }
    : range;
  return readPage(database, source, request, { ...bounded, descending }, request.QueryFilter);
}

/** Scan. */
export function scan(
  database: Database,
  request: PageRequest & {
    readonly Segment?: number;
    readonly TotalSegments?: number;
    readonly ScanFilter?: Readonly<Record<string, unknown>>;
  },
): object {
  const source = sourceOf(database, request);
  const startKey = checkedStartKey(
    source,
    request,
    source.index
      ? 'The provided starting key is invalid'
      : 'The provided starting key is invalid: The provided key element does not match the schema',
  );
  refuseBadPaths(source, request, request.ScanFilter);
  const { Segment: segment = 0, TotalSegments: segments = 1 } = request;
  const range = segmentRange(segment, segments);
  const start = startKey && placeOf(source, startKey);
  if (start && (start.compare(range.from) < 0 || start.compare(range.before) >= 0)) {
    throw validationError(
      'The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct ' +
        `Segment. TotalSegments: ${segments} Segment: ${segment}`,
    );
  }
  const bounded = start ? { ...range, from: justAfter(start) } : range;
  return readPage(database, source, request, bounded, request.ScanFilter);
}

function sourceOf({ tables }: Database, request: PageRequest): Source {
  const table = tables.get(request.TableName);
  const { description } = table;
  refuseBadSelect(request);
  const { IndexName: indexName } = request;
  if (indexName === undefined) return { table, schema: description.KeySchema, collection: table.items };

  const index = description.GlobalSecondaryIndexes?.find(({ IndexName: name }) => name === indexName);
  const collection = table.entries.get(indexName);
  if (!index || collection === undefined) {
    throw validationError(`The table does not have the specified index: ${indexName}`);
  }
  if (request.ConsistentRead) {
    throw validationError('Consistent reads are not supported on global secondary indexes');
  }
  if (request.Select === 'ALL_ATTRIBUTES' && index.Projection.ProjectionType !== 'ALL') {
    throw validationError(
      'One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary ' +
        `index ${indexName} because its projection type is not ALL`,
    );
  }
  return { table, index, schema: index.KeySchema, collection };
}

function refuseBadSelect({ Select: select, IndexName: indexName, ...request }: PageRequest): void {
  const named = request.AttributesToGet ?? request._projection;
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && indexName === undefined) {
    throw validationError('ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName');
  }
  if (select === 'SPECIFIC_ATTRIBUTES' && !named) {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES',
    );
  }
  if (select !== undefined && select !== 'SPECIFIC_ATTRIBUTES' && named) {
    const kind = request.AttributesToGet ? 'AttributesToGet' : 'ProjectionExpression';
    throw validationError(`Cannot specify the ${kind} when choosing to get ${select}`);
  }
}

/** Names of the attributes of a cursor: the keys of the table and those of the index. */
function cursorNames({ table, schema }: Source): string[] {
  return [...new Set([...keyNames(table.description.KeySchema), ...keyNames(schema)])];
}

function checkedStartKey(
  source: Source,
  { ExclusiveStartKey: key }: PageRequest,
  message: string,
): Item | undefined {
  if (!key) return undefined;
  const names = cursorNames(source);
  if (Object.keys(key).length !== names.length || names.some((name) => key[name] === undefined)) {
    throw validationError(message);
  }
  const { description } = source.table;
  for (const [at, name] of keyNames(source.schema).entries()) {
    refuse(validateKeyPiece(key, name, attributeType(description, name) ?? '', at === 0));
  }
  const ofTable = Object.fromEntries(keyNames(description.KeySchema).map((name) => [name, key[name] ?? {}]));
  const fault = validateKey(ofTable, description);
  if (fault) throw validationError(`The provided starting key is invalid: ${fault.message}`);
  return key;
}

/** The position of an item in the order of the results. */
function placeOf({ table, index, schema }: Source, item: Item): Buffer {
  const { KeySchema: tableSchema } = table.description;
  return index ? entryKeyOf(schema, tableSchema, item) : keyOf(tableSchema, item);
}

const NOT_ON_KEYS = ['NULL', 'NOT_NULL', 'NE', 'CONTAINS', 'NOT_CONTAINS', 'IN'];

function refuseBadKeyConditions(
  { table, schema }: Source,
  conditions: Readonly<Record<string, Condition>>,
): void {
  const count = Object.keys(conditions).length;
  for (const [at, name] of keyNames(schema).entries()) {
    const isPartitionKey = at === 0;
    if (isPartitionKey && schema.length === 1 && count > 1) {
      throw validationError('Query key condition not supported');
    }
    const condition = conditions[name];
    if (!condition) {
      if (!isPartitionKey && count === 1) continue;
      throw validationError(`Query condition missed key schema element: ${name}`);
    }
    if (NOT_ON_KEYS.includes(condition.ComparisonOperator)) {
      throw validationError('Attempted conditional constraint is not an indexable operation');
    }
    const type = attributeType(table.description, name) ?? '';
    if (condition.AttributeValueList.some((value) => value[type] === undefined)) {
      throw validationError(
        'One or more parameter values were invalid: Condition parameter type does not match schema type',
      );
    }
    for (const value of condition.AttributeValueList) refuseEmptyKeyValue(name, value);
    if (isPartitionKey && condition.ComparisonOperator !== 'EQ') {
      throw validationError('Query key condition not supported');
    }
  }
}

function refuseStartKeyOutside(
  startKey: Item,
  asked: {
    readonly partitionName: string;
    readonly partition: AttributeValue;
    readonly sortName: string | undefined;
    readonly sortCondition: Condition | undefined;
  },
): void {
  const { partitionName, partition, sortName, sortCondition } = asked;
  if (sortName !== undefined && sortCondition) {
    const { ComparisonOperator: operator, AttributeValueList: operands } = sortCondition;
    if (!compare(operator, startKey[sortName], operands)) {
      throw validationError('The provided starting key does not match the range key predicate');
    }
  }
  if (!compare('EQ', startKey[partitionName], [partition])) {
    throw validationError(
      sortCondition
        ? 'The query can return at most one row and cannot be restarted'
        : 'The provided starting key is outside query boundaries based on provided conditions',
    );
  }
}

function refuseKeysInFilter(
  { schema }: Source,
  filtered: Readonly<Record<string, unknown>> | undefined,
  parameter: string,
): void {
  const key = keyNames(schema).find((name) => filtered?.[name] !== undefined);
  if (key === undefined) return;
  throw validationError(
    `${parameter} can only contain non-primary key attributes: Primary key attribute: ${key}`,
  );
}

/** Refuses attributes that an index does not project, in results and filters. */
function refuseBadPaths(
  { table, index }: Source,
  { AttributesToGet: names = [], _projection: projection, _filter: filter }: PageRequest,
  conditions: object | undefined,
): void {
  const { description } = table;
  refuse(validateKeyPaths(projection?.nestedPaths, description));
  refuse(validateKeyPaths(filter?.nestedPaths, description));
  if (!index) return;
  const used = [
    ...names,
    ...(projection?.paths ?? []).map((path) => String(typeof path === 'string' ? path : path[0])),
    ...Object.keys(filter?.pathHeads ?? {}),
    ...Object.keys(conditions ?? {}),
  ];
  const missing = used.filter((name) => !projects(description, index, name));
  if (missing.length === 0) return;
  throw validationError(
    `One or more parameter values were invalid: Global secondary index ${index.IndexName} does not project ` +
      `[${[...new Set(missing)].join(', ')}]`,
  );
}

function operand(condition: Condition | undefined, at = 0): AttributeValue {
  const value = condition?.AttributeValueList[at];
  if (!value) throw new TypeError('A condition lacks its operand');
  return value;
}

/** The range of keys in a partition that match a condition on the sort key. */
function rangeOf(partition: Buffer, condition: Condition | undefined): KeyRange {
  const whole = { from: partition, before: afterAllWith(partition) };
  if (!condition) return whole;
  const place = (at = 0): Buffer => Buffer.concat([partition, encode(operand(condition, at))]);
  switch (condition.ComparisonOperator) {
    case 'EQ':
      return { from: place(), before: afterAllWith(place()) };
    case 'LT':
      return { ...whole, before: place() };
    case 'LE':
      return { ...whole, before: afterAllWith(place()) };
    case 'GT':
      return { ...whole, from: afterAllWith(place()) };
    case 'GE':
      return { ...whole, from: place() };
    case 'BETWEEN':
      return { from: place(0), before: afterAllWith(place(1)) };
    case 'BEGINS_WITH': {
      const beginning = Buffer.concat([partition, encodeBeginning(operand(condition))]);
      return { from: beginning, before: afterAllWith(beginning) };
    }
    default:
      throw validationError('Query key condition not supported');
  }
}

/** A partition key has at most 2,048 bytes. */
const AFTER_ALL_KEYS = Buffer.alloc(DIGEST_LENGTH_IN_BYTES + 2048 + 1, 0xff);

/** The range of a segment in a parallel scan. The digests at the beginning of keys are divided evenly. */
function segmentRange(segment: number, segments: number): KeyRange {
  const digests = 256 ** DIGEST_LENGTH_IN_BYTES;
  const bound = (part: number): Buffer => {
    const first = Math.ceil((digests * part) / segments);
    const bytes = Buffer.alloc(DIGEST_LENGTH_IN_BYTES + 1);
    bytes.writeUInt32BE(first);
    return first === digests ? AFTER_ALL_KEYS : bytes.subarray(1);
  };
  return { from: bound(segment), before: bound(segment + 1) };
}

function readPage(
  { store }: Database,
  source: Source,
  request: PageRequest,
  range: KeyRange,
  conditions: object | undefined,
): object {
  const {
    Limit: limit = Number.POSITIVE_INFINITY,
    _filter: expression,
    ConditionalOperator: operator,
  } = request;
  const filter = {
    ...(expression && { expression }),
    ...(conditions && { conditions }),
    ...(operator && { operator }),
  };
  const items: Item[] = [];
  let scannedCount = 0;
  let sizeInBytes = 0;
  let last: Item | undefined;
  for (const text of store.values(source.collection, range)) {
    const item = JSON.parse(text) as Item;
    last = item;
    scannedCount++;
    sizeInBytes += itemSizeInBytes(item);
    if (matches(item, filter)) items.push(projectedItem(item, request));
    if (scannedCount >= limit || sizeInBytes >= MAXIMUM_PAGE_SIZE_IN_BYTES) break;
  }
  const isCut = scannedCount >= limit || sizeInBytes >= MAXIMUM_PAGE_SIZE_IN_BYTES;
  const consumed = capacityOf(source, sizeInBytes, request).report(request.ReturnConsumedCapacity);
  return {
    ScannedCount: scannedCount,
    Count: items.length,
    ...(request.Select === 'COUNT' ? {} : { Items: items }),
    ...(isCut && last ? { LastEvaluatedKey: cursorOf(source, last) } : {}),
    ...(consumed ? { ConsumedCapacity: consumed } : {}),
  };
}

function cursorOf(source: Source, item: Item): Item {
  return Object.fromEntries(cursorNames(source).map((name) => [name, item[name] ?? {}]));
}

function capacityOf(
  { table, index }: Source,
  sizeInBytes: number,
  { ConsistentRead: consistent = false }: PageRequest,
) {
  const capacity = new ConsumedCapacity(table.description.TableName, 'read');
  const units = readUnits(sizeInBytes, consistent);
  if (index) capacity.addOfIndex(index.IndexName, units);
  else capacity.add(units);
  return capacity;
}
