import { createRequire } from 'node:module';
import type { AttributeValue, Item } from './item.ts';
import type { TableDescription } from './table.ts';

/**
 * The parts of dynalite that the engine drives: the checks of a request, with DynamoDB's own words, and its expressions.
 * Left out are its HTTP server, which believes any signature; its database, which goes on after a write that failed; its
 * indexes, where two items with one index key may take each other's place; and its capacity units, which leave the
 * indexes out. dynalite ships no types.
 */

/** An error that DynamoDB answers on purpose, with the body that it would send. */
export interface DynaliteError extends Error {
  readonly statusCode?: number;
  readonly body?: { readonly __type: string; readonly message?: string; readonly Message?: string };
}

/** A condition of the old style, and what a condition expression on keys is made into. */
export interface Condition {
  readonly ComparisonOperator: string;
  readonly AttributeValueList: readonly AttributeValue[];
}

/** An expression, parsed. */
export interface Expression {
  /** First names of all paths. */
  readonly pathHeads?: Readonly<Record<string, boolean>>;
  /** First names of paths that go into lists or maps. */
  readonly nestedPaths?: Readonly<Record<string, boolean>>;
  readonly expression?: object;
}

/** A path into an item: names, and places in lists. */
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
const database: Database = load('dynalite/db');
const checks: Checks = load('dynalite/validations');

/** What the local DynamoDB implements. */
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

/** Whether the local DynamoDB knows the operation. */
export function isOperation(name: string): name is Operation {
  return (DYNAMODB_OPERATIONS as readonly string[]).includes(name);
}

/** What an action needs checked before it runs; `custom` answers a message or nothing. */
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
// dynalite does not know the parameter for this operation.
if (scan) validations.set('Scan', { ...scan, types: { ...scan.types, ConsistentRead: 'Boolean' } });

function validationOf(operation: Operation): Validation {
  const validation = validations.get(operation);
  if (!validation) throw new TypeError(`dynalite does not check ${operation}`);
  return validation;
}

/** DynamoDB's limit for an item. dynalite's own check counts characters, and is the looser one. */
export const MAXIMUM_ITEM_SIZE_IN_BYTES = 400 * 1024;

const LIMITS = { options: { maxItemSize: MAXIMUM_ITEM_SIZE_IN_BYTES } };

/** The parameters that dynalite takes into account for an operation; it drops all others silently. */
export function parametersOf(operation: Operation): readonly string[] {
  return Object.keys(validationOf(operation).types);
}

/** Checks types and rules that need no table, and parses expressions. Throws a `DynaliteError`. */
export function validate(operation: Operation, input: object): object {
  const { types, custom } = validationOf(operation);
  const checked = checks.checkTypes(input, types);
  checks.checkValidations(checked, types, custom, LIMITS);
  return checked;
}

/** Throws the fault, if there is one. */
export function refuse(fault: Fault): void {
  if (fault) throw fault;
}

export const { compare, validateItem, validateKey, validateKeyPaths, validateKeyPiece, validationError } =
  database;

/** Refuses a write whose condition does not hold for the item that is there. */
export function refuseFailedCondition(request: object, existing: Item | undefined): void {
  refuse(database.checkConditional(request, existing));
}

/** Whether an item passes a filter expression, or a filter of the old style. */
export function matches(
  item: Item,
  filter: { readonly expression?: Expression; readonly conditions?: object; readonly operator?: string },
): boolean {
  if (filter.expression?.expression) return database.matchesExprFilter(item, filter.expression.expression);
  return filter.conditions === undefined || database.matchesFilter(item, filter.conditions, filter.operator);
}

/** The parts of an item that paths lead to. */
export function pick(paths: readonly Path[], item: Item): Item {
  return database.mapPaths(paths, item);
}

/** A number as a text that sorts as numbers do. */
export function numberAsSortableText(number: string): string {
  return database.toLexiStr(number, 'N');
}

type Callback<Result> = (error: DynaliteError | null, result?: Result) => void;

const updateItem: (store: object, request: object, callback: Callback<object>) => void = load(
  'dynalite/actions/updateItem',
);

/**
 * What an UpdateItem makes of an item, and its answer. dynalite's action reads and writes through its store; here the
 * store is one item, and all is done when the action returns.
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
