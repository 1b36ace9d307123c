import { AwsError, notImplemented } from '../http/aws-error.ts';
import type { S3Call } from './s3-call.ts';
import type { S3Request } from './s3-request.ts';
import type { ObjectAttributes } from './store/object-metadata.ts';

/** Headers of the request that are stored and returned to readers. */
const STORED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
] as const;

const USER_METADATA = 'x-amz-meta-';
const MAX_USER_METADATA_SIZE_IN_BYTES = 2 * 1024;

/** Headers for unsupported features, their values that have no effect, and what they need besides `s3:PutObject`. */
const UNSUPPORTED_HEADERS: ReadonlyArray<
  readonly [prefix: string, harmlessValues: readonly string[], action?: string]
> = [
  ['x-amz-acl', ['private', 'bucket-owner-full-control'], 's3:PutObjectAcl'],
  ['x-amz-grant-', [], 's3:PutObjectAcl'],
  ['x-amz-object-lock-legal-hold', [], 's3:PutObjectLegalHold'],
  ['x-amz-object-lock-', [], 's3:PutObjectRetention'],
  ['x-amz-server-side-encryption', ['AES256']],
  ['x-amz-copy-source-server-side-encryption-', []],
  ['x-amz-storage-class', ['STANDARD']],
  ['x-amz-tagging', [''], 's3:PutObjectTagging'],
  ['x-amz-website-redirect-location', []],
  ['x-amz-write-offset-bytes', []],
];

/** The attributes of an object in a request. Throws for those that cannot be stored. */
export function attributesOf(request: S3Request): ObjectAttributes {
  const headers: Record<string, string> = {};
  for (const name of STORED_HEADERS) {
    const value = name === 'content-encoding' ? storedEncoding(request) : request.header(name);
    if (value) headers[name] = value;
  }
  const userMetadata = Object.fromEntries(
    request.headersWith(USER_METADATA).map(([name, value]) => [name.slice(USER_METADATA.length), value]),
  );
  const bytes = Object.entries(userMetadata).reduce(
    (sum, [name, value]) => sum + name.length + value.length,
    0,
  );
  if (bytes > MAX_USER_METADATA_SIZE_IN_BYTES) {
    throw new AwsError(
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
      400,
      {
        Size: String(bytes),
        MaxSizeAllowed: String(MAX_USER_METADATA_SIZE_IN_BYTES),
      },
    );
  }
  return { headers, userMetadata };
}

/** Throws `NotImplemented` for headers whose effect is missing here, or `AccessDenied` as AWS does. */
export function refuseUnsupportedHeaders(call: S3Call): void {
  const { request, key } = call;
  for (const [prefix, harmlessValues, action] of UNSUPPORTED_HEADERS) {
    for (const [name, value] of request.headersWith(prefix)) {
      if (action && value !== '') call.authorize(action, { bucketName: request.bucketName ?? '', key });
      if (harmlessValues.includes(value)) continue;
      throw notImplemented(`the header ${name}: ${value}`);
    }
  }
}

/** The headers of a response that describe an object. */
export function attributeHeaders({ headers, userMetadata }: ObjectAttributes): Record<string, string> {
  const named = Object.entries(userMetadata).map(([name, value]) => [`${USER_METADATA}${name}`, value]);
  return { 'content-type': 'binary/octet-stream', ...headers, ...Object.fromEntries(named) };
}

/** `aws-chunked` is the encoding of the transfer, and not of the object. */
function storedEncoding(request: S3Request): string {
  return (request.header('content-encoding') ?? '')
    .split(',')
    .map((encoding) => encoding.trim())
    .filter((encoding) => encoding !== '' && encoding !== 'aws-chunked')
    .join(',');
}
