import { AwsError, notImplemented } from '../http/aws-error.ts';
import { getBucketLocation, getBucketVersioning, headBucket, listBuckets } from './bucket-operations.ts';
import { copyObject, uploadPartCopy } from './copy-object.ts';
import { deleteObject, deleteObjects } from './delete-objects.ts';
import { methodNotAllowed } from './errors.ts';
import { listObjects, listObjectsV2, listObjectVersions } from './list-objects.ts';
import { listMultipartUploads, listParts } from './list-uploads.ts';
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  uploadPart,
} from './multipart.ts';
import { actionOf } from './operation-actions.ts';
import { operationName } from './operation-names.ts';
import { putObject } from './put-object.ts';
import { readObject } from './read-object.ts';
import type { S3Call } from './s3-call.ts';

interface Operation {
  /** The required permission; undefined when the handler checks it, for several objects. */
  readonly permission?: { readonly action: string; readonly on: 'account' | 'bucket' | 'object' };
  readonly handle: (call: S3Call) => Promise<void>;
}

const onAccount = (action: string) => ({ action, on: 'account' }) as const;
const onBucket = (action: string) => ({ action, on: 'bucket' }) as const;
const onObject = (action: string) => ({ action, on: 'object' }) as const;

/** All supported operations, with the permissions that AWS requires. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  ListBuckets: { permission: onAccount('s3:ListAllMyBuckets'), handle: listBuckets },
  HeadBucket: { permission: onBucket('s3:ListBucket'), handle: headBucket },
  GetBucketLocation: { permission: onBucket('s3:GetBucketLocation'), handle: getBucketLocation },
  GetBucketVersioning: { permission: onBucket('s3:GetBucketVersioning'), handle: getBucketVersioning },
  ListObjects: { permission: onBucket('s3:ListBucket'), handle: listObjects },
  ListObjectsV2: { permission: onBucket('s3:ListBucket'), handle: listObjectsV2 },
  ListObjectVersions: { permission: onBucket('s3:ListBucketVersions'), handle: listObjectVersions },
  ListMultipartUploads: {
    permission: onBucket('s3:ListBucketMultipartUploads'),
    handle: listMultipartUploads,
  },
  PutObject: { permission: onObject('s3:PutObject'), handle: putObject },
  CopyObject: { permission: onObject('s3:PutObject'), handle: copyObject },
  CreateMultipartUpload: { permission: onObject('s3:PutObject'), handle: createMultipartUpload },
  UploadPart: { permission: onObject('s3:PutObject'), handle: uploadPart },
  UploadPartCopy: { permission: onObject('s3:PutObject'), handle: uploadPartCopy },
  CompleteMultipartUpload: { permission: onObject('s3:PutObject'), handle: completeMultipartUpload },
  AbortMultipartUpload: { permission: onObject('s3:AbortMultipartUpload'), handle: abortMultipartUpload },
  ListParts: { permission: onObject('s3:ListMultipartUploadParts'), handle: listParts },
  GetObject: { handle: readObject },
  HeadObject: { handle: readObject },
  DeleteObject: { handle: deleteObject },
  DeleteObjects: { handle: deleteObjects },
};

/** The supported operations. */
export const S3_OPERATIONS: readonly string[] = Object.keys(OPERATIONS);

/** Runs the requested operation after checking the permission. */
export async function perform(call: S3Call): Promise<void> {
  const { request } = call;
  const name = operationName(request);
  if (!name) {
    throw methodNotAllowed(request.method);
  }
  const operation = OPERATIONS[name];
  if (!operation) {
    authorizeUnsupported(call, name);
    throw notImplemented(`S3's ${name}`);
  }
  assertBucketOwner(call);
  if (operation.permission) authorize(call, operation.permission);
  await operation.handle(call);
}

/** AWS refuses callers without the permission, so they do not learn here what is not implemented. */
function authorizeUnsupported(call: S3Call, name: string): void {
  const { bucketName = '', key } = call.request;
  call.authorize(actionOf(name), key === '' ? { bucketName } : { bucketName, key });
}

function authorize(call: S3Call, { action, on }: NonNullable<Operation['permission']>): void {
  if (on === 'account') {
    call.authorize(action);
    return;
  }
  const bucketName = call.bucket.definition.name;
  if (on === 'object') {
    call.authorize(action, { bucketName, key: call.key });
    return;
  }
  const { request } = call;
  call.authorize(
    action,
    { bucketName },
    {
      's3:prefix': request.query('prefix'),
      's3:delimiter': request.query('delimiter'),
      's3:max-keys': request.query('max-keys'),
    },
  );
}

function assertBucketOwner({ request, context }: S3Call): void {
  for (const name of ['x-amz-expected-bucket-owner', 'x-amz-source-expected-bucket-owner']) {
    const owner = request.header(name);
    if (owner === undefined || owner === context.accountId) continue;
    throw new AwsError('AccessDenied', `${name} is not the account of the bucket`, 403);
  }
}
