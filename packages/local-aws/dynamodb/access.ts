import type { AccessRequest } from '../iam/policy.ts';
import type { Operation } from './dynalite.ts';
import type { TableDescription } from './table.ts';

type AttributeValue = Readonly<Record<string, unknown>>;
type Attributes = Readonly<Record<string, AttributeValue>>;

/** The parts of a checked request that permissions depend on. */
interface Prepared {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: Attributes;
  readonly Item?: Attributes;
  readonly KeyConditions?: Readonly<
    Record<string, { readonly AttributeValueList: readonly AttributeValue[] }>
  >;
  readonly RequestItems?: Readonly<Record<string, TableRequests>>;
}

/** The part of a batch for one table: an object with keys to read, or a list of writes. */
type TableRequests =
  | { readonly Keys: readonly Attributes[] }
  | readonly {
      readonly PutRequest?: { readonly Item: Attributes };
      readonly DeleteRequest?: { readonly Key: Attributes };
    }[];

/** The permissions that a request needs, one for each table. */
export function accessesOf(
  operation: Operation,
  prepared: object,
  tables: {
    arnOf(tableName: string): string;
    findTable(tableName: string): TableDescription | undefined;
  },
): AccessRequest[] {
  const action = `dynamodb:${operation}`;
  const request = prepared as Prepared;
  if (operation === 'ListTables') return [{ action, resource: '*' }];

  if (request.RequestItems) {
    return Object.entries(request.RequestItems).map(([tableName, requests]) => ({
      action,
      resource: tables.arnOf(tableName),
      context: leadingKeys(partitionKey(tables.findTable(tableName)), keysOfBatch(requests)),
    }));
  }

  const { TableName: tableName = '', IndexName: indexName } = request;
  const name = partitionKey(tables.findTable(tableName), indexName);
  const condition = name === undefined ? undefined : request.KeyConditions?.[name]?.AttributeValueList[0];
  const attributes = request.Key ?? request.Item ?? (name && condition ? { [name]: condition } : undefined);
  return [
    {
      action,
      resource:
        indexName === undefined ? tables.arnOf(tableName) : `${tables.arnOf(tableName)}/index/${indexName}`,
      context: leadingKeys(name, attributes ? [attributes] : []),
    },
  ];
}

function keysOfBatch(requests: TableRequests): Attributes[] {
  if ('Keys' in requests) return [...requests.Keys];
  return requests.map((request) => request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {});
}

function partitionKey(table: TableDescription | undefined, indexName?: string): string | undefined {
  const schema =
    indexName === undefined
      ? table?.KeySchema
      : table?.GlobalSecondaryIndexes?.find((index) => index.IndexName === indexName)?.KeySchema;
  return schema?.find((key) => key.KeyType === 'HASH')?.AttributeName;
}

/** The condition key with the partition keys of the request. Absent when there are none, as in a Scan. */
function leadingKeys(
  name: string | undefined,
  keys: readonly Attributes[],
): { 'dynamodb:LeadingKeys'?: string[] } {
  const values = keys
    .flatMap((key) => (name === undefined ? [] : Object.values(key[name] ?? {})))
    .map(String);
  return values.length === 0 ? {} : { 'dynamodb:LeadingKeys': [...new Set(values)] };
}
