/**
 * EventBridge `Object Deleted` of the media bucket
 *
 * Somebody, or a lifecycle rule, removed an object: from now on no device may hear that the library has it. `fast-upload` would notice by
 * itself; the answer to tiny fingerprints looks at markers only.
 */
import type { Context, EventBridgeEvent } from 'aws-lambda';
import { dynamoDbMediaCatalog } from '../adapters/dynamodb-media-catalog.ts';
import { s3ObjectStorage } from '../adapters/s3-object-storage.ts';
import { forgetRemovedObject } from '../core/forget-removed-object.ts';
import type { RecordUploadPorts } from '../core/record-upload.ts';
import { MEDIA_BUCKET_NAME, MEDIA_TABLE_NAME, requireEnv } from '../environment.ts';
import { logger } from '../middleware/log.ts';

/** What S3 tells EventBridge of a removal; the key is not percent-encoded here. */
type ObjectDeleted = EventBridgeEvent<'Object Deleted', { readonly object: { readonly key: string } }>;

export const objectRemoved =
  (ports: RecordUploadPorts) =>
  async (event: ObjectDeleted, context: Context): Promise<void> => {
    logger.resetKeys();
    logger.addContext(context);
    const forgotten = await forgetRemovedObject(ports, event.detail.object.key);
    logger.info('object removed', { object_key: event.detail.object.key, forgotten });
  };

export const handler = objectRemoved({
  catalog: dynamoDbMediaCatalog(requireEnv(MEDIA_TABLE_NAME)),
  storage: s3ObjectStorage(requireEnv(MEDIA_BUCKET_NAME)),
});
