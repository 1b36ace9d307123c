/** What the library holds: every version of the bucket with the MD5 of its bytes, every entry, every list. */
import { createHash } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { BatchWriteCommand, DynamoDBDocumentClient, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { dynamoDbFileLists } from '../../functions/adapters/dynamodb-file-lists.ts';
import { dynamoDbMediaCatalog } from '../../functions/adapters/dynamodb-media-catalog.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import type { Flight, FlightOwner } from '../../functions/core/flight.ts';
import type { Page } from '../../functions/core/media-catalog.ts';
import type { MediaFile } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import type { Endpoints } from '../../local/endpoints.ts';
import { administrator } from '../stack-process.ts';

const PAGE = 200;

/** A version in the bucket. */
export interface BucketVersion {
  readonly objectKey: string;
  readonly versionId: string;
  readonly sizeInBytes: number;
  /** Of its bytes, as they come back. */
  readonly md5: string;
}

/** The library at one moment. */
export interface LibraryState {
  readonly versions: readonly BucketVersion[];
  readonly entries: readonly MediaFile[];
  /** Ids of entries in the list of files. */
  readonly listed: readonly string[];
  findFlight(flightId: string, owner: FlightOwner): Promise<Flight | undefined>;
  /** Whether a device that asks for this MD5 hears that the bytes are there. */
  isHit(md5: string): Promise<boolean>;
  close(): void;
}

/** Reads all of it, as the account's administrator. */
export async function readLibrary(endpoints: Endpoints, workspaceId: string): Promise<LibraryState> {
  const s3 = new S3Client({ ...administrator({ endpoints }, 's3'), forcePathStyle: true });
  const database = DynamoDBDocumentClient.from(new DynamoDBClient(administrator({ endpoints }, 'dynamodb')));
  const lists = dynamoDbFileLists(endpoints.table, database);
  const catalog = dynamoDbMediaCatalog(endpoints.table, database);
  const workspace = workspaceId as WorkspaceId;
  const files = await everyPage((cursor) =>
    lists.listFiles(workspace, { limit: PAGE, ...(cursor !== undefined && { cursor }) }),
  );
  return {
    versions: await readVersions(s3, endpoints.bucket),
    entries: await everyPage((cursor) => lists.scanEntries(cursor)),
    listed: files.map(({ fileId }) => fileId),
    findFlight: (flightId, owner) => catalog.findFlight(workspace, flightId, owner),
    isHit: async (md5) => (await catalog.findByFingerprint(workspace, md5 as Fingerprint)).length > 0,
    close() {
      s3.destroy();
      database.destroy();
    },
  };
}

/** DynamoDB's limit. */
const BATCH = 25;

/** Removes every item of the library's table. */
export async function emptyTable(endpoints: Endpoints): Promise<void> {
  const { table: TableName } = endpoints;
  const client = DynamoDBDocumentClient.from(new DynamoDBClient(administrator({ endpoints }, 'dynamodb')));
  for (;;) {
    const scanned = await client.send(
      new ScanCommand({ TableName, ProjectionExpression: 'pk, sk', Limit: BATCH, ConsistentRead: true }),
    );
    const { Items: keys = [] } = scanned;
    if (keys.length === 0 && scanned.LastEvaluatedKey === undefined) break;
    if (keys.length > 0)
      await client.send(
        new BatchWriteCommand({
          RequestItems: { [TableName]: keys.map((Key) => ({ DeleteRequest: { Key } })) },
        }),
      );
  }
  client.destroy();
}

async function everyPage<Item>(read: (cursor?: string) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return items;
}

async function readVersions(s3: S3Client, Bucket: string): Promise<BucketVersion[]> {
  const versions: BucketVersion[] = [];
  let next: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (next !== undefined) {
    const page: Awaited<ReturnType<typeof list>> = await list(s3, Bucket, next);
    for (const { Key = '', VersionId = '', Size = 0 } of page.Versions ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      const md5 = createHash('md5')
        .update((await Body?.transformToByteArray()) ?? '')
        .digest('hex');
      versions.push({ objectKey: Key, versionId: VersionId, sizeInBytes: Size, md5 });
    }
    next = page.IsTruncated
      ? {
          ...(page.NextKeyMarker && { KeyMarker: page.NextKeyMarker }),
          ...(page.NextVersionIdMarker && { VersionIdMarker: page.NextVersionIdMarker }),
        }
      : undefined;
  }
  return versions;
}

const list = (s3: S3Client, Bucket: string, markers: { KeyMarker?: string; VersionIdMarker?: string }) =>
  s3.send(new ListObjectVersionsCommand({ Bucket, ...markers }));
