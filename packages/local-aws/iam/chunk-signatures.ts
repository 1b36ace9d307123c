import { createHash, timingSafeEqual } from 'node:crypto';
import type { SignatureClaims } from './signed-request.ts';

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/**
 * Verifies the chunk signatures of a `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` body. Each signature covers the one before
 * it, beginning with that of the request, so the chunks are given in order, the empty last one included.
 */
export class ChunkSignatures {
  readonly #claims: SignatureClaims;
  readonly #sign: (stringToSign: string) => string;
  #previous: string;

  constructor(claims: SignatureClaims, sign: (stringToSign: string) => string) {
    this.#claims = claims;
    this.#sign = sign;
    this.#previous = claims.signature;
  }

  /** Whether the next chunk, of this SHA-256 in hex, has this `chunk-signature`. */
  verifyChunk(chunkSha256: string, signature: string): boolean {
    return this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, chunkSha256], signature);
  }

  /** Whether the trailers, without `x-amz-trailer-signature`, have this signature; they come after the last chunk. */
  verifyTrailer(trailers: ReadonlyArray<readonly [name: string, value: string]>, signature: string): boolean {
    const lines = trailers.map(([name, value]) => `${name.toLowerCase()}:${value.trim()}\n`).sort();
    const hash = createHash('sha256').update(lines.join('')).digest('hex');
    return this.#verify('AWS4-HMAC-SHA256-TRAILER', [hash], signature);
  }

  #verify(kind: string, hashes: readonly string[], signature: string): boolean {
    const { timestamp, scope } = this.#claims;
    const expected = this.#sign([kind, timestamp, scope, this.#previous, ...hashes].join('\n'));
    this.#previous = expected;
    const actual = Buffer.from(signature);
    return actual.length === expected.length && timingSafeEqual(actual, Buffer.from(expected));
  }
}
