import { FingerprintUnknownError } from './errors.ts';
import { kindOf } from './file-kinds.ts';
import { type Fingerprint, isMd5 } from './fingerprint.ts';
import { type FileDescription, linkedFileId, type MediaFile, type Reporter } from './media-file.ts';
import type { RecordUploadPorts } from './record-upload.ts';
import type { WorkspaceId } from './workspace.ts';

/** A file that a device has not uploaded yet and asks about. */
export interface UploadCandidate {
  readonly workspaceId: WorkspaceId;
  /** Normalised. */
  readonly fingerprint: Fingerprint;
  /** As the device wrote it: a miss echoes it. */
  readonly asked: string;
  /** Name and all else may be missing. */
  readonly file: Omit<FileDescription, 'name'> & { readonly name?: string };
  readonly reporter: Reporter;
  readonly raw: string;
}

/**
 * Answers a device's full fingerprint. Returning means that the device skips the upload and may delete its copy, so the
 * object is looked up first; when it has gone or was replaced, the marker goes too and the answer is a miss.
 *
 * Only an MD5 speaks for the bytes: any other text is a miss. The same bytes under another name or path become another
 * entry, once. Throws `FingerprintUnknownError` on a miss.
 */
export async function linkExistingFile(
  { catalog, storage }: RecordUploadPorts,
  candidate: UploadCandidate,
): Promise<MediaFile> {
  const { workspaceId, fingerprint, asked } = candidate;
  const known = isMd5(fingerprint) ? await catalog.findByFingerprint(workspaceId, fingerprint) : undefined;
  if (known === undefined) throw new FingerprintUnknownError(asked);

  const stored = await storage.find(known.objectKey);
  if (stored === undefined || stored.eTag !== known.eTag) {
    await catalog.forget(known);
    throw new FingerprintUnknownError(asked);
  }

  const { name, path } = candidate.file;
  if (name === undefined || (name === known.name && path === known.path)) return known;

  // The bytes are the same, so is the moment they were taken; who flew and where the file belongs is the candidate's.
  const { path: _path, flightId: _flightId, ...sameBytes } = known;
  return await catalog.record({
    ...sameBytes,
    ...candidate.file,
    name,
    capture: known.capture,
    ...(known.fingerprint && { fingerprint: known.fingerprint }),
    fileId: linkedFileId(known, name, path),
    linkedTo: known.fileId,
    kind: kindOf(name),
    reporter: candidate.reporter,
    recordedAt: new Date().toISOString(),
    raw: candidate.raw,
  });
}
