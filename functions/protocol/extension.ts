import type * as v from 'valibot';
import type { TinyFingerprint } from '../core/fingerprint.ts';
import type { FileDescription } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { LenientBoolean, LenientIdentifier, LenientText, lenientObject } from './fields.ts';
import { LenientTinyFingerprint } from './fingerprints.ts';

/** Devices send both spellings. The one with two n's is DJI's own. */
export const TinyFingerprintFields = {
  tinny_fingerprint: LenientTinyFingerprint,
  tiny_fingerprint: LenientTinyFingerprint,
};

/** `ext` of `fast-upload`, `upload-callback` and `file_upload_callback`. Model keys are kept unchanged. */
export const Extension = lenientObject({
  ...TinyFingerprintFields,
  drone_model_key: LenientText,
  payload_model_key: LenientText,
  is_original: LenientBoolean,
  sn: LenientText,
  file_group_id: LenientIdentifier,
  flight_id: LenientIdentifier,
});

export type Extension = v.InferOutput<typeof Extension>;

interface TinyFingerprintInput {
  readonly tinny_fingerprint?: TinyFingerprint | undefined;
  readonly tiny_fingerprint?: TinyFingerprint | undefined;
}

/** The fields of `ext`, and of the tiny fingerprint that some clients send beside it. */
export function describeExtension(
  extension: Extension,
  topLevel: TinyFingerprintInput = {},
): Partial<Omit<FileDescription, 'name' | 'capture'>> {
  return present({
    tinyFingerprint:
      extension?.tinny_fingerprint ??
      extension?.tiny_fingerprint ??
      topLevel.tinny_fingerprint ??
      topLevel.tiny_fingerprint,
    flightId: extension?.file_group_id ?? extension?.flight_id,
    isOriginal: extension?.is_original,
    droneModelKey: extension?.drone_model_key,
    payloadModelKey: extension?.payload_model_key,
    droneSn: extension?.sn,
  });
}
