import { randomUUID } from 'node:crypto';
import type { QueueConfiguration, S3Event } from './definitions.ts';

/** Region and account of a bucket. */
export interface NotificationSource {
  readonly region: string;
  readonly accountId: string;
  readonly partition: string;
}

/** The ETag of no bytes, which S3 sends for delete markers. */
const EMPTY_ETAG = 'd41d8cd98f00b204e9800998ecf8427e';

/** An event in the form of S3's notifications. */
export function notificationRecord(event: S3Event, { id }: QueueConfiguration, source: NotificationSource) {
  const { bucket, name } = event;
  return {
    eventVersion: '2.1',
    eventSource: 'aws:s3',
    awsRegion: source.region,
    eventTime: event.time.toISOString(),
    eventName: name,
    userIdentity: { principalId: `AWS:${event.principalId}` },
    requestParameters: { sourceIPAddress: event.sourceIp },
    responseElements: { 'x-amz-request-id': event.requestId, 'x-amz-id-2': event.requestId },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId: id,
      bucket: {
        name: bucket,
        ownerIdentity: { principalId: source.accountId },
        arn: bucketArn(bucket, source),
      },
      object: {
        key: encodedKey(event.key),
        ...(name.startsWith('ObjectCreated:') && { size: event.size }),
        ...(name !== 'ObjectRemoved:Delete' && { eTag: event.eTag || EMPTY_ETAG }),
        ...(event.versionId !== undefined && { versionId: event.versionId }),
        sequencer: event.sequencer,
      },
    },
  };
}

/** The test event that S3 sends to a new destination. */
export function testEvent(bucket: string, time: Date) {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: time.toISOString(),
    Bucket: bucket,
    RequestId: randomUUID(),
    HostId: randomUUID(),
  };
}

/** The ARN of a bucket. */
export function bucketArn(bucket: string, { partition }: Pick<NotificationSource, 'partition'>): string {
  return `arn:${partition}:s3:::${bucket}`;
}

/** Encoded as in forms: `+` for a space, and slashes as they are. */
function encodedKey(key: string): string {
  return encodeURIComponent(key.toWellFormed())
    .replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')
    .replaceAll('%2F', '/');
}
