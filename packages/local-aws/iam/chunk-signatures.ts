import { createHash, timingSafeEqual } from 'node:crypto';
import type { SignatureClaims } from './signed-request.ts';

const EMPTY_SHA256 = createHash('sha256').digest('hex');

/**
 * Verifies the chunk signatures of a `STREAMING-AWS4-HMAC-SHA256-PAYLOAD` body. Each signature includes the
 * previous one, and the first one that of the request. So all chunks must be passed in order, with the empty
 * last one.
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

  /** Whether `chunk-signature` of the next chunk is valid, by its SHA-256 in hex. */
  verifyChunk(chunkSha256: string, signature: string): boolean {
    return this.#verify('AWS4-HMAC-SHA256-PAYLOAD', [EMPTY_SHA256, chunkSha256], signature);
  }

  /** Whether the signature of the trailers is valid. `x-amz-trailer-signature` is not one of them. */
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
