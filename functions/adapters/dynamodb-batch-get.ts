import { setTimeout as wait } from 'node:timers/promises';
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import pMap from 'p-map';
import { ServiceUnavailableError } from '../core/errors.ts';
import type { ItemKey } from './media-table-keys.ts';

/** DynamoDB's own limit on one BatchGetItem. */
const BATCH_SIZE = 100;
/** Ten thousand keys are a hundred batches; this many travel at once, within the SDK's 50 sockets. */
const PARALLEL_BATCHES = 25;
const ATTEMPTS = 6;
const FIRST_DELAY_IN_MILLISECONDS = 25;

/**
 * The items that exist of the keys, in any order, by consistent reads. Keys must be distinct. Unprocessed keys are asked again with growing,
 * jittered delays; throws `ServiceUnavailableError` when some never are, since "not told" must not become "does not exist".
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
      if (attempt === ATTEMPTS) throw new ServiceUnavailableError('The catalog asks to slow down');
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
