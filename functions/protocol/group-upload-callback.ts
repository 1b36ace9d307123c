import * as v from 'valibot';
import { Count, LenientIdentifier } from './fields.ts';

/** Body of `group-upload-callback` (protocol section 2). */
export const GroupUploadCallbackInput = v.object({
  file_group_id: LenientIdentifier,
  file_count: Count,
  file_uploaded_count: Count,
});

export type GroupUploadCallbackInput = v.InferOutput<typeof GroupUploadCallbackInput>;
