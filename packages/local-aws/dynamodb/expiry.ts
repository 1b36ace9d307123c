import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Operation } from './dynalite.ts';
import type { Engine } from './engine.ts';

const PAGE_SIZE = 1000;

interface Page {
  readonly Items?: readonly Readonly<Record<string, unknown>>[];
  readonly LastEvaluatedKey?: object;
}

/** Deletes expired items, as DynamoDB does some time after they expire. */
export async function deleteExpiredItems(
  engine: Engine,
  table: { readonly name: string; readonly timeToLiveAttribute: string },
  now: Date,
): Promise<void> {
  const keyNames = engine.findTable(table.name)?.KeySchema.map((key) => key.AttributeName) ?? [];
  const expired = {
    ExpressionAttributeNames: { '#ttl': table.timeToLiveAttribute },
    ExpressionAttributeValues: { ':now': { N: String(Math.floor(now.getTime() / 1000)) } },
  };
  const run = (operation: Operation, input: object): object =>
    engine.execute(operation, engine.prepare(operation, { TableName: table.name, ...expired, ...input }));

  let startKey: object | undefined;
  do {
    const page = run('Scan', {
      FilterExpression: '#ttl < :now',
      Limit: PAGE_SIZE,
      ...(startKey ? { ExclusiveStartKey: startKey } : {}),
    }) as Page;
    for (const item of page.Items ?? []) {
      const Key = Object.fromEntries(keyNames.map((name) => [name, item[name]]));
      // The item cannot have changed meanwhile: a page is read and deleted without interruption.
      run('DeleteItem', { Key, ConditionExpression: '#ttl < :now' });
    }
    startKey = page.LastEvaluatedKey;
    await nextTurn();
  } while (startKey);
}
