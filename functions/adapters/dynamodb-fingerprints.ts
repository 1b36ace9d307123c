import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { Fingerprint } from '../core/fingerprint.ts';
import type { FingerprintHolder, Fingerprints } from '../core/media-catalog.ts';
import type { MediaFile } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import type { MediaTable } from './media-table.ts';
import {
  fingerprintPartition,
  type ItemKey,
  nameSortKey,
  surplusPrefix,
  tinyFingerprintKey,
  unreportedSortKey,
  workspaceOf,
} from './media-table-keys.ts';

/** The first entry with a name, path and bytes holds the fingerprint. */
const FREE_OR_MINE = 'attribute_not_exists(pk) OR file_id = :file_id';
/** The most names of the same bytes that a look-up reads. */
const HOLDER_LIMIT = 100;

interface HolderItem extends ItemKey {
  entity: 'fingerprint' | 'surplus';
  file_id: string;
  object_key: string;
  version_id: string;
  name: string;
  path?: string;
  reported: boolean;
}

const toHolder = (item: HolderItem): FingerprintHolder => ({
  workspaceId: workspaceOf(item.pk),
  fileId: item.file_id,
  objectKey: item.object_key,
  versionId: item.version_id,
  name: item.name,
  ...present({ path: item.path }),
  reported: item.reported,
});

/** Which entries hold which fingerprints, in the media table. The items are pointers, and not copies. */
export function dynamoDbFingerprints(table: MediaTable): Fingerprints {
  const claimKey = (
    { workspaceId, fileId, name, path, reportedAt }: MediaFile,
    md5: Fingerprint,
  ): ItemKey => ({
    pk: fingerprintPartition(workspaceId, md5),
    sk:
      reportedAt === undefined
        ? unreportedSortKey(fileId)
        : nameSortKey({ name, ...(path !== undefined && { path }) }),
  });

  const putClaim = async (file: MediaFile, key: ItemKey): Promise<FingerprintHolder> => {
    const item: HolderItem = {
      ...key,
      entity: 'fingerprint',
      file_id: file.fileId,
      object_key: file.objectKey,
      version_id: file.versionId,
      name: file.name,
      ...present({ path: file.path }),
      reported: file.reportedAt !== undefined,
    };
    try {
      await table.client.send(
        new PutCommand({
          TableName: table.name,
          Item: item,
          ConditionExpression: FREE_OR_MINE,
          ExpressionAttributeValues: { ':file_id': file.fileId },
        }),
      );
      return toHolder(item);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      const standing = await table.find<HolderItem>(key);
      // It was released in this moment.
      return standing ? toHolder(standing) : await putClaim(file, key);
    }
  };

  return {
    async findByFingerprint(workspaceId, fingerprint) {
      const { Items } = await table.client.send(
        new QueryCommand({
          TableName: table.name,
          ConsistentRead: true,
          Limit: HOLDER_LIMIT,
          KeyConditionExpression: 'pk = :pk',
          ExpressionAttributeValues: { ':pk': fingerprintPartition(workspaceId, fingerprint) },
        }),
      );
      const items = (Items ?? []) as HolderItem[];
      return items.filter(({ entity }) => entity === 'fingerprint').map(toHolder);
    },

    async claimFingerprint(file) {
      const { md5, fileId } = file;
      if (md5 === undefined) return undefined;
      const key = claimKey(file, md5);
      const holder = await putClaim(file, key);
      // The claim from before it was reported.
      if (file.reportedAt !== undefined && file.arrivedAt !== undefined)
        await table.deleteMine({ pk: key.pk, sk: unreportedSortKey(fileId) }, fileId);
      return holder;
    },

    async claimTinyFingerprint({ workspaceId, tinyFingerprint, fileId }) {
      if (tinyFingerprint === undefined) return;
      await table.put({
        ...tinyFingerprintKey(workspaceId, tinyFingerprint),
        entity: 'tiny-fingerprint',
        file_id: fileId,
      });
    },

    async releaseClaims(file) {
      const { workspaceId, md5, fingerprint, tinyFingerprint, fileId, name, path } = file;
      const bytes = md5 ?? fingerprint;
      const pk = bytes && fingerprintPartition(workspaceId, bytes);
      await Promise.all([
        pk &&
          table.deleteMine({ pk, sk: nameSortKey({ name, ...(path !== undefined && { path }) }) }, fileId),
        pk && table.deleteMine({ pk, sk: unreportedSortKey(fileId) }, fileId),
        tinyFingerprint && table.deleteMine(tinyFingerprintKey(workspaceId, tinyFingerprint), fileId),
      ]);
    },

    async listSurplus({ workspaceId, md5, fileId }) {
      if (md5 === undefined) return [];
      const items = await table.queryAll<HolderItem>(
        fingerprintPartition(workspaceId, md5),
        surplusPrefix(fileId),
      );
      return items.map((item) => item.file_id);
    },
  };
}
