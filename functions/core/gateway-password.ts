import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt's recommendation for interactive sign-in: 16 MiB and some tens of milliseconds. */
const COST = 16_384;
const BLOCK_SIZE = 8;
const PARALLELIZATION = 1;
const KEY_LENGTH_IN_BYTES = 32;

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const options = { N: COST, r: BLOCK_SIZE, p: PARALLELIZATION };
    scrypt(password.normalize('NFKC'), salt, KEY_LENGTH_IN_BYTES, options, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });

/** A random password: 192 bits in URL-safe text. */
export const randomPassword = (): string => randomBytes(24).toString('base64url');

/** `scrypt$<salt>$<key>`, both in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password, salt)).toString('base64url')}`;
}

/** Compared with the password of an unknown device, so that it takes as long as for a known one. */
const NOBODY = `scrypt$${Buffer.alloc(16).toString('base64url')}$${Buffer.alloc(KEY_LENGTH_IN_BYTES).toString('base64url')}`;

/** Takes the same time with and without a hash, and wherever the two differ. */
export async function passwordMatches(password: string, hash: string | undefined): Promise<boolean> {
  const [, salt = '', expected = ''] = (hash ?? NOBODY).split('$');
  const derived = await derive(password, Buffer.from(salt, 'base64url'));
  const stored = Buffer.from(expected, 'base64url');
  return stored.length === derived.length && timingSafeEqual(stored, derived) && hash !== undefined;
}
