import * as v from 'valibot';
import type { UploadCandidate } from '../core/link-existing-file.ts';
import type { MediaFile } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { type HttpContract, REPORT_LIMIT_IN_BYTES } from './contract.ts';
import { describeExtension, Extension, TinyFingerprintFields } from './extension.ts';
import { LenientText, OptionalText } from './fields.ts';
import { RequiredFingerprint } from './fingerprints.ts';

/** Body of `fast-upload` (protocol section 2). */
export const FastUploadInput = v.object({
  fingerprint: RequiredFingerprint,
  name: OptionalText,
  path: LenientText,
  ext: Extension,
  ...TinyFingerprintFields,
});

export type FastUploadInput = v.InferOutput<typeof FastUploadInput>;

/** `data` of a hit. It is empty in DJI's document, but one known client takes empty data for a miss. */
export const FastUploadOutput = v.object({ object_key: v.string(), file_id: v.string() });

export const toUploadCandidate = (
  body: FastUploadInput,
  origin: Pick<UploadCandidate, 'workspaceId' | 'reporter' | 'raw'>,
): UploadCandidate => ({
  ...origin,
  fingerprint: body.fingerprint.fingerprint,
  asked: body.fingerprint.written,
  file: {
    ...present({ name: body.name, path: body.path }),
    ...describeExtension(body.ext, body),
    capture: {},
  },
});

export const toFastUploadOutput = (file: MediaFile): v.InferOutput<typeof FastUploadOutput> => ({
  object_key: file.objectKey,
  file_id: file.fileId,
});

/** `fast-upload`. */
export const FAST_UPLOAD = {
  name: 'fast-upload',
  routes: ['POST /media/api/v1/workspaces/{workspace_id}/fast-upload'],
  access: 'workspace',
  input: FastUploadInput,
  output: FastUploadOutput,
  bodyLimitInBytes: REPORT_LIMIT_IN_BYTES,
} as const satisfies HttpContract;
