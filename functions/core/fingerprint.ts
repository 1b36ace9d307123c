/** A file's MD5 as 32 lower-case hex digits, or whatever a device sent in its place, in lower case. `protocol/` makes them. */
export type Fingerprint = string & { readonly brand: 'Fingerprint' };

/** What a device sends to ask about many files at once; its making is not published, so it is only stored and compared. */
export type TinyFingerprint = string & { readonly brand: 'TinyFingerprint' };

const MD5_HEX = /^[0-9a-f]{32}$/;

/** Whether it can tell files apart. What is no MD5 may be a word that a client puts where it knows none, the same for every file. */
export const isMd5 = (fingerprint: Fingerprint): boolean => MD5_HEX.test(fingerprint);

/** Whether two fingerprints cannot be of the same bytes. Where one is absent or no MD5, nobody can tell. */
export const contradict = (one: Fingerprint | undefined, other: Fingerprint | undefined): boolean =>
  one !== undefined && other !== undefined && one !== other && isMd5(one) && isMd5(other);

/** Whether the stored bytes are the ones that the device fingerprinted. */
export type Integrity = 'verified' | 'mismatch' | 'unverified';

/** The MD5 that an ETag tells, or undefined: a multipart upload's ETag (`…-3`) is no MD5 of the file. */
export function md5OfETag(eTag: string): Fingerprint | undefined {
  const bare = eTag.replaceAll('"', '').toLowerCase();
  return MD5_HEX.test(bare) ? (bare as Fingerprint) : undefined;
}

/** Compares a device's fingerprint with the ETag of a single PUT under SSE-S3; anything else stays unverified. */
export function compareIntegrity(fingerprint: Fingerprint | undefined, eTag: string): Integrity {
  const md5 = md5OfETag(eTag);
  if (md5 === undefined || fingerprint === undefined || !isMd5(fingerprint)) return 'unverified';
  return md5 === fingerprint ? 'verified' : 'mismatch';
}
