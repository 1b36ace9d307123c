import type { TinyFingerprints } from '../core/media-catalog.ts';
import { batchGet } from './dynamodb-batch-get.ts';
import type { MediaTable } from './media-table.ts';
import { type ItemKey, tinyFingerprintKey } from './media-table-keys.ts';

/** Tiny fingerprints in the media table. */
export const dynamoDbTinyFingerprints = (table: Pick<MediaTable, 'name' | 'client'>): TinyFingerprints => ({
  async findTinyFingerprints(workspaceId, asked) {
    const keys = new Map([...asked].map((tiny) => [tinyFingerprintKey(workspaceId, tiny), tiny]));
    const byPartition = new Map([...keys].map(([{ pk }, tiny]) => [pk, tiny]));
    const existing = await batchGet<ItemKey>(table.client, table.name, [...keys.keys()], ['pk', 'sk']);
    return new Set(existing.flatMap(({ pk }) => byPartition.get(pk) ?? []));
  },
});
