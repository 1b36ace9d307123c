import { sendDocument } from './answers.ts';
import { checksumElement } from './checksums.ts';
import { ownerElement } from './list-objects.ts';
import { firstEntries, listParameters, wholeNumber } from './list-parameters.ts';
import { MAX_PARTS, uploadOf } from './multipart.ts';
import { xmlTime } from './object-facts.ts';
import type { S3Call } from './s3-call.ts';
import { compareKeys } from './store/key-order.ts';
import type { MultipartUpload } from './store/uploads.ts';
import { groupOf } from './store/walk.ts';

/** `ListMultipartUploads` */
export async function listMultipartUploads(call: S3Call): Promise<void> {
  const { request } = call;
  const parameters = listParameters(request, 'max-uploads');
  const keyMarker = request.query('key-marker') ?? '';
  const uploadIdMarker = request.query('upload-id-marker') ?? '';
  const { prefix, delimiter, encode, maxEntries, encodingType } = parameters;
  const uploads = call.store.uploads
    .list()
    .filter(({ key }) => key.startsWith(prefix))
    .sort(compareUploads);
  const following = uploads.slice(firstAfter(uploads, keyMarker, uploadIdMarker));
  const { page, truncated } = firstEntries(rolledUp(following, prefix, delimiter, keyMarker), maxEntries);
  const last = truncated ? page.at(-1) : undefined;
  sendDocument(call.response, 'ListMultipartUploadsResult', {
    Bucket: call.bucket.definition.name,
    KeyMarker: encode(keyMarker),
    UploadIdMarker: uploadIdMarker,
    NextKeyMarker: last && encode('key' in last ? last.key : last.commonPrefix),
    NextUploadIdMarker: last && ('uploadId' in last ? last.uploadId : ''),
    Prefix: encode(prefix),
    Delimiter: delimiter === '' ? undefined : encode(delimiter),
    EncodingType: encodingType,
    MaxUploads: maxEntries,
    IsTruncated: truncated,
    Upload: page.flatMap((entry) => ('uploadId' in entry ? [uploadElement(call, entry, encode)] : [])),
    CommonPrefixes: page.flatMap((entry) =>
      'commonPrefix' in entry ? [{ Prefix: encode(entry.commonPrefix) }] : [],
    ),
  });
}

/** `ListParts` */
export async function listParts(call: S3Call): Promise<void> {
  const { request, store, key } = call;
  const upload = uploadOf(call);
  const { maxEntries, encode } = listParameters(request, 'max-parts');
  const marker = request.query('part-number-marker')
    ? wholeNumber(request, 'part-number-marker', MAX_PARTS)
    : 0;
  const following = store.uploads.parts(upload.uploadId).filter(({ partNumber }) => partNumber > marker);
  const { page, truncated } = firstEntries(following, maxEntries);
  sendDocument(call.response, 'ListPartsResult', {
    Bucket: call.bucket.definition.name,
    Key: encode(key),
    UploadId: upload.uploadId,
    PartNumberMarker: marker,
    NextPartNumberMarker: page.at(-1)?.partNumber ?? 0,
    MaxParts: maxEntries,
    IsTruncated: truncated,
    Part: page.map((part) => ({
      PartNumber: part.partNumber,
      LastModified: xmlTime(part.lastModified),
      ETag: `"${part.eTag}"`,
      Size: part.size,
      ...(upload.checksum ? { [checksumElement(upload.checksum.algorithm)]: part.checksum } : {}),
    })),
    Initiator: ownerElement(call),
    Owner: ownerElement(call),
    StorageClass: 'STANDARD',
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
  });
}

function uploadElement(call: S3Call, upload: MultipartUpload, encode: (text: string) => string) {
  return {
    Key: encode(upload.key),
    UploadId: upload.uploadId,
    Initiator: ownerElement(call),
    Owner: ownerElement(call),
    StorageClass: 'STANDARD',
    Initiated: xmlTime(upload.initiated),
    ChecksumAlgorithm: upload.checksum?.algorithm,
    ChecksumType: upload.checksum?.type,
  };
}

function compareUploads(left: MultipartUpload, right: MultipartUpload): number {
  return (
    compareKeys(left.key, right.key) ||
    left.initiated - right.initiated ||
    compareKeys(left.uploadId, right.uploadId)
  );
}

/** The position after the marked upload; without an upload id, after all uploads of the marked key. */
function firstAfter(uploads: readonly MultipartUpload[], keyMarker: string, uploadIdMarker: string): number {
  if (keyMarker === '') return 0;
  const marked = uploads.findIndex(({ key, uploadId }) => key === keyMarker && uploadId === uploadIdMarker);
  if (marked >= 0) return marked + 1;
  const position = uploads.findIndex(({ key }) => compareKeys(key, keyMarker) > 0);
  return position < 0 ? uploads.length : position;
}

function* rolledUp(
  uploads: readonly MultipartUpload[],
  prefix: string,
  delimiter: string,
  keyMarker: string,
): Generator<MultipartUpload | { commonPrefix: string }> {
  let lastGroup = keyMarker === '' ? undefined : groupOf(keyMarker, prefix, delimiter);
  for (const upload of uploads) {
    const commonPrefix = groupOf(upload.key, prefix, delimiter);
    if (commonPrefix === undefined) yield upload;
    else if (commonPrefix !== lastGroup) yield { commonPrefix };
    lastGroup = commonPrefix;
  }
}
