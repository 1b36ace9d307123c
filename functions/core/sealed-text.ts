import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const IV_LENGTH_IN_BYTES = 12;
const TAG_LENGTH_IN_BYTES = 16;

/** Tokens are random or signed, so no slow derivation is needed. */
const keyOf = (token: string): Buffer =>
  Buffer.from(hkdfSync('sha256', token, '', 'media-library session', 32));

/** What a token is stored and found under: it tells nothing of the token. */
export const digestOf = (token: string): string => createHash('sha256').update(token).digest('base64url');

/** Encrypts a text so that only a holder of the token can read it. */
export function sealWith(token: string, text: string): string {
  const iv = randomBytes(IV_LENGTH_IN_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(token), iv);
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Throws when the text was sealed with another token, or was changed. */
export function openWith(token: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const tagEnd = IV_LENGTH_IN_BYTES + TAG_LENGTH_IN_BYTES;
  const decipher = createDecipheriv(CIPHER, keyOf(token), bytes.subarray(0, IV_LENGTH_IN_BYTES), {
    authTagLength: TAG_LENGTH_IN_BYTES,
  });
  decipher.setAuthTag(bytes.subarray(IV_LENGTH_IN_BYTES, tagEnd));
  return decipher.update(bytes.subarray(tagEnd), undefined, 'utf8') + decipher.final('utf8');
}
