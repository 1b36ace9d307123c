import { createRequire } from 'node:module';
import type { AttributeValue, Item } from './item.ts';
import { type ExpressionParser, remembering } from './parsed-expressions.ts';
import type { TableDescription } from './table.ts';

/**
 * The parts of dynalite that the engine uses: the validation of requests, with DynamoDB's messages, and
 * expressions. Not used are its HTTP server, which accepts any signature; its database, which goes on after a
 * failed write; its indexes, where two items with the same index key may overwrite each other; and its
 * capacity units, which ignore indexes. dynalite has no types.
 */

/** An error of DynamoDB, with the body of the response. */
export interface DynaliteError extends Error {
  readonly statusCode?: number;
  readonly body?: { readonly __type: string; readonly message?: string; readonly Message?: string };
}

/** A condition of the old style. Key condition expressions become these too. */
export interface Condition {
  readonly ComparisonOperator: string;
  readonly AttributeValueList: readonly AttributeValue[];
}

/** A parsed expression. */
export interface Expression {
  /** The first names of all paths. */
  readonly pathHeads?: Readonly<Record<string, boolean>>;
  /** The first names of paths into lists or maps. */
  readonly nestedPaths?: Readonly<Record<string, boolean>>;
  readonly expression?: object;
}

/** A path into an item: names, and positions in lists. */
export type Path = string | readonly (string | number)[];

type Fault = DynaliteError | null | undefined;

interface Database {
  checkConditional(request: object, existing: Item | undefined): Fault;
  compare(operator: string, value: AttributeValue | undefined, operands: readonly AttributeValue[]): boolean;
  mapPaths(paths: readonly Path[], item: Item): Item;
  matchesExprFilter(item: Item, expression: object): boolean;
  matchesFilter(item: Item, filter: object, conditionalOperator?: string): boolean;
  toLexiStr(value: string, type: string): string;
  validateItem(item: Item, table: TableDescription): Fault;
  validateKey(key: Item, table: TableDescription): Fault;
  validateKeyPaths(nestedPaths: Expression['nestedPaths'], table: TableDescription): Fault;
  validateKeyPiece(key: Item, name: string, type: string, isPartitionKey: boolean): Fault;
  validationError(message: string): DynaliteError;
}

interface Checks {
  checkTypes(input: object, types: object): object;
  checkValidations(input: object, types: object, custom: unknown, store: object): void;
}

const load = createRequire(import.meta.url);
for (const name of ['conditionParser', 'projectionParser', 'updateParser']) {
  const parser: ExpressionParser = load(`dynalite/db/${name}`);
  parser.parse = remembering(parser);
}
const database: Database = load('dynalite/db');
const checks: Checks = load('dynalite/validations');

/** The operations of the local DynamoDB. */
export const DYNAMODB_OPERATIONS = [
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

/** An operation of the local DynamoDB. */
export type Operation = (typeof DYNAMODB_OPERATIONS)[number];

/** Whether the operation is supported. */
export function isOperation(name: string): name is Operation {
  return (DYNAMODB_OPERATIONS as readonly string[]).includes(name);
}

/** The validation of an operation. `custom` returns a message when it fails. */
interface Validation {
  readonly types: Readonly<Record<string, unknown>>;
  readonly custom?: unknown;
}

const validations = new Map<Operation, Validation>(
  DYNAMODB_OPERATIONS.map((operation) => [
    operation,
    load(`dynalite/validations/${operation.charAt(0).toLowerCase()}${operation.slice(1)}`),
  ]),
);

const scan = validations.get('Scan');
// dynalite lacks this parameter of the operation.
if (scan) validations.set('Scan', { ...scan, types: { ...scan.types, ConsistentRead: 'Boolean' } });

function validationOf(operation: Operation): Validation {
  const validation = validations.get(operation);
  if (!validation) throw new TypeError(`dynalite does not check ${operation}`);
  return validation;
}

/** DynamoDB's limit for an item. dynalite's own check counts characters and allows more. */
export const MAXIMUM_ITEM_SIZE_IN_BYTES = 400 * 1024;

const LIMITS = { options: { maxItemSize: MAXIMUM_ITEM_SIZE_IN_BYTES } };

/** The parameters that dynalite uses for an operation. It ignores all others silently. */
export function parametersOf(operation: Operation): readonly string[] {
  return Object.keys(validationOf(operation).types);
}

/** Checks types and rules that do not depend on tables, and parses expressions. Throws a `DynaliteError`. */
export function validate(operation: Operation, input: object): object {
  const { types, custom } = validationOf(operation);
  const checked = checks.checkTypes(input, types);
  checks.checkValidations(checked, types, custom, LIMITS);
  return checked;
}

/** Throws the error, if there is one. */
export function refuse(fault: Fault): void {
  if (fault) throw fault;
}

export const { compare, validateItem, validateKey, validateKeyPaths, validateKeyPiece, validationError } =
  database;

/** Refuses a write when its condition is false for the existing item. */
export function refuseFailedCondition(request: object, existing: Item | undefined): void {
  refuse(database.checkConditional(request, existing));
}

/** Whether an item matches a filter expression, or a filter of the old style. */
export function matches(
  item: Item,
  filter: { readonly expression?: Expression; readonly conditions?: object; readonly operator?: string },
): boolean {
  if (filter.expression?.expression) return database.matchesExprFilter(item, filter.expression.expression);
  return filter.conditions === undefined || database.matchesFilter(item, filter.conditions, filter.operator);
}

/** The parts of an item at these paths. */
export function pick(paths: readonly Path[], item: Item): Item {
  return database.mapPaths(paths, item);
}

/** A number as text that sorts numerically. */
export function numberAsSortableText(number: string): string {
  return database.toLexiStr(number, 'N');
}

type Callback<Result> = (error: DynaliteError | null, result?: Result) => void;

const updateItem: (store: object, request: object, callback: Callback<object>) => void = load(
  'dynalite/actions/updateItem',
);

/**
 * The result of an UpdateItem for an item, and its response. dynalite's action uses its own store; here that
 * store has one item, and the action finishes synchronously.
 */
export function updated(
  table: TableDescription,
  request: object,
  existing: Item | undefined,
): { item: Item; answer: { readonly Attributes?: Item } } {
  let item: Item | undefined;
  let failure: DynaliteError | null = null;
  let answer: object = {};
  const items = {
    lock: (_key: string, work: (release: <Release>(callback: Release) => Release) => void) =>
      work((callback) => callback),
    get: (_key: string, callback: Callback<Item>) => callback(null, existing),
    put: (_key: string, value: Item, callback: Callback<void>) => {
      item = value;
      callback(null);
    },
  };
  const discard = (_key: string, ...rest: readonly unknown[]): void => (rest.at(-1) as Callback<void>)(null);
  const store = {
    ...LIMITS,
    getTable: (_name: string, callback: Callback<TableDescription>) => callback(null, table),
    getItemDb: () => items,
    getIndexDb: () => ({ put: discard, del: discard }),
  };
  updateItem(store, request, (error, result) => {
    failure = error;
    answer = result ?? {};
  });
  if (failure) throw failure;
  if (!item) throw new Error('dynalite did not finish an UpdateItem at once');
  return { item, answer };
}
