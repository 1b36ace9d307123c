import { mkdir } from 'node:fs/promises';
import {
  type Collection,
  createStore,
  type DynaliteError,
  indexPrefix,
  itemPrefix,
  type Operation,
  parametersOf,
  run,
  type Store,
  type StoreOperation,
  type TableDescription,
  validate,
} from './dynalite.ts';

/** DynamoDB's storage and rules without the wire: what the service, the start and the expiry work on. */
export interface Engine {
  readonly store: Store;
  /** Input with its types and expressions checked, ready for `execute`. Throws a `DynaliteError`. */
  prepare(operation: Operation, input: object): object;
  /** Runs what `prepare` answered. Rejects with a `DynaliteError`. */
  execute(operation: Operation, prepared: object): Promise<object>;
  /** The description of a table, whatever its state. */
  findTable(name: string): Promise<TableDescription | undefined>;
  close(): Promise<void>;
}

/** Handled here, not by dynalite. */
const ON_FAILED_CONDITION = 'ReturnValuesOnConditionCheckFailure';

/** Parameters that dynalite drops without harm: they change nothing that a caller sees. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set(['Tags', 'DeletionProtectionEnabled', 'TableClass']);

/** Opens the database; rejects when another process has it open. */
export async function openEngine(options: {
  readonly directory?: string | undefined;
  readonly region: string;
  readonly accountId: string;
}): Promise<Engine> {
  if (options.directory !== undefined) await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const store = createStore({
    ...(options.directory === undefined ? {} : { path: options.directory }),
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  await open(store, options.directory);
  closeIteratorsAtTheEnd(store);
  store.tableDb.awsRegion = options.region;
  store.tableDb.awsAccountId = options.accountId;
  const wantedOnFailure = new WeakSet<object>();

  return {
    store,
    prepare: (operation, input) => {
      refuseUnknownParameters(operation, input);
      // dynalite deletes what it does not know from the object that it is given.
      const prepared = validateOrRefuse(store, operation, { ...input });
      if ((input as Record<string, unknown>)[ON_FAILED_CONDITION] === 'ALL_OLD')
        wantedOnFailure.add(prepared);
      return prepared;
    },
    execute: async (operation, prepared) => {
      const request = requestStore(store);
      try {
        return await run(request.store, operation, prepared);
      } catch (error) {
        const found = wantedOnFailure.has(prepared) ? request.lastItem() : undefined;
        throw found === undefined ? error : withItem(error as DynaliteError, found);
      }
    },
    findTable: (name) =>
      new Promise((resolve, reject) => {
        store.tableDb.get(name, (error, table) =>
          error ? reject(error) : resolve(table as TableDescription | undefined),
        );
      }),
    close: () =>
      new Promise((resolve, reject) => store.db.close((error) => (error ? reject(error) : resolve()))),
  };
}

async function open(store: Store, directory: string | undefined): Promise<void> {
  try {
    await store.db.open();
  } catch (error) {
    const cause = (error as { cause?: { code?: string } }).cause;
    if (cause?.code === 'LEVEL_LOCKED') {
      throw new Error(`The database in ${directory} is in use by another process`, { cause: error });
    }
    throw new Error(`The database in ${directory} cannot be opened`, { cause: error });
  }
}

/** dynalite leaves each iterator open, and with it a snapshot, because it looks for a `return` that there is not. */
function closeIteratorsAtTheEnd(store: Store): void {
  for (const kind of ['keys', 'values'] as const) {
    const create = store.db[kind].bind(store.db);
    store.db[kind] = (options) => {
      const iterator = create(options);
      iterator.return = () => iterator.close();
      return iterator;
    };
  }
}

function refuseUnknownParameters(operation: Operation, input: object): void {
  const known = parametersOf(operation);
  const unknown = Object.keys(input).filter(
    (name) => !known.includes(name) && name !== ON_FAILED_CONDITION && !HARMLESS_PARAMETERS.has(name),
  );
  if (unknown.length === 0) return;
  const message = `The local DynamoDB does not implement ${unknown.join(', ')} of ${operation}`;
  throw badRequest('com.amazon.coral.validate#ValidationException', message);
}

/** dynalite's checks stumble over `null` where a value belongs. */
function validateOrRefuse(store: Store, operation: Operation, input: object): object {
  try {
    return validate(store, operation, input);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw badRequest(
      'com.amazon.coral.service#SerializationException',
      'A value is missing or of the wrong type',
    );
  }
}

function badRequest(type: string, message: string): DynaliteError {
  return Object.assign(new Error(message), { statusCode: 400, body: { __type: type, message } });
}

/**
 * The store as one request sees it. dynalite writes index entries and item one after the other; here they are kept
 * back and go with the item in one batch, so that a process killed in between leaves both or neither. This holds
 * for a BatchWriteItem as well: from the first index entry of an item to the item nothing waits.
 */
function requestStore(store: Store): { readonly store: Store; lastItem(): unknown } {
  let lastItem: unknown;
  let keptBack: StoreOperation[] = [];
  const commit = (operation: StoreOperation, callback: (error: Error | null) => void): void => {
    const operations = [...keptBack, operation];
    keptBack = [];
    store.db.batch(operations, callback);
  };

  const getItemDb = (tableName: string): Collection => {
    const items = store.getItemDb(tableName);
    const prefix = itemPrefix(tableName);
    return {
      ...items,
      get: (key, callback) =>
        items.get(key, (error, item) => {
          lastItem = item;
          callback(error, item);
        }),
      put: (key, value, callback) => commit({ type: 'put', key: prefix + key, value }, callback),
      del: (key, callback) => commit({ type: 'del', key: prefix + key }, callback),
    };
  };

  const getIndexDb = (type: string, tableName: string, indexName: string): Collection => {
    const prefix = indexPrefix(type, tableName, indexName);
    return {
      ...store.getIndexDb(type, tableName, indexName),
      put: (key, value, callback) => {
        keptBack.push({ type: 'put', key: prefix + key, value });
        callback(null);
      },
      del: (key, callback) => {
        keptBack.push({ type: 'del', key: prefix + key });
        callback(null);
      },
    };
  };

  // ListTables would read every key of the database to find the names.
  const tableDb = {
    ...store.tableDb,
    createKeyStream: () => store.tableDb.createKeyStream({ gte: 'table~', lt: 'table~\u00ff' }),
  };
  return { store: { ...store, getItemDb, getIndexDb, tableDb }, lastItem: () => lastItem };
}

function withItem(error: DynaliteError, item: unknown): DynaliteError {
  if (!error.body?.__type.endsWith('#ConditionalCheckFailedException')) return error;
  return Object.assign(error, { body: { ...error.body, Item: item } });
}
