/** The key attributes of a table or index. The partition key comes first. */
export type KeySchema = readonly { readonly AttributeName: string; readonly KeyType: string }[];

/** A table as it is stored, and as in the response of DescribeTable. */
export interface TableDescription {
  readonly TableName: string;
  readonly KeySchema: KeySchema;
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
  readonly GlobalSecondaryIndexes?: readonly IndexDescription[];
  readonly [detail: string]: unknown;
}

/** A global secondary index of a table. */
export interface IndexDescription {
  readonly IndexName: string;
  readonly KeySchema: KeySchema;
  readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
  readonly [detail: string]: unknown;
}

/** Names of the key attributes. */
export function keyNames(schema: KeySchema): string[] {
  return schema.map(({ AttributeName: name }) => name);
}

/** The type of an attribute in the definition of the table. */
export function attributeType(table: TableDescription, name: string): string | undefined {
  return table.AttributeDefinitions.find(({ AttributeName: other }) => other === name)?.AttributeType;
}

/** Whether an index contains the attribute. */
export function projects(table: TableDescription, index: IndexDescription, attribute: string): boolean {
  return (
    index.Projection.ProjectionType === 'ALL' ||
    keyNames(index.KeySchema).includes(attribute) ||
    keyNames(table.KeySchema).includes(attribute) ||
    (index.Projection.NonKeyAttributes ?? []).includes(attribute)
  );
}
