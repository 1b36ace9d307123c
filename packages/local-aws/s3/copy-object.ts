import { AwsError } from '../http/aws-error.ts';
import { decodePercent, parseQuery } from '../http/request.ts';
import { sendDocument } from './answers.ts';
import { attributesOf, refuseUnsupportedHeaders } from './attributes.ts';
import type { ByteRange } from './byte-range.ts';
import { type ChecksumAlgorithm, checksumAlgorithm, checksumElement } from './checksums.ts';
import { readCondition, writePrecondition } from './conditions.ts';
import { DigestingStream } from './digesting-stream.ts';
import { invalidArgument, preconditionFailed } from './errors.ts';
import { MAX_BODY_SIZE_IN_BYTES } from './incoming-body.ts';
import { addPart, requestedPartNumber, uploadOf } from './multipart.ts';
import { checksumFields, writtenHeaders, xmlTime } from './object-facts.ts';
import { type ObjectAddress, openReadable } from './readable-version.ts';
import type { S3Call } from './s3-call.ts';
import type { S3Request } from './s3-request.ts';
import type { OpenedObject } from './store/bucket-store.ts';
import { NULL_VERSION, type ObjectMetadata } from './store/object-metadata.ts';

/** `CopyObject`: the ETag of the copy is an MD5, also when the original was uploaded in parts. */
export async function copyObject(call: S3Call): Promise<void> {
  const { key, request, store } = call;
  refuseUnsupportedHeaders(call);
  const source = copySource(request);
  const replaces = metadataDirective(request) === 'REPLACE';
  const precondition = writePrecondition(request);
  using original = await openOriginal(call, source);
  const { metadata } = original;
  const isItself = source.bucketName === request.bucketName && source.key === key && !source.versionId;
  if (isItself && !replaces) {
    throw new AwsError(
      'InvalidRequest',
      'This copy request is illegal because it is trying to copy an object to itself without changing anything.',
    );
  }
  const requested = request.header('x-amz-checksum-algorithm');
  const algorithm = requested === undefined ? metadata.checksum?.algorithm : checksumAlgorithm(requested);
  const { data, digests } = await duplicate(call, source, original, algorithm);
  const copy = await store.commit(
    {
      key,
      data: [data],
      size: data.size,
      eTag: digests.md5,
      attributes: replaces ? attributesOf(request) : metadata.attributes,
      cause: call.cause('ObjectCreated:Copy'),
      checksum: digests.checksum && { ...digests.checksum, type: 'FULL_OBJECT' },
    },
    precondition,
  );
  sendDocument(
    call.response,
    'CopyObjectResult',
    { ETag: `"${copy.eTag}"`, LastModified: xmlTime(copy.lastModified), ...checksumFields(copy.checksum) },
    { ...writtenHeaders(copy), ...originHeaders(metadata) },
  );
}

/** `UploadPartCopy` */
export async function uploadPartCopy(call: S3Call): Promise<void> {
  const { request } = call;
  const upload = uploadOf(call);
  const partNumber = requestedPartNumber(request);
  const source = copySource(request);
  using original = await openOriginal(call, source);
  const range = copyRange(request, original.metadata.size);
  const { data, digests } = await duplicate(call, source, original, upload.checksum?.algorithm, range);
  const part = await addPart(call, upload, {
    ...data,
    partNumber,
    eTag: digests.md5,
    checksum: digests.checksum?.value,
  });
  sendDocument(
    call.response,
    'CopyPartResult',
    {
      ETag: `"${part.eTag}"`,
      LastModified: xmlTime(part.lastModified),
      ...(upload.checksum ? { [checksumElement(upload.checksum.algorithm)]: part.checksum } : {}),
    },
    { 'x-amz-server-side-encryption': 'AES256', ...originHeaders(original.metadata) },
  );
}

async function openOriginal(call: S3Call, source: ObjectAddress): Promise<OpenedObject> {
  const original = await openReadable(call, source);
  try {
    if (readCondition(call.request, original.metadata, 'x-amz-copy-source-') === 'proceed') return original;
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
  } catch (error) {
    original[Symbol.dispose]();
    throw error;
  }
}

async function duplicate(
  call: S3Call,
  source: ObjectAddress,
  { metadata, lease }: OpenedObject,
  algorithm: ChecksumAlgorithm | undefined,
  { start, end }: ByteRange = { start: 0, end: metadata.size },
) {
  if (end - start > MAX_BODY_SIZE_IN_BYTES) {
    throw new AwsError(
      'InvalidRequest',
      'The specified copy source is larger than the maximum allowable size',
    );
  }
  const digests = new DigestingStream(algorithm);
  const bytes = call.bucketNamed(source.bucketName).store.data.read(lease.data, start, end);
  const data = await call.store.data.write(digests.pass(bytes));
  return { data, digests };
}

function originHeaders({ versionId }: ObjectMetadata): Record<string, string> {
  return versionId === NULL_VERSION ? {} : { 'x-amz-copy-source-version-id': versionId };
}

/** `bytes=first-last`. Unlike in reads, both are required and must be in the object. */
function copyRange(request: S3Request, size: number): ByteRange | undefined {
  const header = request.header('x-amz-copy-source-range');
  if (header === undefined) return undefined;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? [];
  const range = { start: Number(first), end: Number(last) + 1 };
  if (range.start < range.end && range.end <= size) return range;
  throw invalidArgument(
    'x-amz-copy-source-range',
    header,
    'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
  );
}

function metadataDirective(request: S3Request): 'COPY' | 'REPLACE' {
  const directive = request.header('x-amz-metadata-directive') ?? 'COPY';
  if (directive === 'COPY' || directive === 'REPLACE') return directive;
  throw invalidArgument('x-amz-metadata-directive', directive, 'Unknown metadata directive.');
}

/** `[/]bucket/key[?versionId=…]`, percent-encoded. */
function copySource(request: S3Request): ObjectAddress {
  const header = request.header('x-amz-copy-source') ?? '';
  const mark = header.lastIndexOf('?versionId=');
  const path = decodePercent(mark < 0 ? header : header.slice(0, mark)).replace(/^\//, '');
  const slash = path.indexOf('/');
  if (slash < 1 || slash === path.length - 1) {
    throw new AwsError(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    );
  }
  const [version] = mark < 0 ? [] : parseQuery(header.slice(mark + 1));
  return {
    bucketName: path.slice(0, slash),
    key: path.slice(slash + 1),
    ...(version ? { versionId: version[1] } : {}),
  };
}
