import { sendDocument, sendEmpty } from './answers.ts';
import { ownerElement } from './list-objects.ts';
import { xmlTime } from './object-facts.ts';
import type { S3Call } from './s3-call.ts';

/** `ListBuckets` */
export async function listBuckets(call: S3Call): Promise<void> {
  const names = [...call.context.buckets.keys()].sort();
  sendDocument(call.response, 'ListAllMyBucketsResult', {
    Owner: ownerElement(call),
    // The time when the buckets were created is not stored.
    Buckets: { Bucket: names.map((Name) => ({ Name, CreationDate: xmlTime(0) })) },
  });
}

/** `HeadBucket` */
export async function headBucket(call: S3Call): Promise<void> {
  sendEmpty(call.response, 200, { 'x-amz-bucket-region': call.context.region });
}

/** `GetBucketLocation` */
export async function getBucketLocation(call: S3Call): Promise<void> {
  // S3 returns no name for us-east-1.
  const { region } = call.context;
  sendDocument(call.response, 'LocationConstraint', region === 'us-east-1' ? '' : region);
}

/** `GetBucketVersioning` */
export async function getBucketVersioning(call: S3Call): Promise<void> {
  sendDocument(call.response, 'VersioningConfiguration', {
    Status: call.bucket.definition.versioned ? 'Enabled' : undefined,
  });
}
