import { QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { FileLists } from '../core/media-catalog.ts';
import { documentClient } from './document-client.ts';
import { batchGet } from './dynamodb-batch-get.ts';
import { decodeCursor, encodeCursor } from './list-cursor.ts';
import { fromItem, type MediaFileItem } from './media-file-item.ts';
import { BY_TIME, type ItemKey, listOf } from './media-table-keys.ts';

const SCAN_PAGE = 500;
const SCAN_CURSOR = 'scan';

/** Lists of files, from an index of the media table. */
export function dynamoDbFileLists(TableName: string, client = documentClient()): FileLists {
  return {
    async listFiles(workspaceId, { limit, cursor, removed = false }) {
      const list = listOf(workspaceId, removed ? 'REMOVED' : 'FILES');
      const { Items, LastEvaluatedKey } = await client.send(
        new QueryCommand({
          TableName,
          IndexName: BY_TIME.name,
          ScanIndexForward: false,
          Limit: limit,
          KeyConditionExpression: '#list = :list',
          ExpressionAttributeNames: { '#list': BY_TIME.partitionKey },
          ExpressionAttributeValues: { ':list': list },
          ExclusiveStartKey: decodeCursor(cursor, list),
        }),
      );
      const keys = (Items ?? []) as ItemKey[];
      const items = await batchGet<MediaFileItem>(client, TableName, keys);
      const byKey = new Map(items.map((item) => [item.sk, item]));
      return {
        items: keys.flatMap(({ sk }) => byKey.get(sk) ?? []).map(fromItem),
        ...(LastEvaluatedKey && { cursor: encodeCursor(LastEvaluatedKey, list) }),
      };
    },

    async scanEntries(cursor) {
      const { Items, LastEvaluatedKey } = await client.send(
        new ScanCommand({
          TableName,
          ConsistentRead: true,
          Limit: SCAN_PAGE,
          FilterExpression: 'entity = :file',
          ExpressionAttributeValues: { ':file': 'file' },
          ExclusiveStartKey: decodeCursor(cursor, SCAN_CURSOR),
        }),
      );
      return {
        items: ((Items ?? []) as MediaFileItem[]).map(fromItem),
        ...(LastEvaluatedKey && { cursor: encodeCursor(LastEvaluatedKey, SCAN_CURSOR) }),
      };
    },
  };
}
