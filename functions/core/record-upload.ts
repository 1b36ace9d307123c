import { IntegrityMismatchError, ObjectMissingError } from './errors.ts';
import { kindOf } from './file-kinds.ts';
import { compareIntegrity, contradict, md5OfETag } from './fingerprint.ts';
import type { MediaCatalog } from './media-catalog.ts';
import { type FileDescription, type MediaFile, type Reporter, uploadedFileId } from './media-file.ts';
import { assertObjectKeyInWorkspace } from './object-key.ts';
import type { ObjectStorage } from './object-storage.ts';
import type { WorkspaceId } from './workspace.ts';

/** A device's report that a file is in the bucket, or that it failed to put it there. */
export interface UploadReport {
  readonly workspaceId: WorkspaceId;
  readonly objectKey: string;
  /** DJI's `result`: 0 in the bucket, anything else failed. */
  readonly result: number;
  readonly file: FileDescription;
  readonly reporter: Reporter;
  readonly raw: string;
}

export interface RecordUploadPorts {
  readonly catalog: MediaCatalog;
  readonly storage: ObjectStorage;
}

/**
 * Takes a device's report. Returning is the acknowledgement after which the device deletes its copy, so it happens only
 * when the object is there under the workspace's prefix and does not contradict the fingerprint.
 *
 * Throws `ObjectKeyOutsideWorkspaceError`, `ObjectMissingError`, `IntegrityMismatchError`.
 */
export async function recordUpload(
  { catalog, storage }: RecordUploadPorts,
  report: UploadReport,
): Promise<void> {
  const { workspaceId, objectKey, reporter, raw } = report;
  assertObjectKeyInWorkspace(workspaceId, objectKey);
  const now = new Date().toISOString();

  if (report.result !== 0) {
    await catalog.recordFailure({
      workspaceId,
      objectKey,
      result: report.result,
      reporter,
      reportedAt: now,
      raw,
    });
    return;
  }

  const stored = await storage.find(objectKey);
  if (stored === undefined) throw new ObjectMissingError();

  // A dock sends no fingerprint: what S3 computed stands in for it, and lets Pilot find the same bytes.
  const fingerprint = report.file.fingerprint ?? md5OfETag(stored.eTag);
  const file: MediaFile = {
    ...report.file,
    ...stored,
    ...(fingerprint && { fingerprint }),
    fileId: uploadedFileId(workspaceId, objectKey, stored.eTag),
    workspaceId,
    objectKey,
    kind: kindOf(report.file.name),
    integrity: compareIntegrity(report.file.fingerprint, stored.eTag),
    reporter,
    recordedAt: now,
    raw,
  };
  const standing = await catalog.record(file);
  // A multipart upload's ETag is no MD5. Still, one object cannot be two files: the later of two reports has no bytes of its own here.
  if (file.integrity === 'mismatch' || contradict(standing.fingerprint, report.file.fingerprint)) {
    throw new IntegrityMismatchError();
  }
}
