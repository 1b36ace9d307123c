import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { CreateTableCommand, DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

const dynalite: (options: object) => Server = createRequire(import.meta.url)('dynalite');

/** A DynamoDB of this process, in memory. */
export interface DynaliteTable {
  readonly tableName: string;
  /** A client of its own: a test may hang middleware on it. */
  client(settings?: DynamoDBClientConfig): DynamoDBDocumentClient;
  close(): Promise<void>;
}

/** Starts DynamoDB on a free port with one empty table, keyed as the media table is. */
export async function startDynaliteTable(): Promise<DynaliteTable> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const settings: DynamoDBClientConfig = {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
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
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}
