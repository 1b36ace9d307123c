import type { S3Request } from './s3-request.ts';

/** Query parameters that name a subresource of a bucket. */
const BUCKET_SUBRESOURCES: Readonly<Record<string, string>> = {
  accelerate: 'BucketAccelerateConfiguration',
  acl: 'BucketAcl',
  analytics: 'BucketAnalyticsConfiguration',
  cors: 'BucketCors',
  encryption: 'BucketEncryption',
  'intelligent-tiering': 'BucketIntelligentTieringConfiguration',
  inventory: 'BucketInventoryConfiguration',
  lifecycle: 'BucketLifecycleConfiguration',
  location: 'BucketLocation',
  logging: 'BucketLogging',
  metrics: 'BucketMetricsConfiguration',
  notification: 'BucketNotificationConfiguration',
  'object-lock': 'ObjectLockConfiguration',
  ownershipControls: 'BucketOwnershipControls',
  policy: 'BucketPolicy',
  policyStatus: 'BucketPolicyStatus',
  publicAccessBlock: 'PublicAccessBlock',
  replication: 'BucketReplication',
  requestPayment: 'BucketRequestPayment',
  tagging: 'BucketTagging',
  versioning: 'BucketVersioning',
  website: 'BucketWebsite',
};

const OBJECT_SUBRESOURCES: Readonly<Record<string, string>> = {
  acl: 'ObjectAcl',
  attributes: 'ObjectAttributes',
  'legal-hold': 'ObjectLegalHold',
  retention: 'ObjectRetention',
  tagging: 'ObjectTagging',
  torrent: 'ObjectTorrent',
};

const VERBS: Readonly<Record<string, string>> = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' };

/** The name of the requested operation, supported or not; undefined when S3 has none. */
export function operationName(request: S3Request): string | undefined {
  if (request.bucketName === undefined) return request.method === 'GET' ? 'ListBuckets' : undefined;
  return request.key === '' ? bucketOperation(request) : objectOperation(request);
}

function bucketOperation(request: S3Request): string | undefined {
  const subresource = subresourceOperation(request, BUCKET_SUBRESOURCES);
  if (subresource) return subresource;
  switch (request.method) {
    case 'HEAD':
      return 'HeadBucket';
    case 'PUT':
      return 'CreateBucket';
    case 'DELETE':
      return 'DeleteBucket';
    case 'POST':
      return request.hasQuery('delete') ? 'DeleteObjects' : 'PostObject';
    case 'GET':
      if (request.hasQuery('session')) return 'CreateSession';
      if (request.hasQuery('uploads')) return 'ListMultipartUploads';
      if (request.hasQuery('versions')) return 'ListObjectVersions';
      return request.query('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects';
    default:
      return undefined;
  }
}

function objectOperation(request: S3Request): string | undefined {
  const subresource = subresourceOperation(request, OBJECT_SUBRESOURCES);
  if (subresource) return subresource;
  const isUpload = request.hasQuery('uploadId');
  switch (request.method) {
    case 'HEAD':
      return 'HeadObject';
    case 'GET':
      return isUpload ? 'ListParts' : 'GetObject';
    case 'DELETE':
      return isUpload ? 'AbortMultipartUpload' : 'DeleteObject';
    case 'PUT': {
      if (request.hasQuery('renameObject')) return 'RenameObject';
      const copies = request.header('x-amz-copy-source') !== undefined;
      if (isUpload) return copies ? 'UploadPartCopy' : 'UploadPart';
      return copies ? 'CopyObject' : 'PutObject';
    }
    case 'POST':
      if (request.hasQuery('uploads')) return 'CreateMultipartUpload';
      if (request.hasQuery('restore')) return 'RestoreObject';
      if (request.hasQuery('select')) return 'SelectObjectContent';
      return isUpload ? 'CompleteMultipartUpload' : undefined;
    default:
      return undefined;
  }
}

function subresourceOperation(
  request: S3Request,
  subresources: Readonly<Record<string, string>>,
): string | undefined {
  const verb = VERBS[request.method];
  if (!verb) return undefined;
  for (const [parameter, noun] of Object.entries(subresources))
    if (request.hasQuery(parameter)) return verb + noun;
  return undefined;
}
