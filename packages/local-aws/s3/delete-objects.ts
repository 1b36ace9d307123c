import { AwsError } from '../http/aws-error.ts';
import { sendDocument, sendEmpty } from './answers.ts';
import { requestedVersionId } from './readable-version.ts';
import type { S3Call } from './s3-call.ts';
import type { Deletion } from './store/bucket-store.ts';
import { NULL_VERSION } from './store/object-metadata.ts';
import { elements, malformedXml, readXml, textOf, type XmlElement } from './xml-reader.ts';

const MAX_KEYS = 1000;
const MAX_DOCUMENT_SIZE_IN_BYTES = 2 * 1024 * 1024;

/** `DeleteObject` */
export async function deleteObject(call: S3Call): Promise<void> {
  const versionId = requestedVersionId(call.request.query('versionId'));
  const deletion = await deleteOne(call, call.key, versionId);
  const { isMarker, markerVersionId } = outcome(deletion);
  const answeredVersionId = markerVersionId ?? versionId;
  sendEmpty(call.response, 204, {
    ...(isMarker ? { 'x-amz-delete-marker': 'true' } : {}),
    ...(answeredVersionId === undefined ? {} : { 'x-amz-version-id': answeredVersionId }),
  });
}

/** `DeleteObjects`: permissions are checked for each key. */
export async function deleteObjects(call: S3Call): Promise<void> {
  const body = call.body({ maxSizeInBytes: MAX_DOCUMENT_SIZE_IN_BYTES });
  if (!body.hasChecksum) {
    throw new AwsError(
      'InvalidRequest',
      'Missing required header for this request: Content-MD5 OR x-amz-checksum-*',
    );
  }
  const document = readXml(await body.text(), 'Delete');
  const requested = elements(document, 'Object');
  if (requested.length === 0 || requested.length > MAX_KEYS) throw malformedXml();
  const quiet = textOf(document, 'Quiet')?.trim() === 'true';
  const deleted: Array<Record<string, string | undefined>> = [];
  const errors: Array<Record<string, string | undefined>> = [];
  for (const { key, versionId } of requested.map(objectIdentifier)) {
    try {
      const { isMarker, markerVersionId } = outcome(
        await deleteOne(call, key, requestedVersionId(versionId)),
      );
      deleted.push({
        Key: key,
        VersionId: versionId,
        DeleteMarker: isMarker ? 'true' : undefined,
        DeleteMarkerVersionId: isMarker ? (markerVersionId ?? versionId) : undefined,
      });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      errors.push({ Key: key, VersionId: versionId, Code: error.code, Message: error.message });
    }
  }
  sendDocument(call.response, 'DeleteResult', { Deleted: quiet ? [] : deleted, Error: errors });
}

async function deleteOne(call: S3Call, key: string, versionId: string | undefined): Promise<Deletion> {
  const bucketName = call.bucket.definition.name;
  if (versionId === undefined) call.authorize('s3:DeleteObject', { bucketName, key });
  else call.authorize('s3:DeleteObjectVersion', { bucketName, key }, { 's3:VersionId': versionId });
  return call.store.delete(key, versionId, {
    removal: call.cause('ObjectRemoved:Delete'),
    marker: call.cause('ObjectRemoved:DeleteMarkerCreated'),
  });
}

function outcome(deletion: Deletion): { isMarker: boolean; markerVersionId: string | undefined } {
  if (deletion.kind === 'nothing') return { isMarker: false, markerVersionId: undefined };
  const { versionId, deleteMarker } = deletion.version;
  const keepsVersions = deletion.kind === 'marked' || versionId !== NULL_VERSION;
  return { isMarker: deleteMarker, markerVersionId: keepsVersions ? versionId : undefined };
}

function objectIdentifier(element: XmlElement): { key: string; versionId: string | undefined } {
  const key = textOf(element, 'Key');
  if (!key) throw malformedXml();
  return { key, versionId: textOf(element, 'VersionId') };
}
