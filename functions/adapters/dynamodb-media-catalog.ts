import { DeleteCommand, GetCommand, PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { MediaCatalog } from '../core/media-catalog.ts';
import { flightFileId, type MediaFile, type Reporter } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { documentClient, whenConditionHolds } from './document-client.ts';
import { batchGetExisting } from './dynamodb-batch-get.ts';
import { type FlightItem, fromPrioritizationItem } from './flight-item.ts';
import { fromItem, type MediaFileItem, toItem } from './media-file-item.ts';
import {
  FILE_PREFIX,
  failureKey,
  fileKey,
  fingerprintKey,
  flightFileKey,
  flightKey,
  flightPartition,
  type ItemKey,
  objectPartition,
  tinyFingerprintKey,
} from './media-table-keys.ts';

/** The first record stays; a mismatch gives way, since the device was told to try again. */
const NOT_RECORDED_YET = 'attribute_not_exists(pk) OR integrity = :mismatch';
/** Bytes that were put over verified ones, under their key, have taken their place in the bucket. */
const NO_VERIFIED_ONE_ELSEWHERE =
  'attribute_not_exists(pk) OR integrity <> :verified OR object_key = :object_key';
/** A marker that a newer upload has taken over is not ours to remove. */
const STILL_POINTS_TO_OBJECT = 'object_key = :object_key AND etag = :etag';
/** Messages arrive out of order; a flight was last heard of when the latest of them was sent. */
const NOT_HEARD_LATER = 'attribute_not_exists(heard_at) OR heard_at <= :at';
/** The larger count is the later one. */
const COUNT_IS_LOWER = 'attribute_not_exists(#count) OR #count < :count';

/** The catalog in one DynamoDB table; its layout stands in docs/architecture.md. */
export function dynamoDbMediaCatalog(tableName: string, client = documentClient()): MediaCatalog {
  const put = (item: object) => client.send(new PutCommand({ TableName: tableName, Item: item }));

  const find = async <Item>(key: ItemKey): Promise<Item | undefined> => {
    const { Item } = await client.send(
      new GetCommand({ TableName: tableName, Key: key, ConsistentRead: true }),
    );
    return Item as Item | undefined;
  };

  const putFile = async (file: MediaFile): Promise<MediaFile> => {
    const key = fileKey(file);
    const created = await whenConditionHolds(
      client.send(
        new PutCommand({
          TableName: tableName,
          Item: { ...key, ...toItem(file) },
          ConditionExpression: NOT_RECORDED_YET,
          ExpressionAttributeValues: { ':mismatch': 'mismatch' },
        }),
      ),
    );
    if (created) return file;
    const standing = await find<MediaFileItem>(key);
    return standing ? fromItem(standing) : file;
  };

  /** Bytes that S3 has seen to have this fingerprint are not given up for bytes that somebody says have it. */
  const putFingerprint = (item: ItemKey & Pick<MediaFileItem, 'integrity' | 'object_key'>) =>
    item.integrity === 'verified'
      ? put(item)
      : whenConditionHolds(
          client.send(
            new PutCommand({
              TableName: tableName,
              Item: item,
              ConditionExpression: NO_VERIFIED_ONE_ELSEWHERE,
              ExpressionAttributeValues: { ':verified': 'verified', ':object_key': item.object_key },
            }),
          ),
        );

  /** What makes a file findable. It holds all of the file but the raw message, so a hit needs no second read. */
  const putMarkers = async (file: MediaFile, reportedAt: string): Promise<void> => {
    const { workspaceId, fingerprint, tinyFingerprint, flightId, fileId } = file;
    const { raw: _raw, ...found } = toItem(file);
    const target = { object_key: file.objectKey, etag: file.eTag, file_id: fileId };
    await Promise.all([
      // A link leaves the marker to the upload that it links to.
      fingerprint &&
        !file.linkedTo &&
        putFingerprint({ ...fingerprintKey(workspaceId, fingerprint), ...found }),
      tinyFingerprint && put({ ...tinyFingerprintKey(workspaceId, tinyFingerprint), ...target }),
      flightId && put({ ...flightFileKey(workspaceId, flightId, flightFileId(file)), ...target }),
      flightId && hear(flightKey(workspaceId, flightId), reportedAt, file.reporter),
    ]);
  };

  /** Remembers when, and by which dock, something was said of a flight. */
  const hear = (key: ItemKey, at: string, reporter?: Reporter) =>
    whenConditionHolds(
      client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: key,
          UpdateExpression:
            reporter?.kind === 'dock' ? 'SET heard_at = :at, gateway_sn = :sn' : 'SET heard_at = :at',
          ConditionExpression: NOT_HEARD_LATER,
          ExpressionAttributeValues: {
            ':at': at,
            ...(reporter?.kind === 'dock' && { ':sn': reporter.name }),
          },
        }),
      ),
    );

  const removeMarker = (key: ItemKey, file: MediaFile) =>
    whenConditionHolds(
      client.send(
        new DeleteCommand({
          TableName: tableName,
          Key: key,
          ConditionExpression: STILL_POINTS_TO_OBJECT,
          ExpressionAttributeValues: { ':object_key': file.objectKey, ':etag': file.eTag },
        }),
      ),
    );

  const raiseCount = (key: ItemKey, name: string, count: number | undefined) =>
    count !== undefined &&
    whenConditionHolds(
      client.send(
        new UpdateCommand({
          TableName: tableName,
          Key: key,
          UpdateExpression: 'SET #count = :count',
          ConditionExpression: COUNT_IS_LOWER,
          ExpressionAttributeNames: { '#count': name },
          ExpressionAttributeValues: { ':count': count },
        }),
      ),
    );

  /** Pages of one partition's items whose sort keys begin with a prefix. */
  async function* queryPages(pk: string, prefix: string, select?: 'COUNT') {
    let startKey: Record<string, unknown> | undefined;
    do {
      const page = await client.send(
        new QueryCommand({
          TableName: tableName,
          Select: select,
          ConsistentRead: true,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
          ExclusiveStartKey: startKey,
        }),
      );
      yield page;
      startKey = page.LastEvaluatedKey;
    } while (startKey);
  }

  const countFiles = async (pk: string): Promise<number> => {
    let count = 0;
    for await (const page of queryPages(pk, FILE_PREFIX, 'COUNT')) count += page.Count ?? 0;
    return count;
  };

  return {
    async findByFingerprint(workspaceId, fingerprint) {
      const item = await find<MediaFileItem>(fingerprintKey(workspaceId, fingerprint));
      return item && fromItem({ ...item, raw: '' });
    },

    async findTinyFingerprints(workspaceId, asked) {
      const byPartition = new Map([...asked].map((tiny) => [tinyFingerprintKey(workspaceId, tiny).pk, tiny]));
      const keys = [...asked].map((tiny) => tinyFingerprintKey(workspaceId, tiny));
      const existing = await batchGetExisting(client, tableName, keys);
      return new Set(existing.flatMap(({ pk }) => byPartition.get(pk) ?? []));
    },

    async record(file) {
      const standing = await putFile(file);
      // Markers last: a crash before them costs one harmless upload, never a file.
      if (standing.integrity !== 'mismatch') await putMarkers(standing, file.recordedAt);
      return standing;
    },

    async listByObjectKey(workspaceId, objectKey) {
      const files: MediaFile[] = [];
      for await (const page of queryPages(objectPartition(workspaceId, objectKey), FILE_PREFIX)) {
        files.push(...((page.Items ?? []) as MediaFileItem[]).map(fromItem));
      }
      return files;
    },

    async forget(file) {
      const { workspaceId, fingerprint, tinyFingerprint } = file;
      await Promise.all([
        fingerprint && removeMarker(fingerprintKey(workspaceId, fingerprint), file),
        tinyFingerprint && removeMarker(tinyFingerprintKey(workspaceId, tinyFingerprint), file),
      ]);
    },

    async recordFailure(failure) {
      await put({
        ...failureKey(failure.workspaceId, failure.objectKey, failure.reportedAt),
        workspace_id: failure.workspaceId,
        object_key: failure.objectKey,
        result: failure.result,
        reported_by: failure.reporter,
        reported_at: failure.reportedAt,
        raw: failure.raw,
      });
    },

    async recordGroupProgress(workspaceId, flightId, counts, at) {
      const key = flightKey(workspaceId, flightId);
      await Promise.all([
        raiseCount(key, 'expected_file_count', counts.expectedFileCount),
        raiseCount(key, 'uploaded_file_count', counts.uploadedFileCount),
        hear(key, at),
      ]);
    },

    async findFlight(workspaceId, flightId) {
      const [item, receivedFileCount] = await Promise.all([
        find<FlightItem>(flightKey(workspaceId, flightId)),
        countFiles(flightPartition(workspaceId, flightId)),
      ]);
      if (item === undefined && receivedFileCount === 0) return undefined;
      return {
        expectedFileCount: item?.expected_file_count ?? 0,
        uploadedFileCount: item?.uploaded_file_count ?? 0,
        receivedFileCount,
        ...present({
          lastHeardAt: item?.heard_at,
          gatewaySn: item?.gateway_sn,
          prioritization: item?.prioritization && fromPrioritizationItem(item.prioritization),
        }),
      };
    },
  };
}
