import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { BY_TIME } from '../../functions/adapters/media-table-keys.ts';
import { createDynamoDb } from '../../packages/local-aws/dynamodb/dynamodb.ts';
import { Identities } from '../../packages/local-aws/iam/identities.ts';

const credentials = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const region = 'eu-central-1';

/** A DynamoDB of this process, in memory. */
export interface DynaliteTable {
  readonly tableName: string;
  /** A client of its own: a test may hang middleware on it. */
  client(settings?: DynamoDBClientConfig): DynamoDBDocumentClient;
  close(): Promise<void>;
}

/** Starts DynamoDB on a free port with one empty table, keyed as the media table is. */
export async function startDynaliteTable(): Promise<DynaliteTable> {
  const service = await createDynamoDb({
    identities: new Identities({ root: credentials }),
    region,
    accountId: '123456789012',
    tables: [],
  });
  await new Promise<void>((listening) => service.server.listen(0, '127.0.0.1', listening));
  const { port } = service.server.address() as AddressInfo;
  const settings: DynamoDBClientConfig = {
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials,
  };
  const tableName = 'media';
  const clients = [new DynamoDBClient(settings)];
  await clients[0]?.send(
    new CreateTableCommand({
      TableName: tableName,
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: BY_TIME.partitionKey, AttributeType: 'S' },
        { AttributeName: BY_TIME.sortKey, AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: BY_TIME.name,
          KeySchema: [
            { AttributeName: BY_TIME.partitionKey, KeyType: 'HASH' },
            { AttributeName: BY_TIME.sortKey, KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    }),
  );
  return {
    tableName,
    client(changes = {}) {
      const client = new DynamoDBClient({ ...settings, ...changes });
      clients.push(client);
      return DynamoDBDocumentClient.from(client);
    },
    async close() {
      for (const client of clients) client.destroy();
      await service.close();
    },
  };
}
