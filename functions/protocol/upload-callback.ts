import * as v from 'valibot';
import { present } from '../core/present.ts';
import type { UploadReport } from '../core/record-upload.ts';
import { Metadata, toCapture } from './capture.ts';
import { type HttpContract, REPORT_LIMIT_IN_BYTES } from './contract.ts';
import { describeExtension, Extension, TinyFingerprintFields } from './extension.ts';
import { LenientNumber, LenientText, RequiredText, Result } from './fields.ts';
import { OptionalFingerprint } from './fingerprints.ts';

/** Body of `upload-callback` (protocol section 2). */
export const UploadCallbackInput = v.object({
  result: Result,
  name: RequiredText,
  object_key: RequiredText,
  fingerprint: OptionalFingerprint,
  path: LenientText,
  sub_file_type: LenientNumber,
  ext: Extension,
  metadata: Metadata,
  ...TinyFingerprintFields,
});

export type UploadCallbackInput = v.InferOutput<typeof UploadCallbackInput>;

export const UploadCallbackOutput = v.object({ object_key: v.string() });

export const toUploadReport = (
  body: UploadCallbackInput,
  origin: Pick<UploadReport, 'workspaceId' | 'reporter' | 'raw'>,
): UploadReport => ({
  ...origin,
  objectKey: body.object_key,
  result: body.result,
  file: {
    name: body.name,
    ...present({ path: body.path, fingerprint: body.fingerprint, subFileType: body.sub_file_type }),
    ...describeExtension(body.ext, body),
    capture: toCapture(body.metadata, body.name),
  },
});

/** `upload-callback`. */
export const UPLOAD_CALLBACK = {
  name: 'upload-callback',
  routes: ['POST /media/api/v1/workspaces/{workspace_id}/upload-callback'],
  access: 'workspace',
  input: UploadCallbackInput,
  output: UploadCallbackOutput,
  bodyLimitInBytes: REPORT_LIMIT_IN_BYTES,
} as const satisfies HttpContract;
