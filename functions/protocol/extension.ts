import type * as v from 'valibot';
import { normaliseTinyFingerprint } from '../core/fingerprint.ts';
import type { FileDescription } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { OptionalBoolean, OptionalIdentifier, OptionalText, optionalObject } from './fields.ts';

/** Both spellings are on the wire; two n's is DJI's own. */
export const TinyFingerprintFields = {
  tinny_fingerprint: OptionalIdentifier,
  tiny_fingerprint: OptionalIdentifier,
};

/** `ext` of `fast-upload`, `upload-callback` and `file_upload_callback`. Model keys are kept as they come. */
export const Extension = optionalObject({
  ...TinyFingerprintFields,
  drone_model_key: OptionalText,
  payload_model_key: OptionalText,
  is_original: OptionalBoolean,
  sn: OptionalText,
  file_group_id: OptionalIdentifier,
  flight_id: OptionalIdentifier,
});

export type Extension = v.InferOutput<typeof Extension>;

interface TinyFingerprintInput {
  readonly tinny_fingerprint?: string | undefined;
  readonly tiny_fingerprint?: string | undefined;
}

/** What `ext`, and the tiny fingerprint beside it in some clients, tell of a file. */
export function describeExtension(
  extension: Extension,
  topLevel: TinyFingerprintInput = {},
): Partial<Omit<FileDescription, 'name' | 'capture'>> {
  const tiny =
    extension?.tinny_fingerprint ??
    extension?.tiny_fingerprint ??
    topLevel.tinny_fingerprint ??
    topLevel.tiny_fingerprint;
  return present({
    tinyFingerprint: tiny === undefined ? undefined : normaliseTinyFingerprint(tiny),
    flightId: extension?.file_group_id ?? extension?.flight_id,
    isOriginal: extension?.is_original,
    droneModelKey: extension?.drone_model_key,
    payloadModelKey: extension?.payload_model_key,
    droneSn: extension?.sn,
  });
}
