/**
 * `file_upload_callback` on `thing/product/{sn}/events`
 *
 * A dock reports an upload, with the same rule as Pilot. After a reply of 0 it may delete its copy.
 */
import type { Library, LibraryWithDigests } from '../core/library.ts';
import type { StoredObject } from '../core/media-file.ts';
import { recordUpload } from '../core/record-upload.ts';
import { type DockEndpoint, dockEndpoint, type EarlyStart } from '../middleware/mqtt-endpoint.ts';
import { dockPorts, mediaLibrary } from '../ports.ts';
import {
  FILE_UPLOAD_CALLBACK,
  objectKeyIn,
  toDockUploadReport,
  toReportedCounts,
} from '../protocol/file-upload-callback.ts';

type Stored = Promise<StoredObject | undefined>;

export const fileUploadCallback =
  (library: LibraryWithDigests): DockEndpoint<typeof FILE_UPLOAD_CALLBACK, Stored> =>
  async ({ gateway, data, raw, early: stored }) => {
    const { workspaceId, sn } = gateway;
    const report = toDockUploadReport(data, { workspaceId, reporter: { kind: 'dock', name: sn }, raw });
    await recordUpload(library, { ...report, counts: toReportedCounts(data), ...(stored && { stored }) });
  };

/** Requests the object while the registry looks up the dock's workspace. */
export const lookEarly =
  ({ storage }: Pick<Library, 'storage'>): EarlyStart<Stored> =>
  (data) => {
    const objectKey = objectKeyIn(data);
    if (objectKey === undefined) return undefined;
    const stored = storage.find(objectKey);
    // Errors are thrown where it is awaited. After an earlier refusal it is not awaited, and must not count
    // as unhandled.
    stored.catch(() => undefined);
    return stored;
  };

const library = mediaLibrary();

export const handler = dockEndpoint(
  FILE_UPLOAD_CALLBACK,
  fileUploadCallback(library),
  dockPorts(),
  lookEarly(library),
);
