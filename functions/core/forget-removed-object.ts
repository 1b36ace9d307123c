import type { RecordUploadPorts } from './record-upload.ts';
import { isWorkspaceId } from './workspace.ts';

/**
 * Makes the files of an object unfindable by their fingerprints unless the object is there after all: an older version was removed, or the
 * key was written again. Resolves to the number of files. Idempotent.
 */
export async function forgetRemovedObject(
  { catalog, storage }: RecordUploadPorts,
  objectKey: string,
): Promise<number> {
  const workspaceId = objectKey.split('/')[0] ?? '';
  // Not an upload of ours: an operator may keep other things in the bucket.
  if (!isWorkspaceId(workspaceId)) return 0;
  const [files, stored] = await Promise.all([
    catalog.listByObjectKey(workspaceId, objectKey),
    storage.find(objectKey),
  ]);
  const gone = files.filter((file) => file.eTag !== stored?.eTag);
  await Promise.all(gone.map((file) => catalog.forget(file)));
  return gone.length;
}
