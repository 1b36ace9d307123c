import * as v from 'valibot';
import type { TinyFingerprint } from '../core/fingerprint.ts';
import type { HttpContract } from './contract.ts';
import { parseTinyFingerprint } from './fingerprints.ts';
import { lenientList } from './lenient.ts';

/** More than the files of an SD card, and within the limit of 1 MB for a body. */
export const TINY_FINGERPRINTS_LIMIT = 10_000;

/** Other types are left out: one bad entry must not refuse thousands. */
const list = v.pipe(
  v.array(v.unknown()),
  v.maxLength(TINY_FINGERPRINTS_LIMIT, `a length of at most ${TINY_FINGERPRINTS_LIMIT}`),
  v.description('Texts; any other entry is skipped'),
  lenientList(v.string()),
);

/** The request in its three shapes: DJI's object, the bare array, and the query of the old GET. */
export const TinyFingerprintsInput = v.union([
  list,
  v.object({ tiny_fingerprints: list }),
  v.object({ tiny_fingerprint: list }),
]);

export type TinyFingerprintsInput = v.InferOutput<typeof TinyFingerprintsInput>;

const writtenIn = (input: TinyFingerprintsInput): string[] => {
  if (Array.isArray(input)) return input;
  return 'tiny_fingerprints' in input ? input.tiny_fingerprints : input.tiny_fingerprint;
};

/**
 * The requested tiny fingerprints by their original text, in the same order. Text of another form is left
 * out.
 */
export function toTinyFingerprints(input: TinyFingerprintsInput): ReadonlyMap<string, TinyFingerprint> {
  const asked = new Map<string, TinyFingerprint>();
  for (const written of writtenIn(input)) {
    const tiny = parseTinyFingerprint(written);
    if (tiny !== undefined) asked.set(written, tiny);
  }
  return asked;
}

/** Those of the workspace, as they were written, in the same order, each once. */
export const TinyFingerprintsOutput = v.object({ tiny_fingerprints: v.array(v.string()) });

/** `files/tiny-fingerprints`. Its first public version was a GET. */
export const TINY_FINGERPRINTS = {
  name: 'tiny-fingerprints',
  routes: [
    'POST /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints',
    'GET /media/api/v1/workspaces/{workspace_id}/files/tiny-fingerprints',
  ],
  access: 'workspace',
  input: TinyFingerprintsInput,
  output: TinyFingerprintsOutput,
} as const satisfies HttpContract;
