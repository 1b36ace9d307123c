import { setTimeout as wait } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { ServiceUnavailableError } from '../core/errors.ts';
import type { ItemKey } from './media-table-keys.ts';

/** DynamoDB's limit for a BatchGetItem. */
const BATCH_SIZE = 100;
/** Concurrent batches, within the SDK's 50 sockets. Ten thousand keys are a hundred batches. */
const PARALLEL_BATCHES = 25;
const ATTEMPTS = 6;
const FIRST_DELAY_IN_MILLISECONDS = 25;

/**
 * The items of these keys that exist, in any order, with consistent reads. Keys must be distinct. Unprocessed
 * keys are requested again with growing, jittered delays. When some are never processed, throws
 * `ServiceUnavailableError`: they must not count as missing.
 */
export async function batchGet<Item extends ItemKey>(
  client: DynamoDBDocumentClient,
  tableName: string,
  keys: readonly ItemKey[],
  attributes?: readonly (keyof Item & string)[],
): Promise<readonly Item[]> {
  const projection = attributes && { ProjectionExpression: attributes.join(', ') };
  const getBatch = async (batch: readonly ItemKey[]): Promise<Item[]> => {
    const existing: Item[] = [];
    let open = batch.map(({ pk, sk }) => ({ pk, sk }));
    for (let attempt = 0; open.length > 0; attempt++) {
      if (attempt === ATTEMPTS) throw new ServiceUnavailableError('The catalog is throttled');
      if (attempt > 0) await wait(Math.random() * FIRST_DELAY_IN_MILLISECONDS * 2 ** attempt);
      const { Responses, UnprocessedKeys } = await client.send(
        new BatchGetCommand({
          RequestItems: { [tableName]: { Keys: open, ConsistentRead: true, ...projection } },
        }),
      );
      existing.push(...((Responses?.[tableName] ?? []) as Item[]));
      open = (UnprocessedKeys?.[tableName]?.Keys ?? []) as { pk: string; sk: string }[];
    }
    return existing;
  };

  const batches = Array.from({ length: Math.ceil(keys.length / BATCH_SIZE) }, (_, index) =>
    keys.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
  );
  return (await pMap(batches, getBatch, { concurrency: PARALLEL_BATCHES })).flat();
}
