import { randomUUID } from 'node:crypto';
import { ProvisionedThroughputExceededException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InMemoryLibrary } from '../../fakes/in-memory-library.ts';
import { dynamoDbFileLists } from '../../functions/adapters/dynamodb-file-lists.ts';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import { ServiceUnavailableError } from '../../functions/core/errors.ts';
import type { TinyFingerprint } from '../../functions/core/fingerprint.ts';
import type { MediaCatalog } from '../../functions/core/media-catalog.ts';
import { recordUpload } from '../../functions/core/record-upload.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import { entryFacts, FINGERPRINT, mediaFile, recordFile, TINY_FINGERPRINT } from '../fixtures/library.ts';
import { type DynaliteTable, startDynaliteTable } from './dynalite-table.ts';

let table: DynaliteTable;
let workspaceId: WorkspaceId;

beforeAll(async () => {
  table = await startDynaliteTable();
});
afterAll(() => table.close());
beforeEach(() => {
  workspaceId = randomUUID() as WorkspaceId;
});

const file = (name = 'DJI_0001.JPG') =>
  mediaFile({ workspaceId, objectKey: `${workspaceId}/a/b/${name}`, name });
const catalogOf = (client: DynamoDBDocumentClient) => ({
  ...dynamoDbMediaCatalog(table.tableName, client),
  ...dynamoDbFileLists(table.tableName, client),
});

/** A command as the SDK is about to send it, and a way to let it through. */
type Interceptor = (command: string, input: Record<string, unknown>, send: () => Promise<unknown>) => unknown;

/** A catalog whose commands pass by a test, below the SDK's retries. */
function interceptedCatalog(interceptor: Interceptor) {
  const client = table.client({ maxAttempts: 1 });
  client.middlewareStack.add(
    (next, context) => async (args) =>
      (await interceptor(String(context.commandName), args.input as Record<string, unknown>, () =>
        next(args),
      )) as Awaited<ReturnType<typeof next>>,
    { step: 'initialize', name: 'interceptor' },
  );
  return catalogOf(client);
}

const throttled = () =>
  new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: { httpStatusCode: 400 } });

async function itemsOf(workspace: string): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await table.client().send(new ScanCommand({ TableName: table.tableName }));
  return Items.filter(({ pk }) => String(pk).includes(workspace));
}

describe('a fault of DynamoDB', () => {
  const failing = () =>
    interceptedCatalog(() => {
      throw throttled();
    });

  it('is never a "not found"', async () => {
    const { fileId, objectKey } = await recordFile(catalogOf(table.client()), file());
    const catalog = failing();
    await expect(catalog.findFile(workspaceId, fileId)).rejects.toThrow('slow down');
    await expect(catalog.findByFingerprint(workspaceId, FINGERPRINT)).rejects.toThrow('slow down');
    await expect(catalog.findTinyFingerprints(workspaceId, new Set([TINY_FINGERPRINT]))).rejects.toThrow(
      'slow down',
    );
    await expect(catalog.findFlight(workspaceId, 'flight-1')).rejects.toThrow('slow down');
    await expect(catalog.listByObjectKey(workspaceId, objectKey)).rejects.toThrow('slow down');
    await expect(catalog.listFiles(workspaceId, { limit: 1 })).rejects.toThrow('slow down');
  });

  it('is never a success', async () => {
    const flown = { ...file(), flightId: 'flight-1' };
    const flight = { workspaceId, flightId: 'flight-1', owner: 'pilot' } as const;
    const catalog = failing();
    await expect(catalog.merge(entryFacts(flown))).rejects.toThrow('slow down');
    await expect(catalog.claimFingerprint(flown)).rejects.toThrow('slow down');
    await expect(catalog.claimTinyFingerprint(flown)).rejects.toThrow('slow down');
    await expect(catalog.releaseClaims(flown)).rejects.toThrow('slow down');
    await expect(catalog.countToFlight(flown)).rejects.toThrow('slow down');
    await expect(
      catalog.recordProgress(flight, { expectedFileCount: 1, heardAt: '2026-01-01T00:00:00.000Z' }),
    ).rejects.toThrow('slow down');
    expect(await itemsOf(workspaceId)).toEqual([]);
  });

  it('includes a missing table', async () => {
    const lost = dynamoDbMediaCatalog('no-such-table', table.client());
    await expect(lost.findByFingerprint(workspaceId, FINGERPRINT)).rejects.toThrow();
    await expect(lost.findTinyFingerprints(workspaceId, new Set([TINY_FINGERPRINT]))).rejects.toThrow();
    await expect(lost.merge(entryFacts(file()))).rejects.toThrow();
  });

  it('is retried by the SDK', async () => {
    await recordFile(catalogOf(table.client()), file());
    let failures = 2;
    const client = table.client();
    client.middlewareStack.add(
      (next) => async (args) => {
        if (failures-- > 0) throw throttled();
        return next(args);
      },
      { step: 'deserialize', name: 'throttling' },
    );
    expect(await catalogOf(client).findByFingerprint(workspaceId, FINGERPRINT)).toHaveLength(1);
    expect(failures).toBe(-1);
  });
});

describe('a crash', () => {
  const objectKeyOf = () => `${workspaceId}/a/b/DJI_0001.JPG`;
  const report = (catalog: MediaCatalog) => {
    const library = new InMemoryLibrary(catalog as ReturnType<typeof catalogOf>);
    library.storage.put(objectKeyOf(), { eTag: FINGERPRINT });
    return recordUpload(library, {
      workspaceId,
      objectKey: objectKeyOf(),
      result: 0,
      file: {
        name: 'DJI_0001.JPG',
        fingerprint: FINGERPRINT,
        tinyFingerprint: TINY_FINGERPRINT,
        flightId: 'flight-1',
        capture: {},
      },
      reporter: { kind: 'pilot', name: 'pilot' },
      raw: '{}',
    });
  };
  /** Ends the process, as far as the catalog can tell, before the first claim. */
  const crashBeforeClaims = () =>
    interceptedCatalog((_command, input, send) => {
      const { pk } = (input['Item'] ?? input['Key']) as { pk: string };
      if (/#(OBJECT|FLIGHT)#/.test(pk)) return send();
      throw new Error('killed');
    });

  it('before the claims leaves a file that is counted but is no hit', async () => {
    await expect(report(crashBeforeClaims())).rejects.toThrow('killed');
    const catalog = catalogOf(table.client());
    expect(await catalog.listByObjectKey(workspaceId, objectKeyOf())).toHaveLength(1);
    expect(await catalog.findFlight(workspaceId, 'flight-1')).toMatchObject({ receivedFileCount: 1 });
    expect(await catalog.findByFingerprint(workspaceId, FINGERPRINT)).toEqual([]);
    expect(await catalog.findTinyFingerprints(workspaceId, new Set([TINY_FINGERPRINT]))).toEqual(new Set());
  });

  it('is repaired by a repeated report', async () => {
    await expect(report(crashBeforeClaims())).rejects.toThrow('killed');
    const catalog = catalogOf(table.client());
    await report(catalog);
    expect(await catalog.findByFingerprint(workspaceId, FINGERPRINT)).toHaveLength(1);
    expect(await catalog.findFlight(workspaceId, 'flight-1')).toMatchObject({ receivedFileCount: 1 });
  });
});

describe('tiny fingerprints', () => {
  const tiny = (index: number) => `${String(index).padStart(32, '0')}_2022_8_31_15_16_16` as TinyFingerprint;
  const asked = new Set(Array.from({ length: 250 }, (_, index) => tiny(index)));

  const recordEach = async (...indexes: number[]) => {
    const catalog = catalogOf(table.client());
    for (const index of indexes) {
      await catalog.claimTinyFingerprint({ ...file(`${index}.jpg`), tinyFingerprint: tiny(index) });
    }
  };

  /** Leaves the later part of each batch unprocessed, as DynamoDB does under load. */
  const reluctant = (answersOf: (call: number, keys: unknown[]) => number) => {
    const calls: number[] = [];
    const catalog = interceptedCatalog(async (command, input, send) => {
      if (command !== 'BatchGetItemCommand') return send();
      const requested = input['RequestItems'] as Record<string, { Keys: unknown[] }>;
      const request = requested[table.tableName];
      if (!request) throw new Error('another table was asked');
      calls.push(request.Keys.length);
      const open = request.Keys.splice(answersOf(calls.length, request.Keys));
      if (request.Keys.length === 0) {
        return {
          output: { Responses: {}, UnprocessedKeys: { [table.tableName]: { Keys: open } }, $metadata: {} },
        };
      }
      const result = (await send()) as { output: Record<string, unknown> };
      if (open.length > 0) result.output['UnprocessedKeys'] = { [table.tableName]: { Keys: open } };
      return result;
    });
    return { calls, catalog };
  };

  it('are requested in batches of a hundred, concurrently, each once', async () => {
    const { calls, catalog } = reluctant((_call, keys) => keys.length);
    await catalog.findTinyFingerprints(workspaceId, asked);
    expect(calls.sort((one, other) => one - other)).toEqual([50, 100, 100]);
  });

  it('are requested again while DynamoDB returns unprocessed keys', async () => {
    await recordEach(0, 99, 249);
    const { calls, catalog } = reluctant((_call, keys) => Math.ceil(keys.length / 2));
    const found = await catalog.findTinyFingerprints(
      workspaceId,
      new Set([tiny(0), tiny(99), tiny(249), tiny(7)]),
    );
    expect([...found].sort()).toEqual([tiny(0), tiny(99), tiny(249)]);
    expect(calls).toEqual([4, 2, 1]);
  });

  it('are an error when DynamoDB never processes some of them', async () => {
    await recordEach(0);
    const { calls, catalog } = reluctant(() => 0);
    await expect(catalog.findTinyFingerprints(workspaceId, new Set([tiny(0)]))).rejects.toThrow(
      ServiceUnavailableError,
    );
    expect(calls).toHaveLength(6);
  });

  it('are an error when one of several batches fails', async () => {
    const { catalog } = reluctant((call, keys) => {
      if (call === 2) throw throttled();
      return keys.length;
    });
    await expect(catalog.findTinyFingerprints(workspaceId, asked)).rejects.toThrow('slow down');
  });

  it('need no request when there are none', async () => {
    const { calls, catalog } = reluctant((_call, keys) => keys.length);
    expect(await catalog.findTinyFingerprints(workspaceId, new Set())).toEqual(new Set());
    expect(calls).toEqual([]);
  });
});

describe('round trips in sequence', () => {
  /** How many requests had to wait for an earlier one. */
  function countingCatalog() {
    const commands: string[] = [];
    let depth = 0;
    let settled = 0;
    const catalog = interceptedCatalog(async (command, _input, send) => {
      commands.push(command);
      const started = settled + 1;
      const result = await send();
      settled = Math.max(settled, started);
      depth = Math.max(depth, started);
      return result;
    });
    return { catalog, commands, depth: () => depth };
  }

  it('are one for a fingerprint and one for a hundred tiny fingerprints', async () => {
    const { catalog, commands } = countingCatalog();
    await catalog.findByFingerprint(workspaceId, FINGERPRINT);
    await catalog.findTinyFingerprints(
      workspaceId,
      new Set(Array.from({ length: 100 }, (_, index) => `t${index}` as TinyFingerprint)),
    );
    expect(commands).toEqual(['QueryCommand', 'BatchGetItemCommand']);
  });

  it('are two for a report: entry and flight, then both claims', async () => {
    const { catalog, commands, depth } = countingCatalog();
    await recordFile(catalog, { ...file(), flightId: 'flight-1' });
    expect(commands).toHaveLength(4);
    expect(depth()).toBe(2);
  });
});

describe('the contents of the table', () => {
  it('have an entity name on every item', async () => {
    const catalog = catalogOf(table.client());
    const flight = { workspaceId, flightId: 'flight-1', owner: 'pilot' } as const;
    const recorded = await recordFile(catalog, { ...file(), flightId: 'flight-1' });
    await catalog.recordProgress(flight, { expectedFileCount: 1, heardAt: '2026-01-01T00:00:00.000Z' });
    const spare = await catalog.merge(entryFacts(file('spare.jpg')));
    await catalog.setSurplus(spare, recorded.fileId);
    await catalog.recordFailure({
      workspaceId,
      objectKey: recorded.objectKey,
      result: 1,
      reporter: { kind: 'pilot', name: 'pilot' },
      reportedAt: '2026-01-01T00:00:00.000Z',
      raw: 'x'.repeat(10_000),
    });
    const items = await itemsOf(workspaceId);
    expect(new Set(items.map(({ entity }) => entity))).toEqual(
      new Set(['failure', 'file', 'fingerprint', 'flight', 'flight-file', 'surplus', 'tiny-fingerprint']),
    );
  });

  it('have one item for the failures of an object key, shortened, for ninety days', async () => {
    const catalog = catalogOf(table.client());
    for (const result of [1, 2, 3]) {
      await catalog.recordFailure({
        workspaceId,
        objectKey: `${workspaceId}/a/b.jpg`,
        result,
        reporter: { kind: 'pilot', name: 'pilot' },
        reportedAt: '2026-01-01T00:00:00.000Z',
        raw: 'x'.repeat(128_000),
      });
    }
    const items = await itemsOf(workspaceId);
    expect(items).toMatchObject([{ result: 3, expires_at: Date.parse('2026-04-01T00:00:00.000Z') / 1000 }]);
    expect(String(items[0]?.['raw']).length).toBe(2000);
  });

  it('are read with consistent reads only, except for lists', async () => {
    const reads: unknown[] = [];
    const catalog = interceptedCatalog((command, input, send) => {
      if (/^(Get|BatchGet|Query)/.test(command)) {
        const batch = Object.values(
          (input['RequestItems'] ?? {}) as Record<string, { ConsistentRead: boolean }>,
        );
        reads.push(input['ConsistentRead'] ?? batch[0]?.ConsistentRead);
      }
      return send();
    });
    const { fileId, objectKey } = await recordFile(catalog, file());
    await catalog.findFile(workspaceId, fileId);
    await catalog.findByFingerprint(workspaceId, FINGERPRINT);
    await catalog.findTinyFingerprints(workspaceId, new Set([TINY_FINGERPRINT]));
    await catalog.findFlight(workspaceId, 'flight-1');
    await catalog.listByObjectKey(workspaceId, objectKey);
    await catalog.listSurplus(file());
    expect(reads).toHaveLength(6);
    expect(new Set(reads)).toEqual(new Set([true]));
  });

  it('include flights with more files than one page of a query', async () => {
    const catalog = catalogOf(table.client());
    const names = Array.from({ length: 60 }, (_, index) => `${index}.jpg`);
    await Promise.all(names.map((name) => catalog.countToFlight({ ...file(name), flightId: 'flight-1' })));
    const paged = interceptedCatalog((command, input, send) => {
      if (command === 'QueryCommand') input['Limit'] = 7;
      return send();
    });
    expect(await paged.findFlight(workspaceId, 'flight-1')).toMatchObject({ receivedFileCount: 60 });
  });

  it('include the longest message that an endpoint accepts', async () => {
    const long = mediaFile({
      workspaceId,
      objectKey: `${workspaceId}/${'上'.repeat(320)}`,
      name: '上'.repeat(4096),
      path: '上'.repeat(4096),
      flightId: '上'.repeat(256),
      raw: 'x'.repeat(128_000),
    });
    const catalog = catalogOf(table.client());
    await recordFile(catalog, long);
    expect(await catalog.listByObjectKey(workspaceId, long.objectKey)).toEqual([long]);
    expect(await catalog.findFlight(workspaceId, long.flightId ?? '')).toMatchObject({
      receivedFileCount: 1,
    });
  });
});

describe('a cursor', () => {
  it.each(['', 'x', 'e30', Buffer.from('["a",{}]').toString('base64url')])(
    'is refused when it is %j',
    async (cursor) => {
      const catalog = catalogOf(table.client());
      await expect(catalog.listFiles(workspaceId, { limit: 1, cursor })).rejects.toThrow('cursor');
    },
  );

  it('is valid for its own list only', async () => {
    const catalog = catalogOf(table.client());
    for (const name of ['1.jpg', '2.jpg']) await catalog.merge(entryFacts(file(name)));
    const { cursor } = await catalog.listFiles(workspaceId, { limit: 1 });
    expect(cursor).toBeDefined();
    await expect(catalog.listFiles(workspaceId, { limit: 1, cursor, removed: true })).rejects.toThrow(
      'cursor',
    );
    const other = randomUUID() as WorkspaceId;
    await expect(catalog.listFiles(other, { limit: 1, cursor })).rejects.toThrow('cursor');
  });
});
