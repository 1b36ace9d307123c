import type { EntryFacts, MediaCatalog } from '../core/media-catalog.ts';
import type { MediaFile, ObjectVersion } from '../core/media-file.ts';
import { documentClient, UpdateExpression } from './document-client.ts';
import { dynamoDbFingerprints } from './dynamodb-fingerprints.ts';
import { dynamoDbFlights } from './dynamodb-flights.ts';
import { dynamoDbTinyFingerprints } from './dynamodb-tiny-fingerprints.ts';
import { attributesOf, fromItem, type MediaFileItem, REPORT_ATTRIBUTES } from './media-file-item.ts';
import { mediaTable } from './media-table.ts';
import {
  BY_TIME,
  FILE_PREFIX,
  failureKey,
  fileKey,
  fingerprintPartition,
  listOf,
  objectPartition,
  surplusPrefix,
} from './media-table-keys.ts';

/** Failures are useful as long as somebody may look for a missing file. */
const FAILURE_KEPT_FOR_IN_SECONDS = 90 * 24 * 3600;
/** Enough to see what the device sent. */
const FAILURE_RAW_LENGTH = 2000;

/** The entry exists, and no device has reported it. */
const STILL_UNREPORTED = 'attribute_exists(pk) AND attribute_not_exists(reported_at)';

/** The catalog in a DynamoDB table. docs/architecture.md describes its layout. */
export function dynamoDbMediaCatalog(tableName: string, client = documentClient()): MediaCatalog {
  const table = mediaTable(tableName, client);

  const updateFile = async (
    file: EntryIdentity,
    expression: UpdateExpression,
    condition?: string,
  ): Promise<MediaFile> => {
    return fromItem(
      await table.update<MediaFileItem>(fileKey(file.workspaceId, file.fileId), expression, condition),
    );
  };

  /** Changes an entry, if it exists. */
  const changeFile = (file: EntryIdentity, expression: UpdateExpression) =>
    updateFile(file, expression, 'attribute_exists(pk)');

  return {
    ...dynamoDbFingerprints(table),
    ...dynamoDbTinyFingerprints(table),
    ...dynamoDbFlights(table),

    async findFile(workspaceId, fileId) {
      const item = await table.find<MediaFileItem>(fileKey(workspaceId, fileId));
      return item && fromItem(item);
    },

    async listByObjectKey(workspaceId, objectKey) {
      const items = await table.queryAll<MediaFileItem>(objectPartition(workspaceId, objectKey), FILE_PREFIX);
      return items.map(fromItem);
    },

    async merge(facts) {
      const { workspaceId, fileId, refusal } = facts;
      return await updateFile(
        { workspaceId, fileId },
        new UpdateExpression().setOnce({ ...attributesOf(facts), ...listFacts(facts) }).set({
          refusal: refusal && {
            fingerprint: refusal.fingerprint,
            reported_by: refusal.reporter,
            refused_at: refusal.refusedAt,
            raw: refusal.raw,
          },
          // Lists are sorted by the time of capture rather than that of arrival.
          [BY_TIME.sortKey]: facts.report && sortKeyOf(facts),
        }),
      );
    },

    withdrawReport: (file) => changeFile(file, new UpdateExpression().remove(REPORT_ATTRIBUTES)),

    async setSurplus(file, holderFileId) {
      const { workspaceId, fileId, md5, surplusOf } = file;
      const pk = md5 && fingerprintPartition(workspaceId, md5);
      if (holderFileId !== undefined && pk !== undefined) {
        const spare = { pk, sk: surplusPrefix(holderFileId) + fileId, entity: 'surplus', file_id: fileId };
        await table.put(spare);
      }
      if (surplusOf !== undefined && surplusOf !== holderFileId && pk !== undefined)
        await table.deleteMine({ pk, sk: surplusPrefix(surplusOf) + fileId }, fileId);
      if (holderFileId === undefined)
        return await changeFile(
          file,
          new UpdateExpression()
            .set({ [BY_TIME.partitionKey]: listOf(workspaceId, 'FILES'), [BY_TIME.sortKey]: listedAt(file) })
            .remove(['surplus_of']),
        );
      // In a list of its own: where there is none, the next fact about the bytes would set that of files.
      const expression = new UpdateExpression().set({
        surplus_of: holderFileId,
        [BY_TIME.partitionKey]: listOf(workspaceId, 'SPARES'),
      });
      if (file.reportedAt !== undefined) return await changeFile(file, expression);
      const key = fileKey(workspaceId, fileId);
      const marked = await table.updateIf<MediaFileItem>(key, expression, STILL_UNREPORTED);
      if (marked !== undefined) return fromItem(marked);
      if (pk !== undefined) await table.deleteMine({ pk, sk: surplusPrefix(holderFileId) + fileId }, fileId);
      const item = await table.find<MediaFileItem>(key);
      return item ? fromItem(item) : file;
    },

    setRemoved: (file, removedAt) => {
      const list = listOf(file.workspaceId, removedAt === undefined ? 'FILES' : 'REMOVED');
      const isListed = file.surplusOf === undefined;
      const expression = new UpdateExpression().set({
        removed_at: removedAt,
        [BY_TIME.partitionKey]: isListed ? list : undefined,
        [BY_TIME.sortKey]: isListed ? listedAt(file) : undefined,
      });
      return changeFile(file, removedAt === undefined ? expression.remove(['removed_at']) : expression);
    },

    async recordFailure(failure) {
      await table.put({
        ...failureKey(failure.workspaceId, failure.objectKey),
        entity: 'failure',
        object_key: failure.objectKey,
        result: failure.result,
        reported_by: failure.reporter,
        reported_at: failure.reportedAt,
        raw: failure.raw.slice(0, FAILURE_RAW_LENGTH),
        expires_at: Math.floor(Date.parse(failure.reportedAt) / 1000) + FAILURE_KEPT_FOR_IN_SECONDS,
      });
    },
  };
}

type EntryIdentity = Pick<MediaFile, 'workspaceId' | 'fileId'>;

/** The sort key of an entry in lists: the time of capture, else that of arrival. */
const listedAt = ({ capture, storedAt, reportedAt, fileId }: MediaFile): string =>
  `${capture.capturedAt ?? storedAt ?? reportedAt ?? ''}#${fileId}`;

const sortKeyOf = ({ report, stored, arrivedAt, fileId }: EntryFacts): string =>
  `${report?.capture.capturedAt ?? stored?.storedAt ?? report?.reportedAt ?? arrivedAt ?? ''}#${fileId}`;

/** An entry is in lists from the first fact about its bytes. */
const listFacts = (facts: EntryFacts & ObjectVersion): Record<string, string> =>
  facts.stored === undefined && facts.report === undefined
    ? {}
    : {
        [BY_TIME.partitionKey]: listOf(facts.workspaceId, 'FILES'),
        ...(facts.report === undefined && { [BY_TIME.sortKey]: sortKeyOf(facts) }),
      };
