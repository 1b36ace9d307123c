import * as v from 'valibot';
import type { HttpContract } from './contract.ts';
import { Count, LenientIdentifier } from './fields.ts';

/** Body of `group-upload-callback` (protocol section 2). */
export const GroupUploadCallbackInput = v.object({
  file_group_id: LenientIdentifier,
  file_count: Count,
  file_uploaded_count: Count,
});

export type GroupUploadCallbackInput = v.InferOutput<typeof GroupUploadCallbackInput>;

/** `group-upload-callback`. */
export const GROUP_UPLOAD_CALLBACK = {
  name: 'group-upload-callback',
  routes: ['POST /media/api/v1/workspaces/{workspace_id}/group-upload-callback'],
  access: 'workspace',
  input: GroupUploadCallbackInput,
  output: v.object({}),
} as const satisfies HttpContract;
