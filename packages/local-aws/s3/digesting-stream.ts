import { createHash } from 'node:crypto';
import { type ChecksumAlgorithm, startChecksum } from './checksums.ts';

/** Computes the MD5, and optionally a checksum, of bytes that pass through. */
export class DigestingStream {
  readonly #algorithm: ChecksumAlgorithm | undefined;
  #md5: string | undefined;
  #checksum: string | undefined;

  constructor(algorithm?: ChecksumAlgorithm) {
    this.#algorithm = algorithm;
  }

  async *pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const md5 = createHash('md5');
    const checksum = this.#algorithm && startChecksum(this.#algorithm);
    for await (const chunk of source) {
      md5.update(chunk);
      checksum?.update(chunk);
      yield chunk;
    }
    this.#md5 = md5.digest('hex');
    if (checksum) this.#checksum = Buffer.from(await checksum.digest()).toString('base64');
  }

  /** In hex. Throws before the end. */
  get md5(): string {
    if (this.#md5 === undefined) throw new TypeError('The bytes have not all passed');
    return this.#md5;
  }

  /** Undefined when none was asked for. */
  get checksum(): { algorithm: ChecksumAlgorithm; value: string } | undefined {
    return this.#algorithm && this.#checksum !== undefined
      ? { algorithm: this.#algorithm, value: this.#checksum }
      : undefined;
  }
}
