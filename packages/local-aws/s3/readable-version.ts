import { AwsError } from '../http/aws-error.ts';
import { lastModifiedInSeconds } from './conditions.ts';
import { invalidArgument, methodNotAllowed, noSuchKey } from './errors.ts';
import type { S3Call } from './s3-call.ts';
import type { OpenedObject } from './store/bucket-store.ts';

/** An object, or one of its versions. */
export interface ObjectAddress {
  readonly bucketName: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

/** The version of a request; undefined for the current one. Throws for an invalid version id. */
export function requestedVersionId(versionId: string | undefined): string | undefined {
  if (versionId === undefined || /^(null|[0-9a-f]{32})$/.test(versionId)) return versionId;
  const message = versionId === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified';
  throw invalidArgument('versionId', versionId, message);
}

/**
 * Opens a version that the caller may read. Only callers who may list the bucket learn that a version is
 * missing; others get AccessDenied.
 */
export async function openReadable(call: S3Call, address: ObjectAddress): Promise<OpenedObject> {
  const { bucketName, key } = address;
  const { store } = call.bucketNamed(bucketName);
  const versionId = requestedVersionId(address.versionId);
  if (versionId === undefined) call.authorize('s3:GetObject', { bucketName, key });
  else call.authorize('s3:GetObjectVersion', { bucketName, key }, { 's3:VersionId': versionId });

  const opened = await store.open(key, versionId);
  if (opened && !opened.metadata.deleteMarker) return opened;
  opened?.[Symbol.dispose]();
  if (!call.isAllowed('s3:ListBucket', { bucketName }))
    throw new AwsError('AccessDenied', 'Access Denied', 403);
  if (opened) {
    call.response.setHeader('x-amz-delete-marker', 'true');
    call.response.setHeader('x-amz-version-id', opened.metadata.versionId);
  }
  if (opened && versionId !== undefined) {
    const lastModified = new Date(lastModifiedInSeconds(opened.metadata) * 1000).toUTCString();
    call.response.setHeader('last-modified', lastModified).setHeader('allow', 'DELETE');
    throw methodNotAllowed(call.request.method, 'DeleteMarker');
  }
  if (versionId !== undefined) {
    throw new AwsError('NoSuchVersion', 'The specified version does not exist.', 404, {
      Key: key,
      VersionId: versionId,
    });
  }
  throw noSuchKey(key);
}
