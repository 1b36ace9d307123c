import { createHash } from 'node:crypto';
import { AwsError } from '../http/aws-error.ts';
import type { ChunkSignatures } from '../iam/chunk-signatures.ts';
import { signatureMismatch } from './errors.ts';

/** Trailing headers, in order. Names are in lower case. */
export type Trailers = ReadonlyArray<readonly [name: string, value: string]>;

const MAX_LINE_IN_BYTES = 1024;
const MAX_TRAILER_IN_BYTES = 16 * 1024;
/** S3 refuses smaller chunks, except the last one. */
const MIN_CHUNK_IN_BYTES = 8 * 1024;
const TRAILER_SIGNATURE = 'x-amz-trailer-signature';

/**
 * Extracts the data of an `aws-chunked` body: `<size in hex>[;chunk-signature=…]\r\n<data>\r\n`, a chunk of size
 * 0, then the trailers. Data is passed on before the signature of its chunk is verified,
 * so it must not be used before the end.
 */
export async function* decodeAwsChunked(
  source: AsyncIterator<Buffer>,
  options: {
    signatures?: ChunkSignatures | undefined;
    expectsTrailers: boolean;
    onTrailers: (trailers: Trailers) => void;
  },
): AsyncGenerator<Buffer> {
  const { signatures } = options;
  const reader = new ByteReader(source);
  for (let previousSize = Number.POSITIVE_INFINITY; ; ) {
    const { size, signature } = parseChunkHeader(await reader.line());
    if (size > 0 && previousSize < MIN_CHUNK_IN_BYTES) {
      throw new AwsError(
        'InvalidChunkSizeError',
        'Only the last chunk is allowed to have a size less than 8192 bytes',
        403,
      );
    }
    const hash = signatures && createHash('sha256');
    for await (const data of reader.take(size)) {
      hash?.update(data);
      yield data;
    }
    if (signatures && hash && !signatures.verifyChunk(hash.digest('hex'), signature)) {
      throw signatureMismatch();
    }
    if (size === 0) break;
    if ((await reader.line()) !== '') throw incompleteBody();
    previousSize = size;
  }
  const trailers = parseTrailers(await reader.rest());
  if (!options.expectsTrailers && trailers.length > 0) throw malformedTrailer();
  if (options.expectsTrailers && signatures) verifyTrailers(signatures, trailers);
  options.onTrailers(trailers.filter(([name]) => name !== TRAILER_SIGNATURE));
}

/** The error for a body that is shorter or longer than announced. */
export function incompleteBody(): AwsError {
  return new AwsError(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}

/** The error for malformed trailers, and those that were not announced. */
export function malformedTrailer(): AwsError {
  return new AwsError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  );
}

function verifyTrailers(signatures: ChunkSignatures, trailers: Trailers): void {
  const signature = trailers.find(([name]) => name === TRAILER_SIGNATURE)?.[1] ?? '';
  const signed = trailers.filter(([name]) => name !== TRAILER_SIGNATURE);
  if (!signatures.verifyTrailer(signed, signature)) throw signatureMismatch();
}

function parseChunkHeader(line: string): { size: number; signature: string } {
  const [, size, signature] = /^([0-9a-fA-F]{1,16})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(line) ?? [];
  if (size === undefined) throw incompleteBody();
  return { size: Number.parseInt(size, 16), signature: signature ?? '' };
}

/** Clients end lines with `\r\n`, `\n` or both, so empty lines are ignored. */
function parseTrailers(text: string): Trailers {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      if (colon < 1) throw malformedTrailer();
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
}

/** Reads lines and bytes from chunks with arbitrary boundaries. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterator<Buffer>) {
    this.#source = source;
  }

  /** Text up to the next `\r\n`, which is left out. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#buffer.indexOf('\r\n');
      if (end >= 0 && end <= MAX_LINE_IN_BYTES) {
        const line = this.#buffer.toString('latin1', 0, end);
        this.#buffer = this.#buffer.subarray(end + 2);
        return line;
      }
      if (this.#buffer.length > MAX_LINE_IN_BYTES) throw incompleteBody();
      const more = await this.#next();
      if (!more) throw incompleteBody();
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
  }

  async *take(count: number): AsyncGenerator<Buffer> {
    for (let left = count; left > 0; ) {
      if (this.#buffer.length === 0) {
        const more = await this.#next();
        if (!more) throw incompleteBody();
        this.#buffer = more;
      }
      const data = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(data.length);
      left -= data.length;
      yield data;
    }
  }

  async rest(): Promise<string> {
    for (;;) {
      if (this.#buffer.length > MAX_TRAILER_IN_BYTES) throw malformedTrailer();
      const more = await this.#next();
      if (!more) return this.#buffer.toString('latin1');
      this.#buffer = Buffer.concat([this.#buffer, more]);
    }
  }

  async #next(): Promise<Buffer | undefined> {
    const result = await this.#source.next();
    return result.done ? undefined : result.value;
  }
}
