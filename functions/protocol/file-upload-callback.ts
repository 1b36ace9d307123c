import * as v from 'valibot';
import { normaliseFingerprint } from '../core/fingerprint.ts';
import type { ReportedCounts } from '../core/flight.ts';
import { present } from '../core/present.ts';
import type { UploadReport } from '../core/record-upload.ts';
import { Metadata, toCapture } from './capture.ts';
import { describeExtension, Extension } from './extension.ts';
import {
  OptionalIdentifier,
  OptionalNumber,
  OptionalText,
  optionalObject,
  RequiredText,
  Result,
} from './fields.ts';

/** `data` of `file_upload_callback` in every shape that has been on the wire (protocol section 4). */
export const FileUploadCallbackData = v.object({
  result: Result,
  file: v.object({
    object_key: RequiredText,
    name: RequiredText,
    path: OptionalText,
    fingerprint: OptionalIdentifier,
    ext: Extension,
    metadata: Metadata,
    sub_file_type: OptionalNumber,
  }),
  flight_task: optionalObject({
    uploaded_file_count: OptionalNumber,
    expected_file_count: OptionalNumber,
  }),
});

export type FileUploadCallbackData = v.InferOutput<typeof FileUploadCallbackData>;

/** A dock's report, as the rule that Pilot's callback shares takes it. */
export const toDockUploadReport = (
  { file, result }: FileUploadCallbackData,
  origin: Pick<UploadReport, 'workspaceId' | 'reporter' | 'raw'>,
): UploadReport => ({
  ...origin,
  objectKey: file.object_key,
  result,
  file: {
    name: file.name,
    ...present({
      path: file.path,
      fingerprint: file.fingerprint === undefined ? undefined : normaliseFingerprint(file.fingerprint),
      subFileType: file.sub_file_type,
    }),
    ...describeExtension(file.ext),
    capture: toCapture(file.metadata, file.name),
  },
});

const countOf = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined;

/** What the dock says of the flight's size; gone again in later firmware, so never required. */
export const toReportedCounts = ({ flight_task: task }: FileUploadCallbackData): Partial<ReportedCounts> =>
  present({
    expectedFileCount: countOf(task?.expected_file_count),
    uploadedFileCount: countOf(task?.uploaded_file_count),
  });
