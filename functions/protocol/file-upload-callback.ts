import * as v from 'valibot';
import type { ReportedCounts } from '../core/flight.ts';
import { OBJECT_KEY_LIMIT_IN_BYTES } from '../core/object-key.ts';
import { present } from '../core/present.ts';
import type { UploadReport } from '../core/record-upload.ts';
import { Metadata, toCapture } from './capture.ts';
import type { DockContract } from './contract.ts';
import { describeExtension, Extension } from './extension.ts';
import { LenientCount, LenientNumber, LenientText, lenientObject, RequiredText, Result } from './fields.ts';
import { OptionalFingerprint } from './fingerprints.ts';

/** `data` of `file_upload_callback` in all shapes that devices have sent (protocol section 4). */
export const FileUploadCallbackData = v.object({
  result: Result,
  file: v.object({
    object_key: RequiredText,
    name: RequiredText,
    path: LenientText,
    fingerprint: OptionalFingerprint,
    ext: Extension,
    metadata: Metadata,
    sub_file_type: LenientNumber,
  }),
  flight_task: lenientObject({
    uploaded_file_count: LenientCount,
    expected_file_count: LenientCount,
  }),
});

export type FileUploadCallbackData = v.InferOutput<typeof FileUploadCallbackData>;

/** The unchecked object key in `data`; undefined when it cannot be a key of S3. */
export function objectKeyIn(data: unknown): string | undefined {
  const result = v.safeParse(v.object({ file: v.object({ object_key: ObjectKeyText }) }), data);
  return result.success ? result.output.file.object_key : undefined;
}

const ObjectKeyText = v.pipe(v.string(), v.minBytes(1), v.maxBytes(OBJECT_KEY_LIMIT_IN_BYTES));

/** A dock's report, in the form that it shares with Pilot's callback. */
export const toDockUploadReport = (
  { file, result }: FileUploadCallbackData,
  origin: Pick<UploadReport, 'workspaceId' | 'reporter' | 'raw'>,
): UploadReport => ({
  ...origin,
  objectKey: file.object_key,
  result,
  file: {
    name: file.name,
    ...present({ path: file.path, fingerprint: file.fingerprint, subFileType: file.sub_file_type }),
    ...describeExtension(file.ext),
    capture: toCapture(file.metadata, file.name),
  },
});

/** The counts of the flight. Later firmware does not send them, so they are optional. */
export const toReportedCounts = ({ flight_task: task }: FileUploadCallbackData): Partial<ReportedCounts> =>
  present({
    expectedFileCount: task?.expected_file_count,
    uploadedFileCount: task?.uploaded_file_count,
  });

/** `file_upload_callback`. */
export const FILE_UPLOAD_CALLBACK = {
  name: 'file-upload-callback',
  method: 'file_upload_callback',
  channel: 'events',
  input: FileUploadCallbackData,
} as const satisfies DockContract;
