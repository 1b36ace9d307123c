import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDynamoDb, type TableDefinition } from '../../dynamodb/dynamodb.ts';
import { Identities } from '../../iam/identities.ts';

const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };

/** A local DynamoDB on a free port, and the SDK's client for it. */
export interface DynamoDbFixture {
  readonly client: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  /** What the service has said. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

/** Starts DynamoDB with these tables, in memory unless a folder is given. */
export async function startDynamoDb(
  tables: readonly TableDefinition[],
  dataDirectory?: string,
): Promise<DynamoDbFixture> {
  const log: string[] = [];
  const service = await createDynamoDb({
    identities: new Identities({ root }),
    region: 'eu-central-1',
    accountId: '123456789012',
    tables,
    dataDirectory,
    log: (line) => log.push(line),
  });
  await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
  const { port } = service.server.address() as AddressInfo;
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-central-1',
    credentials: root,
    maxAttempts: 1,
  });
  return {
    client,
    documents: DynamoDBDocumentClient.from(client),
    log,
    close: async () => {
      client.destroy();
      await service.close();
    },
  };
}
