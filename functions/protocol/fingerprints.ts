import * as v from 'valibot';
import type { Fingerprint, TinyFingerprint } from '../core/fingerprint.ts';
import { OptionalIdentifier, RequiredIdentifier } from './fields.ts';
import { lenient } from './lenient.ts';

/** Devices send upper-case or lower-case hex digits. They are stored and compared in lower case. */
const toFingerprint = (written: string): Fingerprint => written.trim().toLowerCase() as Fingerprint;

/** 32 hex digits, then `_year_month_day_hour_minute_second` without zero padding (protocol section 2). */
const TINY_FINGERPRINT = /^[0-9a-f]{32}_\d{4}(_\d{1,2}){5}$/;

/** A tiny fingerprint; undefined for other text: some clients send the same word for all files. */
export function parseTinyFingerprint(written: string): TinyFingerprint | undefined {
  const tiny = written.trim().toLowerCase();
  return TINY_FINGERPRINT.test(tiny) ? (tiny as TinyFingerprint) : undefined;
}

/** A fingerprint that may be missing, null or empty. Integrity depends on it, so other types are refused. */
export const OptionalFingerprint = v.pipe(
  OptionalIdentifier,
  v.transform((written) => (written === undefined ? undefined : toFingerprint(written))),
);

/** A required fingerprint, with its original form, which the response repeats. */
export const RequiredFingerprint = v.pipe(
  RequiredIdentifier,
  v.transform((written) => ({ written, fingerprint: toFingerprint(written) })),
);

/** A tiny fingerprint in a report. Other text is left out. */
export const LenientTinyFingerprint = lenient(
  v.pipe(
    v.string(),
    v.rawTransform<string, TinyFingerprint | undefined>(({ dataset: { value }, addIssue, NEVER }) => {
      const tiny = parseTinyFingerprint(value);
      if (tiny !== undefined || value.trim() === '') return tiny;
      addIssue();
      return NEVER;
    }),
  ),
);
