/** A file's MD5 as 32 lower-case hex digits, or whatever a device sent in its place, in lower case. `protocol/` makes them. */
export type Fingerprint = string & { readonly brand: 'Fingerprint' };

/** What a device sends to ask about many files at once; its making is not published, so it is only stored and compared. */
export type TinyFingerprint = string & { readonly brand: 'TinyFingerprint' };

const MD5_HEX = /^[0-9a-f]{32}$/;

/** Whether it can tell files apart. What is no MD5 may be a word that a client puts where it knows none, the same for every file. */
export const isMd5 = (fingerprint: Fingerprint): boolean => MD5_HEX.test(fingerprint);

/** Whether the stored bytes are the ones that the device fingerprinted. */
export type Integrity = 'verified' | 'mismatch' | 'unverified';

/** The MD5 that an ETag without quotes tells, or undefined: that of an upload in parts (`…-3`) is no MD5 of the file. */
export const md5OfETag = (eTag: string): Fingerprint | undefined =>
  MD5_HEX.test(eTag) ? (eTag as Fingerprint) : undefined;

/** What the integrity of an entry follows from. */
export interface IntegrityFacts {
  /** What the device said; anything but an MD5 says nothing. */
  readonly fingerprint?: Fingerprint;
  /** What the stored bytes have, as S3 or this library computed it. */
  readonly md5?: Fingerprint;
  readonly reportedAt?: string;
  readonly refusal?: object;
}

/**
 * `verified` when the MD5 of the stored bytes is known and no device says otherwise; `mismatch` when one does; `unverified` while nobody has
 * computed it.
 */
export function integrityOf({ fingerprint, md5, reportedAt, refusal }: IntegrityFacts): Integrity {
  if (md5 === undefined) return 'unverified';
  if (fingerprint !== undefined && isMd5(fingerprint) && fingerprint !== md5) return 'mismatch';
  // Bytes that were only ever reported as something else.
  return reportedAt === undefined && refusal !== undefined ? 'mismatch' : 'verified';
}
