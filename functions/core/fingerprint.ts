/**
 * A file's MD5 as 32 lower-case hex digits, or other text that a device sent, in lower case. Made in
 * `protocol/`.
 */
export type Fingerprint = string & { readonly brand: 'Fingerprint' };

/**
 * What a device sends to ask about many files at once. Its algorithm is not published, so it is only stored
 * and compared.
 */
export type TinyFingerprint = string & { readonly brand: 'TinyFingerprint' };

const MD5_HEX = /^[0-9a-f]{32}$/;

/** Whether it identifies a file. Some clients send the same word for all files instead of an MD5. */
export const isMd5 = (fingerprint: Fingerprint): boolean => MD5_HEX.test(fingerprint);

/** Whether the stored bytes are those that the device hashed. */
export type Integrity = 'verified' | 'mismatch' | 'unverified';

/**
 * The MD5 in an ETag without quotes. Undefined for an upload in parts (`…-3`), whose ETag is not the file's
 * MD5.
 */
export const md5OfETag = (eTag: string): Fingerprint | undefined =>
  MD5_HEX.test(eTag) ? (eTag as Fingerprint) : undefined;

/** What the integrity of an entry depends on. */
export interface IntegrityFacts {
  /** From the device. Only an MD5 counts. */
  readonly fingerprint?: Fingerprint;
  /** Of the stored bytes, computed by S3 or by this library. */
  readonly md5?: Fingerprint;
  readonly reportedAt?: string;
  readonly refusal?: object;
}

/**
 * `verified` when the MD5 of the stored bytes is known and no device contradicts it; `mismatch` when a device
 * does; `unverified` while the MD5 is not known.
 */
export function integrityOf({ fingerprint, md5, reportedAt, refusal }: IntegrityFacts): Integrity {
  if (md5 === undefined) return 'unverified';
  if (fingerprint !== undefined && isMd5(fingerprint) && fingerprint !== md5) return 'mismatch';
  // The only report of these bytes was refused.
  return reportedAt === undefined && refusal !== undefined ? 'mismatch' : 'verified';
}
