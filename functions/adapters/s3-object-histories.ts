import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import type { ObjectHistories } from '../core/object-storage.ts';
import { s3ObjectStorage } from './s3-object-storage.ts';
import { ENCODED, historiesOf } from './s3-version-listing.ts';

/** S3's own limit on a page. */
const PAGE = 1000;

/** The whole media bucket. A cursor is the last key of its page, so it stays valid when objects change. */
export function s3ObjectHistories(Bucket: string, client = new S3Client({})): ObjectHistories {
  const { listHistory } = s3ObjectStorage(Bucket, client);
  return {
    async listHistories({ prefix, cursor, limit = PAGE }) {
      const page = await client.send(
        new ListObjectVersionsCommand({
          Bucket,
          Prefix: prefix,
          KeyMarker: cursor,
          MaxKeys: limit,
          ...ENCODED,
        }),
      );
      const listed = [...historiesOf([page])].map(([objectKey, history]) => ({ objectKey, history }));
      if (!page.IsTruncated) return { items: listed };
      // The next page may have more versions of the last key. Leave it to that page, unless it is alone here.
      const last = listed.pop();
      if (last !== undefined && listed.length === 0)
        listed.push({ ...last, history: await listHistory(last.objectKey) });
      const end = listed.at(-1)?.objectKey;
      if (end === undefined) throw new Error('S3 returned an empty page that is not the last one');
      return { items: listed, cursor: end };
    },
  };
}
