import * as v from 'valibot';
import type { Fingerprint, TinyFingerprint } from '../core/fingerprint.ts';
import { OptionalIdentifier, RequiredIdentifier } from './fields.ts';
import { lenient } from './lenient.ts';

/** Devices write the hex digits in either case; they are stored and compared in lower case. */
const toFingerprint = (written: string): Fingerprint => written.trim().toLowerCase() as Fingerprint;

/** MD5, then `_year_month_day_hour_minute_second` without zero padding (protocol section 2). */
const TINY_FINGERPRINT = /^[0-9a-f]{32}_\d{4}(_\d{1,2}){5}$/;

/** A tiny fingerprint, or undefined for any other text: some clients write the same word for every file. */
export function parseTinyFingerprint(written: string): TinyFingerprint | undefined {
  const tiny = written.trim().toLowerCase();
  return TINY_FINGERPRINT.test(tiny) ? (tiny as TinyFingerprint) : undefined;
}

/** A fingerprint that may be missing, null or empty. Truth rests on it: anything but a text is refused. */
export const OptionalFingerprint = v.pipe(
  OptionalIdentifier,
  v.transform((written) => (written === undefined ? undefined : toFingerprint(written))),
);

/** A fingerprint that must be there, and as it was written: an answer repeats it so. */
export const RequiredFingerprint = v.pipe(
  RequiredIdentifier,
  v.transform((written) => ({ written, fingerprint: toFingerprint(written) })),
);

/** A tiny fingerprint in a report. A text of another form is left out. */
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
