import { afterAll, beforeAll } from 'vitest';
import { InMemoryMediaCatalog } from '../../fakes/in-memory-media-catalog.ts';
import { dynamoDbFileLists } from '../../functions/adapters/dynamodb-file-lists.ts';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import type { FileLists, MediaCatalog } from '../../functions/core/media-catalog.ts';
import { type DynaliteTable, startDynaliteTable } from './dynalite-table.ts';

type OpenCatalog = () => MediaCatalog & FileLists;

/** Every catalog, by its name, for `describe.each`. The table runs as long as the tests of the file. */
export function catalogs(): [string, OpenCatalog][] {
  let table: DynaliteTable;
  beforeAll(async () => {
    table = await startDynaliteTable();
  });
  afterAll(() => table.close());
  return [
    ['in memory', () => new InMemoryMediaCatalog()],
    [
      'in DynamoDB',
      () => ({
        ...dynamoDbMediaCatalog(table.tableName, table.client()),
        ...dynamoDbFileLists(table.tableName, table.client()),
      }),
    ],
  ];
}
