import { randomUUID } from 'node:crypto';
import type { S3Event, S3EventName } from '../s3/definitions.ts';
import type { BusEvent } from './definitions.ts';

/** EventBridge's names for what happened to an object. */
const DETAILS: Readonly<Record<S3EventName, { type: string; facts: Readonly<Record<string, string>> }>> = {
  'ObjectCreated:Put': { type: 'Object Created', facts: { reason: 'PutObject' } },
  'ObjectCreated:Copy': { type: 'Object Created', facts: { reason: 'CopyObject' } },
  'ObjectCreated:CompleteMultipartUpload': {
    type: 'Object Created',
    facts: { reason: 'CompleteMultipartUpload' },
  },
  'ObjectRemoved:Delete': {
    type: 'Object Deleted',
    facts: { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' },
  },
  'ObjectRemoved:DeleteMarkerCreated': {
    type: 'Object Deleted',
    facts: { reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' },
  },
};

/**
 * An event of S3 in the form of EventBridge. The key is not encoded; only S3's own notifications encode it.
 */
export function s3BusEvent(event: S3Event, environment: { region: string; accountId: string }): BusEvent {
  const { type, facts } = DETAILS[event.name];
  const created = type === 'Object Created';
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': type,
    source: 'aws.s3',
    account: environment.accountId,
    time: `${event.time.toISOString().slice(0, 19)}Z`,
    region: environment.region,
    resources: [`arn:aws:s3:::${event.bucket}`],
    detail: {
      version: '0',
      bucket: { name: event.bucket },
      object: {
        key: event.key,
        ...(created ? { size: event.size } : {}),
        ...(event.eTag === '' ? {} : { etag: event.eTag.replaceAll('"', '') }),
        ...(event.versionId === undefined ? {} : { 'version-id': event.versionId }),
        sequencer: event.sequencer,
      },
      'request-id': randomUUID(),
      requester: environment.accountId,
      ...facts,
    },
  };
}
