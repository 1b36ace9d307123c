import { createHash } from 'node:crypto';
import { AwsError } from '../http/aws-error.ts';
import { sendDocument, sendEmpty } from './answers.ts';
import { attributesOf, refuseUnsupportedHeaders } from './attributes.ts';
import {
  checksumAlgorithm,
  checksumElement,
  checksumHeader,
  multipartChecksum,
  multipartChecksumType,
} from './checksums.ts';
import { writePrecondition } from './conditions.ts';
import { badDigest, invalidArgument } from './errors.ts';
import { checksumFields, writtenHeaders } from './object-facts.ts';
import type { S3Call } from './s3-call.ts';
import type { S3Request } from './s3-request.ts';
import type { ObjectMetadata } from './store/object-metadata.ts';
import type { MultipartUpload, UploadedPart } from './store/uploads.ts';
import { elements, malformedXml, readXml, textOf } from './xml-reader.ts';

/** The highest part number. */
export const MAX_PARTS = 10_000;
/** The minimum size of all parts but the last. */
const MIN_PART_SIZE_IN_BYTES = 5 * 1024 * 1024;
/** Room for 10,000 parts with the longest checksums. */
const MAX_DOCUMENT_SIZE_IN_BYTES = 8 * 1024 * 1024;

/** A part in the request that completes an upload. */
interface ListedPart {
  readonly partNumber: number;
  readonly eTag: string;
  readonly checksum: string | undefined;
}

/** `CreateMultipartUpload` */
export async function createMultipartUpload(call: S3Call): Promise<void> {
  const { key, request, store } = call;
  refuseUnsupportedHeaders(call);
  const requestedType = request.header('x-amz-checksum-type');
  const requested = request.header('x-amz-checksum-algorithm');
  const algorithm = requested === undefined ? undefined : checksumAlgorithm(requested);
  const upload = await store.uploads.create({
    key,
    initiated: store.now(),
    attributes: attributesOf(request),
    checksum: algorithm && { algorithm, type: multipartChecksumType(algorithm, requestedType) },
  });
  sendDocument(
    call.response,
    'InitiateMultipartUploadResult',
    { Bucket: call.bucket.definition.name, Key: key, UploadId: upload.uploadId },
    {
      'x-amz-server-side-encryption': 'AES256',
      ...(upload.checksum
        ? {
            'x-amz-checksum-algorithm': upload.checksum.algorithm,
            'x-amz-checksum-type': upload.checksum.type,
          }
        : {}),
    },
  );
}

/** `UploadPart` */
export async function uploadPart(call: S3Call): Promise<void> {
  const { request, store } = call;
  const upload = uploadOf(call);
  const partNumber = requestedPartNumber(request);
  const algorithm = upload.checksum?.algorithm;
  const body = call.body({ algorithm });
  if (algorithm && body.clientAlgorithm && body.clientAlgorithm !== algorithm) {
    throw new AwsError(
      'InvalidRequest',
      `Checksum Type mismatch occurred, expected checksum Type: ${algorithm.toLowerCase()}, actual checksum Type: ${body.clientAlgorithm.toLowerCase()}`,
    );
  }
  const data = await store.data.write(body.bytes());
  const { md5, checksum } = body.facts;
  const part = { ...data, partNumber, eTag: md5, checksum: algorithm && checksum?.value };
  await addPart(call, upload, part);
  sendEmpty(call.response, 200, {
    etag: `"${md5}"`,
    'x-amz-server-side-encryption': 'AES256',
    ...(checksum ? { [checksumHeader(checksum.algorithm)]: checksum.value } : {}),
  });
}

/** The part number of a request. Throws when it is missing or wrong. */
export function requestedPartNumber(request: S3Request): number {
  const value = request.query('partNumber') ?? '';
  const partNumber = Number(value);
  if (Number.isInteger(partNumber) && partNumber >= 1 && partNumber <= MAX_PARTS) return partNumber;
  throw invalidArgument('partNumber', value, 'Part number must be an integer between 1 and 10000, inclusive');
}

/** Adds a part that is on disk. Throws `NoSuchUpload` when the upload has ended meanwhile. */
export async function addPart(
  { store }: S3Call,
  { uploadId }: MultipartUpload,
  draft: Omit<UploadedPart, 'lastModified'>,
): Promise<UploadedPart> {
  const part = { ...draft, lastModified: store.now() };
  if ((await store.uploads.addPart(uploadId, part)) === 'gone') throw noSuchUpload(uploadId);
  return part;
}

/**
 * `CompleteMultipartUpload`. It can be repeated after it succeeded: clients that lost the response do that.
 */
export async function completeMultipartUpload(call: S3Call): Promise<void> {
  const { request, key, store } = call;
  const uploadId = request.query('uploadId') ?? '';
  const precondition = writePrecondition(request);
  const body = call.body({ maxSizeInBytes: MAX_DOCUMENT_SIZE_IN_BYTES, ignoresChecksumHeaders: true });
  const listed = await listedParts(await body.text(), store.uploads.find(uploadId));
  const upload = store.uploads.find(uploadId);
  if (!upload || upload.key !== key) {
    await answerAgain(call, uploadId);
    return;
  }
  const object = await store.uploads.complete(uploadId, async (uploaded) => {
    const parts = chooseParts(upload, uploaded, listed);
    const draft = await assemble(upload, parts);
    assertAsAnnounced(call, draft);
    const cause = call.cause('ObjectCreated:CompleteMultipartUpload');
    return store.commit({ ...draft, cause }, precondition, { keepsData: true });
  });
  if (object === 'gone') {
    await answerAgain(call, uploadId);
    return;
  }
  sendCompleted(call, object);
}

/** `AbortMultipartUpload` */
export async function abortMultipartUpload(call: S3Call): Promise<void> {
  const { uploadId } = uploadOf(call);
  if ((await call.store.uploads.abort(uploadId)) === 'gone') throw noSuchUpload(uploadId);
  sendEmpty(call.response, 204);
}

/** The upload of the request. Throws `NoSuchUpload`. */
export function uploadOf({ request, key, store }: S3Call): MultipartUpload {
  const uploadId = request.query('uploadId') ?? '';
  const upload = store.uploads.find(uploadId);
  if (upload?.key === key) return upload;
  throw noSuchUpload(uploadId);
}

async function answerAgain(call: S3Call, uploadId: string): Promise<void> {
  using opened = await call.store.open(call.key);
  if (opened?.metadata.uploadId !== uploadId) throw noSuchUpload(uploadId);
  sendCompleted(call, opened.metadata);
}

function sendCompleted(call: S3Call, object: ObjectMetadata): void {
  const bucketName = call.bucket.definition.name;
  sendDocument(
    call.response,
    'CompleteMultipartUploadResult',
    {
      Location: `http://${call.request.message.headers.host}/${bucketName}/${encodeURIComponent(object.key)}`,
      Bucket: bucketName,
      Key: object.key,
      ETag: `"${object.eTag}"`,
      ...checksumFields(object.checksum),
    },
    writtenHeaders(object),
  );
}

function noSuchUpload(uploadId: string): AwsError {
  return new AwsError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    404,
    { UploadId: uploadId },
  );
}

async function listedParts(document: string, upload: MultipartUpload | undefined): Promise<ListedPart[]> {
  const listed = elements(readXml(document, 'CompleteMultipartUpload'), 'Part').map((part) => ({
    partNumber: Number(textOf(part, 'PartNumber')),
    eTag: textOf(part, 'ETag')?.trim().replaceAll('"', '') ?? '',
    checksum: upload?.checksum && textOf(part, checksumElement(upload.checksum.algorithm)),
  }));
  if (listed.length === 0 || listed.length > MAX_PARTS) throw malformedXml();
  if (listed.some(({ partNumber }) => !Number.isInteger(partNumber))) throw malformedXml();
  return listed;
}

/** The uploaded parts in the client's list. Throws when one differs, is out of order, or too small. */
function chooseParts(
  upload: MultipartUpload,
  uploaded: readonly UploadedPart[],
  listed: readonly ListedPart[],
): UploadedPart[] {
  const byNumber = new Map(uploaded.map((part) => [part.partNumber, part]));
  let previousNumber = 0;
  const parts = listed.map(({ partNumber, eTag, checksum }) => {
    if (partNumber <= previousNumber) {
      throw new AwsError(
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
        400,
        { UploadId: upload.uploadId },
      );
    }
    previousNumber = partNumber;
    const part = byNumber.get(partNumber);
    if (!part || part.eTag !== eTag || (checksum !== undefined && checksum !== part.checksum)) {
      throw new AwsError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        400,
        { UploadId: upload.uploadId, PartNumber: String(partNumber), ETag: eTag },
      );
    }
    if (upload.checksum?.type === 'COMPOSITE' && checksum === undefined) {
      throw new AwsError(
        'InvalidRequest',
        `The upload was created using a ${upload.checksum.algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
      );
    }
    return part;
  });
  const tooSmall = parts.slice(0, -1).find(({ size }) => size < MIN_PART_SIZE_IN_BYTES);
  if (tooSmall) {
    throw new AwsError(
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      400,
      {
        ETag: tooSmall.eTag,
        PartNumber: String(tooSmall.partNumber),
        ProposedSize: String(tooSmall.size),
        MinSizeAllowed: String(MIN_PART_SIZE_IN_BYTES),
      },
    );
  }
  return parts;
}

async function assemble(upload: MultipartUpload, parts: readonly UploadedPart[]) {
  const digests = createHash('md5');
  for (const { eTag } of parts) digests.update(eTag, 'hex');
  return {
    key: upload.key,
    data: parts.map(({ dataId, size }) => ({ dataId, size })),
    size: parts.reduce((sum, { size }) => sum + size, 0),
    eTag: `${digests.digest('hex')}-${parts.length}`,
    attributes: upload.attributes,
    checksum:
      upload.checksum &&
      (await multipartChecksum(
        upload.checksum.algorithm,
        upload.checksum.type,
        parts.map(({ checksum = '', size }) => ({ checksum, size })),
      )),
    uploadId: upload.uploadId,
  };
}

/** Checks the object size that the client may announce. */
function assertAsAnnounced(
  { request }: S3Call,
  { size, checksum }: Awaited<ReturnType<typeof assemble>>,
): void {
  const announcedSize = request.header('x-amz-mp-object-size');
  if (announcedSize !== undefined && Number(announcedSize) !== size) {
    throw new AwsError(
      'InvalidRequest',
      `The provided 'x-amz-mp-object-size' header does not match what was computed: ${size}.`,
    );
  }
  if (!checksum) return;
  const announced = request.header(checksumHeader(checksum.algorithm));
  if (announced !== undefined && announced !== checksum.value) throw badDigest(checksum.algorithm);
}
