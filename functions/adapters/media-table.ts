import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { documentClient, type UpdateExpression, whenConditionHolds } from './document-client.ts';
import type { ItemKey } from './media-table-keys.ts';

/** The requests that the catalog makes of the media table. Reads are consistent. */
export interface MediaTable {
  readonly name: string;
  readonly client: DynamoDBDocumentClient;
  find<Item>(key: ItemKey): Promise<Item | undefined>;
  put(item: object): Promise<unknown>;
  /** Resolves to the item after the update. */
  update<Item>(key: ItemKey, expression: UpdateExpression, condition?: string): Promise<Item>;
  /** Like {@link update}; undefined when the condition is false. */
  updateIf<Item>(key: ItemKey, expression: UpdateExpression, condition: string): Promise<Item | undefined>;
  /** Deletes an item if it names this file. */
  deleteMine(key: ItemKey, fileId: string): Promise<boolean>;
  /** All items of a partition, or those whose sort keys have a prefix. */
  queryAll<Item>(pk: string, prefix?: string): Promise<Item[]>;
}

/** A table, or the one that another adapter uses already. */
export function mediaTable(TableName: string, client = documentClient()): MediaTable {
  const update: MediaTable['update'] = async <Item>(
    key: ItemKey,
    expression: UpdateExpression,
    condition?: string,
  ) => {
    const { Attributes } = await client.send(
      new UpdateCommand({
        TableName,
        Key: key,
        ...expression.input,
        ...(condition && { ConditionExpression: condition }),
        ReturnValues: 'ALL_NEW',
      }),
    );
    return Attributes as Item;
  };

  return {
    name: TableName,
    client,
    update,

    async find<Item>(Key: ItemKey) {
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      return Item as Item | undefined;
    },

    put: (Item) => client.send(new PutCommand({ TableName, Item })),

    async updateIf<Item>(key: ItemKey, expression: UpdateExpression, condition: string) {
      try {
        return await update<Item>(key, expression, condition);
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return undefined;
        throw error;
      }
    },

    deleteMine: (Key, fileId) =>
      whenConditionHolds(
        client.send(
          new DeleteCommand({
            TableName,
            Key,
            ConditionExpression: 'file_id = :file_id',
            ExpressionAttributeValues: { ':file_id': fileId },
          }),
        ),
      ),

    async queryAll<Item>(pk: string, prefix?: string) {
      const items: Item[] = [];
      let ExclusiveStartKey: QueryCommandInput['ExclusiveStartKey'];
      do {
        const page = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression:
              prefix === undefined ? 'pk = :pk' : 'pk = :pk AND begins_with(sk, :prefix)',
            ExpressionAttributeValues: { ':pk': pk, ...(prefix !== undefined && { ':prefix': prefix }) },
            ExclusiveStartKey,
          }),
        );
        items.push(...((page.Items ?? []) as Item[]));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey);
      return items;
    },
  };
}
