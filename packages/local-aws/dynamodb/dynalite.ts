import { createRequire } from 'node:module';

/**
 * The parts of dynalite that the engine drives. Its HTTP server is left out: it believes any signature, and
 * closes its database only after it has listened on a port. dynalite ships no types.
 */

type Callback<Result> = (error: Error | null, result?: Result) => void;

/** One write of a batch of the underlying key-value store. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: unknown }
  | { readonly type: 'del'; readonly key: string };

/** A slice of the key-value store: a table's items, an index's entries, the table descriptions. */
export interface Collection {
  get(key: string, callback: Callback<unknown>): void;
  put(key: string, value: unknown, callback: Callback<void>): void;
  del(key: string, callback: Callback<void>): void;
  createKeyStream(options: object): unknown;
  readonly lock: unknown;
}

/** An iterator of the key-value store, which holds a snapshot until it is closed. */
export interface StoreIterator {
  return?: () => Promise<void>;
  close(): Promise<void>;
}

/** dynalite's store: everything that its actions work on. */
export interface Store {
  readonly db: {
    open(): Promise<void>;
    close(callback: Callback<void>): void;
    batch(operations: readonly StoreOperation[], callback: Callback<void>): void;
    keys(options: object): StoreIterator;
    values(options: object): StoreIterator;
    clear(options: object): Promise<void>;
    iterator(options: object): AsyncIterable<[string, Record<string, unknown>]>;
  };
  readonly tableDb: Collection & { awsAccountId: string; awsRegion: string };
  getItemDb(tableName: string): Collection;
  getIndexDb(type: string, tableName: string, indexName: string): Collection;
}

/** A table as dynalite stores it and DescribeTable answers it. */
export interface TableDescription {
  readonly TableName: string;
  readonly KeySchema: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly KeySchema: TableDescription['KeySchema'];
    readonly [detail: string]: unknown;
  }[];
  readonly [detail: string]: unknown;
}

/** Where dynalite keeps the items of a table. */
export const itemPrefix = (tableName: string): string => `item-${tableName}~`;

/** Where dynalite keeps the entries of an index; `type` is `local` or `global`, in any case. */
export const indexPrefix = (type: string, tableName: string, indexName: string): string =>
  `index-${type.toLowerCase()}~${tableName}~${indexName}~`;

/** What an action needs checked before it runs; `custom` answers a message or nothing. */
interface Validation {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom?: unknown;
}

/** An error that dynalite raises on purpose, with the body that DynamoDB would send. */
export interface DynaliteError extends Error {
  readonly statusCode?: number;
  readonly body?: { readonly __type: string; readonly message?: string; readonly Message?: string };
}

type Action = (store: Store, input: object, callback: Callback<object>) => void;

const load = createRequire(import.meta.url);

/** Opens a store; without a path it lives in memory. */
export const createStore: (options: {
  path?: string;
  createTableMs: number;
  deleteTableMs: number;
  updateTableMs: number;
}) => Store = load('dynalite/db').create;

/** The index entries that replace those of `before` when an item becomes `after`. */
export const indexChanges: (
  indexes: NonNullable<TableDescription['GlobalSecondaryIndexes']>,
  before: object | null,
  after: object | null,
  table: TableDescription,
) => {
  puts: { index: string; key: string; item: object }[];
  deletes: { index: string; key: string }[];
} = load('dynalite/db').getIndexActions;

const checks: {
  checkTypes(input: object, types: Validation['types']): object;
  checkValidations(input: object, types: Validation['types'], custom: unknown, store: Store): void;
} = load('dynalite/validations');

const operations = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetItem',
  'ListTables',
  'PutItem',
  'Query',
  'Scan',
  'UpdateItem',
] as const;

/** An operation that dynalite knows and this project checked. */
export type Operation = (typeof operations)[number];

/** Whether dynalite knows the operation. */
export function isOperation(name: string): name is Operation {
  return (operations as readonly string[]).includes(name);
}

const fileOf = (operation: Operation): string => operation.charAt(0).toLowerCase() + operation.slice(1);

/** The parameters that dynalite takes into account for an operation; it drops all others silently. */
export function parametersOf(operation: Operation): readonly string[] {
  const validation: Validation = load(`dynalite/validations/${fileOf(operation)}`);
  return Object.keys(validation.types);
}

/** Checks types and rules that need no table, and parses expressions. Throws a `DynaliteError`. */
export function validate(store: Store, operation: Operation, input: object): object {
  const validation: Validation = load(`dynalite/validations/${fileOf(operation)}`);
  const checked = checks.checkTypes(input, validation.types);
  checks.checkValidations(checked, validation.types, validation.custom, store);
  return checked;
}

/** Runs an operation on input that `validate` answered. Rejects with a `DynaliteError`. */
export function run(store: Store, operation: Operation, input: object): Promise<object> {
  const action: Action = load(`dynalite/actions/${fileOf(operation)}`);
  return new Promise((resolve, reject) => {
    action(store, input, (error, result) => (error ? reject(error) : resolve(result ?? {})));
  });
}
