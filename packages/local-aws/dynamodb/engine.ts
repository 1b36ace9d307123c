import { type DynaliteError, type Operation, parametersOf, validate, validationError } from './dynalite.ts';
import type { Item } from './item.ts';
import { query, scan } from './queries.ts';
import { batchGetItem, getItem } from './reads.ts';
import { Store } from './store.ts';
import type { TableDescription } from './table.ts';
import { type IndexRebuild, type TableDefinition, Tables } from './tables.ts';
import { batchWriteItem, type Database, deleteItem, importItems, putItem, updateItem } from './writes.ts';

/** DynamoDB's storage and rules without its protocol. */
export interface Engine {
  readonly store: Store;
  /** Checks types and expressions of the input, and prepares it for `execute`. Throws a `DynaliteError`. */
  prepare(operation: Operation, input: object): object;
  /** Runs a prepared request. Throws a `DynaliteError`. */
  execute(operation: Operation, prepared: object): object;
  /** Creates or changes the table to match its definition. */
  ensureTable(definition: TableDefinition): IndexRebuild[];
  findTable(name: string): TableDescription | undefined;
  /** Puts many items in one transaction, without conditions, like an import. */
  importItems(tableName: string, items: Iterable<Item>): void;
  close(): void;
}

/** Handled here, and not by dynalite. */
const ON_FAILED_CONDITION = 'ReturnValuesOnConditionCheckFailure';

/** Parameters that dynalite ignores, and which have no visible effect. */
const HARMLESS_PARAMETERS: ReadonlySet<string> = new Set(['Tags', 'DeletionProtectionEnabled', 'TableClass']);

/** Opens the database. Throws when another process has it open. */
export function openEngine(options: {
  /** @default in memory */
  readonly directory?: string | undefined;
  readonly region: string;
  readonly accountId: string;
}): Engine {
  const { region, accountId } = options;
  const store = new Store(options.directory);
  const database = { store, tables: new Tables(store) };
  const ensureTable = (definition: TableDefinition): IndexRebuild[] =>
    database.tables.ensure(definition, `arn:aws:dynamodb:${region}:${accountId}:table/${definition.name}`);

  return {
    store,
    prepare: (operation, input) => {
      refuseUnknownParameters(operation, input);
      // dynalite deletes unknown parameters from the object.
      const prepared = validateOrRefuse(operation, { ...input });
      const onFailure = (input as Record<string, unknown>)[ON_FAILED_CONDITION];
      return onFailure === undefined ? prepared : { ...prepared, [ON_FAILED_CONDITION]: onFailure };
    },
    execute: (operation, prepared) => {
      if (operation === 'CreateTable')
        return createTable(database, prepared as CreateTableRequest, ensureTable);
      // `prepare` has checked the parameters.
      const run = OPERATIONS[operation] as (database: Database, request: object) => object;
      return run(database, prepared);
    },
    ensureTable,
    findTable: (name) => database.tables.find(name)?.description,
    importItems: (tableName, items) => importItems(database, tableName, items),
    close: () => store.close(),
  };
}

const OPERATIONS = {
  BatchGetItem: batchGetItem,
  BatchWriteItem: batchWriteItem,
  DeleteItem: deleteItem,
  DeleteTable: ({ tables }: Database, { TableName: name }: { TableName: string }) => ({
    TableDescription: { ...tables.delete(name), TableStatus: 'DELETING' },
  }),
  DescribeTable: ({ tables }: Database, { TableName: name }: { TableName: string }) => ({
    Table: tables.describe(name),
  }),
  /** Whether time to live is enabled is in the template, which the service knows. */
  DescribeTimeToLive: ({ tables }: Database, { TableName: name }: { TableName: string }) => {
    tables.describe(name);
    return {};
  },
  GetItem: getItem,
  ListTables: listTables,
  PutItem: putItem,
  Query: query,
  Scan: scan,
  UpdateItem: updateItem,
} satisfies Record<Exclude<Operation, 'CreateTable'>, (database: Database, request: never) => object>;

const TABLES_A_PAGE = 100;

function listTables(
  { tables }: Database,
  request: { readonly ExclusiveStartTableName?: string; readonly Limit?: number },
): object {
  const { ExclusiveStartTableName: start = '', Limit: limit = TABLES_A_PAGE } = request;
  const names = tables.names.filter((name) => name > start);
  const page = names.slice(0, limit);
  return {
    TableNames: page,
    ...(names.length > page.length ? { LastEvaluatedTableName: page.at(-1) } : {}),
  };
}

interface CreateTableRequest {
  readonly TableName: string;
  readonly BillingMode?: string;
  readonly KeySchema: TableDefinition['keySchema'];
  readonly AttributeDefinitions: TableDefinition['attributeDefinitions'];
  readonly GlobalSecondaryIndexes?: TableDefinition['globalSecondaryIndexes'];
  readonly LocalSecondaryIndexes?: unknown;
}

function createTable(
  { tables }: Database,
  request: CreateTableRequest,
  ensureTable: (definition: TableDefinition) => IndexRebuild[],
): object {
  const { TableName: name } = request;
  if (tables.find(name)) throw tableExists(name);
  if (request.LocalSecondaryIndexes) {
    throw validationError('The local DynamoDB does not implement LocalSecondaryIndexes of CreateTable');
  }
  if (request.BillingMode !== 'PAY_PER_REQUEST') {
    throw validationError('The local DynamoDB has on-demand tables only: BillingMode PAY_PER_REQUEST');
  }
  ensureTable({
    name,
    keySchema: request.KeySchema,
    attributeDefinitions: request.AttributeDefinitions,
    globalSecondaryIndexes: request.GlobalSecondaryIndexes,
  });
  return { TableDescription: { ...tables.describe(name), TableStatus: 'CREATING' } };
}

function tableExists(name: string): DynaliteError {
  const message = `Table already exists: ${name}`;
  return badRequest('com.amazonaws.dynamodb.v20120810#ResourceInUseException', message);
}

function refuseUnknownParameters(operation: Operation, input: object): void {
  const known = parametersOf(operation);
  const unknown = Object.keys(input).filter(
    (name) => !known.includes(name) && name !== ON_FAILED_CONDITION && !HARMLESS_PARAMETERS.has(name),
  );
  if (unknown.length === 0) return;
  throw validationError(`The local DynamoDB does not implement ${unknown.join(', ')} of ${operation}`);
}

/** dynalite's checks crash on `null` in place of a value. */
function validateOrRefuse(operation: Operation, input: object): object {
  try {
    return validate(operation, input);
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
