import { AwsError } from '../http/aws-error.ts';
import type { LocalService } from '../http/local-service.ts';
import { authorize } from '../iam/authorize.ts';
import type { Identities } from '../iam/identities.ts';
import { authenticate } from '../iam/sigv4.ts';
import { describeAwsError, type JsonFailure, jsonService } from '../json/json-service.ts';
import { accessesOf } from './access.ts';
import { type DynaliteError, isOperation } from './dynalite.ts';
import { type Engine, openEngine } from './engine.ts';
import { deleteExpiredItems } from './expiry.ts';
import type { IndexRebuild, TableDefinition } from './tables.ts';

export type { GlobalSecondaryIndexDefinition, TableDefinition } from './tables.ts';

/** DynamoDB's limit. */
const BODY_LIMIT_IN_BYTES = 16 * 1024 * 1024;

/** DynamoDB itself deletes expired items within days. */
const EXPIRY_INTERVAL_IN_MILLISECONDS = 3600 * 1000;

/** How to start the local DynamoDB. */
export interface DynamoDbOptions {
  readonly identities: Identities;
  readonly region: string;
  readonly accountId: string;
  readonly tables: readonly TableDefinition[];
  /** Folder of the database. @default in memory */
  readonly dataDirectory?: string | undefined;
  /** @default the machine's clock */
  readonly clock?: (() => Date) | undefined;
  /** Gets errors of the service itself. @default standard error */
  readonly log?: ((line: string) => void) | undefined;
  /** What to do when acknowledged writes are lost; it is part of that message. @default nothing */
  readonly lossAdvice?: string | undefined;
}

/** Opens the database and creates missing tables. The caller listens. */
export async function createDynamoDb(options: DynamoDbOptions): Promise<LocalService> {
  const { identities, region, accountId, tables, clock = () => new Date(), log = console.error } = options;
  const arnOf = (tableName: string): string => `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}`;
  const engine = openEngine({ directory: options.dataDirectory, region, accountId });
  if (engine.store.lostWrites > 0) log(`dynamodb: ${lossMessage(engine.store.lostWrites, options)}`);
  try {
    for (const table of tables) {
      for (const rebuild of engine.ensureTable(table)) log(`dynamodb: ${rebuildMessage(rebuild)}`);
    }
  } catch (error) {
    engine.close();
    throw error;
  }
  const expiry = repeatExpiry(engine, { tables, clock, log });

  return jsonService({
    name: 'dynamodb',
    contentType: 'application/x-amz-json-1.0',
    target: 'DynamoDB_20120810',
    bodyLimitInBytes: BODY_LIMIT_IN_BYTES,
    answer: async ({ operation, input, request, body }) => {
      const { identity } = await authenticate(request, {
        service: 'dynamodb',
        region,
        identities,
        clock,
        body,
      });
      if (!isOperation(operation)) {
        throw new AwsError(
          'UnknownOperationException',
          `The local DynamoDB does not implement ${operation}.`,
        );
      }
      const prepared = engine.prepare(operation, input);
      const accesses = accessesOf(operation, prepared, { arnOf, findTable: engine.findTable });
      for (const access of accesses) authorize('dynamodb', identity, { ...access, now: clock() });
      const answer = engine.execute(operation, prepared);
      return operation === 'DescribeTimeToLive' ? describeTimeToLive(tables, prepared) : answer;
    },
    describeError,
    onClose: async () => {
      await expiry.stop();
      engine.close();
    },
    log,
  });
}

function lossMessage(lostWrites: number, { dataDirectory, lossAdvice }: DynamoDbOptions): string {
  const advice = lossAdvice === undefined ? '' : ` ${lossAdvice}`;
  return (
    `the last ${lostWrites} acknowledged writes are missing from the database in ${dataDirectory}: ` +
    `its files were damaged while nothing ran.${advice}`
  );
}

function rebuildMessage({ tableName, indexName, change, entries, leftOut }: IndexRebuild): string {
  const index = `index ${indexName} of table ${tableName}`;
  if (change === 'removed') return `${index} is gone from the template and was removed`;
  const rest =
    leftOut === 0 ? '' : `; ${leftOut} items have values in key attributes that an index cannot have`;
  return `${index} is new in the template, or has changed, and was filled with ${entries} items${rest}`;
}

/** dynalite's errors have a body already. Others are formatted like those of DynamoDB. */
function describeError(error: unknown): JsonFailure | undefined {
  const { statusCode, body } = error as DynaliteError;
  if (error instanceof Error && statusCode !== undefined && body) return { statusCode, body };
  const failure = describeAwsError(error);
  if (!failure) return undefined;
  return { ...failure, body: { ...failure.body, __type: `com.amazon.coral.service#${failure.body.__type}` } };
}

function describeTimeToLive(tables: readonly TableDefinition[], prepared: object): object {
  const { TableName: name } = prepared as { TableName: string };
  const attribute = tables.find((table) => table.name === name)?.timeToLiveAttribute;
  return {
    TimeToLiveDescription: attribute
      ? { TimeToLiveStatus: 'ENABLED', AttributeName: attribute }
      : { TimeToLiveStatus: 'DISABLED' },
  };
}

function repeatExpiry(
  engine: Engine,
  {
    tables,
    clock,
    log,
  }: Required<Pick<DynamoDbOptions, 'tables'>> & { clock: () => Date; log: (line: string) => void },
): { stop(): Promise<void> } {
  let running = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(async () => {
      for (const { name, timeToLiveAttribute } of tables) {
        if (timeToLiveAttribute) await deleteExpiredItems(engine, { name, timeToLiveAttribute }, clock());
      }
    });
    running = running.catch((error) => log(`dynamodb: expired items could not be deleted: ${error}`));
  }, EXPIRY_INTERVAL_IN_MILLISECONDS);
  timer.unref();
  return {
    stop: () => {
      clearInterval(timer);
      return running;
    },
  };
}
