import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** The kind of hash, which is part of the stored text. */
const KIND = 'sha256';
const SALT_LENGTH_IN_BYTES = 16;
const DIGEST_LENGTH_IN_BYTES = 32;

/** A random password: 192 bits in URL-safe text. */
export const randomPassword = (): string => randomBytes(24).toString('base64url');

const digestOf = (password: string, salt: Buffer): Buffer =>
  createHash(KIND).update(salt).update(password).digest();

const stored = (salt: Buffer, digest: Buffer): string =>
  `${KIND}$${salt.toString('base64url')}$${digest.toString('base64url')}`;

/**
 * `sha256$<salt>$<digest>`, both in base64url. One round is enough for a password of
 * {@link randomPassword}, which cannot be guessed. A slow hash would let strangers use up the authorizer.
 */
export function hashPassword(password: string): string {
  const salt = randomBytes(SALT_LENGTH_IN_BYTES);
  return stored(salt, digestOf(password, salt));
}

/** Compared with the password of an unknown gateway, so that it takes as long as for a known one. */
const NOBODY = stored(Buffer.alloc(SALT_LENGTH_IN_BYTES), Buffer.alloc(DIGEST_LENGTH_IN_BYTES));

/** Takes the same time with and without a hash, and wherever the two differ. */
export function passwordMatches(password: string, hash: string | undefined): boolean {
  const [kind, salt = '', expected = ''] = (hash ?? NOBODY).split('$');
  const digest = digestOf(password, Buffer.from(salt, 'base64url'));
  const known = Buffer.from(expected, 'base64url');
  const matches = known.length === digest.length && timingSafeEqual(known, digest);
  return matches && kind === KIND && hash !== undefined;
}
