import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../http/aws-error.ts';
import type { SignedPayload } from '../iam/sigv4.ts';
import { decodeAwsChunked, incompleteBody, malformedTrailer } from './aws-chunked.ts';
import {
  algorithmOfHeader,
  assertChecksumValue,
  type ChecksumAlgorithm,
  checksumHeader,
} from './checksums.ts';
import { DigestingStream } from './digesting-stream.ts';
import { badDigest } from './errors.ts';
import type { S3Request } from './s3-request.ts';

/** The largest body of a request. */
export const MAX_BODY_SIZE_IN_BYTES = 5 * 1024 ** 3;

/** The client closed the connection, so no response can be sent. */
export class ClientGone extends Error {}

/** What is known of a body when it was received completely. */
export interface BodyFacts {
  readonly size: number;
  /** In hex. */
  readonly md5: string;
  /** The client's checksum, which was verified, or the one that the caller asked for. */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string } | undefined;
}

interface ExpectedChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. When it is in a trailer, it comes at the end. */
  value?: string | undefined;
  readonly inTrailer: boolean;
}

/**
 * The body of a request, verified while it streams: length, signature, MD5 and checksum. Reading `bytes` to
 * its end throws when something is not as announced; then nothing must be stored. The constructor throws for
 * what is wrong in the headers, before the client sends its body.
 */
export class IncomingBody {
  readonly #message: IncomingMessage;
  readonly #payload: SignedPayload;
  readonly #maxSizeInBytes: number;
  readonly #announcedSizeInBytes: number;
  readonly #contentMd5: string | undefined;
  readonly #expected: ExpectedChecksum | undefined;
  readonly #algorithm: ChecksumAlgorithm | undefined;
  #facts: BodyFacts | undefined;

  constructor(
    request: S3Request,
    payload: SignedPayload,
    options: {
      /** @default 5 GiB */
      maxSizeInBytes?: number;
      /** Computed when the client sent no checksum. */
      algorithm?: ChecksumAlgorithm | undefined;
      /** The checksum headers are not those of this body. */
      ignoresChecksumHeaders?: boolean;
    } = {},
  ) {
    this.#message = request.message;
    this.#payload = payload;
    this.#maxSizeInBytes = options.maxSizeInBytes ?? MAX_BODY_SIZE_IN_BYTES;
    this.#announcedSizeInBytes = announcedSizeInBytes(request, payload);
    if (this.#announcedSizeInBytes > this.#maxSizeInBytes)
      throw tooLarge(this.#announcedSizeInBytes, this.#maxSizeInBytes);
    this.#contentMd5 = contentMd5(request);
    this.#expected = options.ignoresChecksumHeaders ? undefined : expectedChecksum(request, payload);
    this.#algorithm = this.#expected?.algorithm ?? options.algorithm;
  }

  /** Whether the client sent a checksum or MD5 of the body. */
  get hasChecksum(): boolean {
    return this.#contentMd5 !== undefined || this.#expected !== undefined;
  }

  /** The checksum algorithm that the client chose. */
  get clientAlgorithm(): ChecksumAlgorithm | undefined {
    return this.#expected?.algorithm;
  }

  /** Throws unless `bytes` was read to its end. */
  get facts(): BodyFacts {
    if (!this.#facts) throw new TypeError('The body has not been read');
    return this.#facts;
  }

  async *bytes(): AsyncGenerator<Buffer> {
    const digests = new DigestingStream(this.#algorithm);
    const sha256 = this.#payload.kind === 'sha256' ? createHash('sha256') : undefined;
    let size = 0;
    for await (const chunk of digests.pass(this.#decoded())) {
      size += chunk.length;
      if (size > this.#announcedSizeInBytes) throw incompleteBody();
      sha256?.update(chunk);
      yield chunk;
    }
    if (size !== this.#announcedSizeInBytes) throw incompleteBody();
    if (this.#payload.kind === 'sha256') assertSha256(this.#payload.sha256, sha256?.digest('hex') ?? '');
    const { md5, checksum } = digests;
    if (this.#contentMd5 !== undefined && this.#contentMd5 !== Buffer.from(md5, 'hex').toString('base64')) {
      throw badDigest('Content-MD5');
    }
    if (this.#expected && this.#expected.value !== checksum?.value) throw badDigest(this.#expected.algorithm);
    this.#facts = { size, md5, checksum };
  }

  /** The whole body as text. */
  async text(): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.bytes()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  }

  #decoded(): AsyncIterable<Buffer> {
    const source = received(this.#message);
    if (this.#payload.kind !== 'streaming') return source;
    return decodeAwsChunked(source, {
      signatures: this.#payload.chunks,
      expectsTrailers: this.#payload.trailer,
      onTrailers: (trailers) => {
        const expected = this.#expected?.inTrailer ? this.#expected : undefined;
        const name = expected && checksumHeader(expected.algorithm);
        if (trailers.some(([trailer]) => trailer !== name)) throw malformedTrailer();
        if (!expected) return;
        const [value, ...more] = trailers.map(([, trailerValue]) => trailerValue);
        if (value === undefined || more.length > 0) throw malformedTrailer();
        assertChecksumValue(expected.algorithm, value);
        expected.value = value;
      },
    });
  }
}

/** The bytes of the connection. Stopping early must not close it, since the client needs a response. */
async function* received(message: IncomingMessage): AsyncGenerator<Buffer> {
  try {
    yield* message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new ClientGone('The client closed the connection before the body was complete', { cause: error });
  }
  if (!message.complete) throw new ClientGone('The connection ended before the body was complete');
  // The connection is idle while a slow disk writes the last bytes of a large file.
  message.socket.setTimeout(0);
}

function announcedSizeInBytes(request: S3Request, payload: SignedPayload): number {
  const name = payload.kind === 'streaming' ? 'x-amz-decoded-content-length' : 'content-length';
  const value = request.header(name);
  if (value === undefined) {
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  }
  if (!/^\d{1,15}$/.test(value)) throw new AwsError('InvalidArgument', `${name} must be a number of bytes`);
  return Number(value);
}

function contentMd5(request: S3Request): string | undefined {
  const value = request.header('content-md5');
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === 16 && bytes.toString('base64') === value) return value;
  throw new AwsError('InvalidDigest', 'The Content-MD5 you specified is not valid.');
}

function expectedChecksum(request: S3Request, payload: SignedPayload): ExpectedChecksum | undefined {
  const found: ExpectedChecksum[] = [];
  // Only headers count: presigners put the checksum of an empty body into the query, and S3 ignores it.
  for (const [name, value] of Object.entries(request.message.headers)) {
    const algorithm = algorithmOfHeader(name);
    if (!algorithm || typeof value !== 'string') continue;
    assertChecksumValue(algorithm, value);
    found.push({ algorithm, value, inTrailer: false });
  }
  for (const name of (request.header('x-amz-trailer') ?? '').split(',')) {
    const algorithm = algorithmOfHeader(name.trim());
    if (!algorithm) continue;
    if (payload.kind !== 'streaming' || !payload.trailer) throw malformedTrailer();
    found.push({ algorithm, inTrailer: true });
  }
  if (found.length > 1) {
    throw new AwsError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  }
  return found[0];
}

function assertSha256(expected: string, actual: string): void {
  if (timingSafeEqual(Buffer.from(expected), Buffer.from(actual))) return;
  throw new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    { ClientComputedContentSHA256: expected, S3ComputedContentSHA256: actual },
  );
}

function tooLarge(bytes: number, maxSizeInBytes: number): AwsError {
  return new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400, {
    ProposedSize: String(bytes),
    MaxSizeAllowed: String(maxSizeInBytes),
  });
}
