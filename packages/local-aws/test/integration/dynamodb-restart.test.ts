import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createDynamoDb,
  type GlobalSecondaryIndexDefinition,
  type TableDefinition,
} from '../../dynamodb/dynamodb.ts';
import type { LocalService } from '../../http/local-service.ts';
import { Identities } from '../../iam/identities.ts';

const region = 'eu-central-1';
const accountId = '123456789012';
const root = { accessKeyId: 'AKIALOCALROOT', secretAccessKey: 'root-secret' };
const TableName = 'media';

const byFlight: GlobalSecondaryIndexDefinition = {
  IndexName: 'by-flight',
  KeySchema: [{ AttributeName: 'flight', KeyType: 'HASH' }],
  Projection: { ProjectionType: 'ALL' },
};

const byDrone: GlobalSecondaryIndexDefinition = {
  ...byFlight,
  IndexName: 'by-drone',
  KeySchema: [{ AttributeName: 'drone', KeyType: 'HASH' }],
};

const media = (
  indexes: GlobalSecondaryIndexDefinition[],
  partitionKeyType: 'S' | 'N' = 'S',
): TableDefinition => ({
  name: TableName,
  keySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  attributeDefinitions: [
    { AttributeName: 'pk', AttributeType: partitionKeyType },
    ...indexes.map((index) => ({
      AttributeName: index.KeySchema[0]?.AttributeName ?? '',
      AttributeType: 'S' as const,
    })),
  ],
  globalSecondaryIndexes: indexes,
});

let dataDirectory: string;
let service: LocalService | undefined;
const clients: DynamoDBClient[] = [];
const log: string[] = [];

beforeEach(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'local-dynamodb-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await service?.close();
  service = undefined;
  log.length = 0;
  await rm(dataDirectory, { recursive: true });
});

function documentsAt(port: number): DynamoDBDocumentClient {
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials: root,
    maxAttempts: 1,
  });
  clients.push(client);
  return DynamoDBDocumentClient.from(client);
}

async function start(table = media([byFlight])): Promise<DynamoDBDocumentClient> {
  await service?.close();
  service = await createDynamoDb({
    identities: new Identities({ root }),
    region,
    accountId,
    tables: [table],
    dataDirectory,
    log: (line) => log.push(line),
  });
  await new Promise<void>((resolve) => service?.server.listen(0, '127.0.0.1', resolve));
  return documentsAt((service.server.address() as AddressInfo).port);
}

const query = (documents: DynamoDBDocumentClient, IndexName: string, attribute: string, value: string) =>
  documents.send(
    new QueryCommand({
      TableName,
      IndexName,
      KeyConditionExpression: '#attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':value': value },
    }),
  );

describe('a restart', () => {
  it('keeps items and index entries', async () => {
    const before = await start();
    await before.send(new PutCommand({ TableName, Item: { pk: '1', flight: 'f' } }));
    const after = await start();
    expect((await after.send(new GetCommand({ TableName, Key: { pk: '1' } }))).Item).toEqual({
      pk: '1',
      flight: 'f',
    });
    expect((await query(after, 'by-flight', 'flight', 'f')).Count).toBe(1);
  });

  it('builds an index that was added to the template, and drops one that was removed', async () => {
    const before = await start();
    await before.send(new PutCommand({ TableName, Item: { pk: '1', flight: 'f', drone: 'd' } }));
    await before.send(new PutCommand({ TableName, Item: { pk: '2', flight: 'f' } }));
    const after = await start(media([byDrone]));
    expect((await query(after, 'by-drone', 'drone', 'd')).Items).toEqual([
      { pk: '1', flight: 'f', drone: 'd' },
    ]);
    await expect(query(after, 'by-flight', 'flight', 'f')).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('rebuilds an index with another projection', async () => {
    const before = await start();
    await before.send(new PutCommand({ TableName, Item: { pk: '1', flight: 'f', name: 'a' } }));
    const keysOnly = { ...byFlight, Projection: { ProjectionType: 'KEYS_ONLY' as const } };
    const after = await start(media([keysOnly]));
    expect((await query(after, 'by-flight', 'flight', 'f')).Items).toEqual([{ pk: '1', flight: 'f' }]);
  });

  it('leaves items that do not fit out of a new index, and logs the numbers', async () => {
    const before = await start();
    for (const [pk, drone] of Object.entries({ 1: 'd', 2: '', 3: 7, 4: 'é'.repeat(1025), 5: undefined })) {
      const Item = { pk, ...(drone === undefined ? {} : { drone }) };
      await before.send(new PutCommand({ TableName, Item }));
    }
    const after = await start(media([byFlight, byDrone]));
    expect((await query(after, 'by-drone', 'drone', 'd')).Items).toEqual([{ pk: '1', drone: 'd' }]);
    expect(log).toEqual([
      'dynamodb: index by-drone of table media is new in the template, or has changed, and was filled with 1 items; ' +
        '3 items have values in key attributes that an index cannot have',
    ]);
  });

  it('stops with the name of a table whose own keys have changed', async () => {
    await start();
    await service?.close();
    service = undefined;
    await expect(start(media([byFlight], 'N'))).rejects.toThrow(/keys of table media have changed/);
    // The folder is free again.
    await start();
  });

  it('reports that the folder is in use', async () => {
    await start();
    const second = createDynamoDb({
      identities: new Identities({ root }),
      region,
      accountId,
      tables: [media([byFlight])],
      dataDirectory,
    });
    await expect(second).rejects.toThrow(`The database in ${dataDirectory} is in use`);
  });
});

describe('kill -9', () => {
  it('keeps every acknowledged write, and no index entry without its item', async () => {
    const { child, port } = await startProcess();
    const documents = documentsAt(port);
    const acknowledged: string[] = [];
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; ; number++) {
        const pk = `${writer}-${number}`;
        await documents.send(new PutCommand({ TableName, Item: { pk, flight: 'f' } }));
        acknowledged.push(pk);
      }
    });
    const stopped = Promise.allSettled(writers);
    while (acknowledged.length < 200) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGKILL');
    await stopped;

    const after = await start();
    for (const pk of acknowledged) {
      expect((await after.send(new GetCommand({ TableName, Key: { pk } }))).Item).toEqual({
        pk,
        flight: 'f',
      });
    }
    for (const { pk } of (await query(after, 'by-flight', 'flight', 'f')).Items ?? []) {
      expect((await after.send(new GetCommand({ TableName, Key: { pk } }))).Item).toBeDefined();
    }
  });
});

/** The service in a process of its own, which can be killed. */
async function startProcess(): Promise<{ child: ChildProcess; port: number }> {
  const local = (path: string): string => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
  const script = `
    const { createDynamoDb } = await import(${local('dynamodb/dynamodb.ts')});
    const { Identities } = await import(${local('iam/identities.ts')});
    const service = await createDynamoDb({
      identities: new Identities({ root: ${JSON.stringify(root)} }),
      region: '${region}',
      accountId: '${accountId}',
      tables: [${JSON.stringify(media([byFlight]))}],
      dataDirectory: ${JSON.stringify(dataDirectory)},
    });
    service.server.listen(0, '127.0.0.1', () => console.log(service.server.address().port));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(child.stdout, 'data');
  return { child, port: Number(output) };
}
