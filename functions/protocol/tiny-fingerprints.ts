import * as v from 'valibot';
import { RequiredIdentifier } from './fields.ts';

/** More than an SD card holds, and within the 1 MB that a body may have. */
export const TINY_FINGERPRINTS_LIMIT = 10_000;

/** The first mistake is enough: a megabyte of them, each described, would take all of a function's memory. */
const list = v.config(
  v.pipe(
    v.array(RequiredIdentifier),
    v.maxLength(TINY_FINGERPRINTS_LIMIT, `a length of at most ${TINY_FINGERPRINTS_LIMIT}`),
  ),
  { abortEarly: true },
);

/** The question in its three shapes: DJI's object, the bare array, and the query of the old GET. */
export const TinyFingerprintsInput = v.pipe(
  v.union([list, v.object({ tiny_fingerprints: list }), v.object({ tiny_fingerprint: list })]),
  v.transform((input) => {
    if (Array.isArray(input)) return input;
    return 'tiny_fingerprints' in input ? input.tiny_fingerprints : input.tiny_fingerprint;
  }),
);

export type TinyFingerprintsInput = v.InferOutput<typeof TinyFingerprintsInput>;

/** Those that the workspace has, as they were written, in the order asked, each once. */
export const TinyFingerprintsOutput = v.object({ tiny_fingerprints: v.array(v.string()) });
