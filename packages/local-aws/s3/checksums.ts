import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Crc64Nvme } from '@aws-sdk/crc64-nvme';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import {
  CRC32_PARAMETERS,
  CRC32C_PARAMETERS,
  CRC64NVME_PARAMETERS,
  type CrcParameters,
  combineCrc,
  crc32c,
  type RunningChecksum,
} from './crc.ts';

/** What a checksum covers: the object's bytes, or the checksums of its parts. */
export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

/** The checksum of a stored object. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm;
  /** Base64. A composite checksum ends in `-` and the number of parts. */
  readonly value: string;
  readonly type: ChecksumType;
}

interface AlgorithmDefinition {
  readonly start: () => RunningChecksum;
  readonly lengthInBytes: number;
  /** The types for multipart uploads. The first one is the default. */
  readonly multipartTypes: readonly ChecksumType[];
  readonly crc?: CrcParameters;
}

const ALGORITHMS = {
  CRC32: {
    start: runningCrc32,
    lengthInBytes: 4,
    multipartTypes: ['COMPOSITE', 'FULL_OBJECT'],
    crc: CRC32_PARAMETERS,
  },
  CRC32C: {
    start: crc32c,
    lengthInBytes: 4,
    multipartTypes: ['COMPOSITE', 'FULL_OBJECT'],
    crc: CRC32C_PARAMETERS,
  },
  CRC64NVME: {
    start: () => new Crc64Nvme(),
    lengthInBytes: 8,
    multipartTypes: ['FULL_OBJECT'],
    crc: CRC64NVME_PARAMETERS,
  },
  MD5: { start: () => runningHash('md5'), lengthInBytes: 16, multipartTypes: ['COMPOSITE'] },
  SHA1: { start: () => runningHash('sha1'), lengthInBytes: 20, multipartTypes: ['COMPOSITE'] },
  SHA256: { start: () => runningHash('sha256'), lengthInBytes: 32, multipartTypes: ['COMPOSITE'] },
  SHA512: { start: () => runningHash('sha512'), lengthInBytes: 64, multipartTypes: ['COMPOSITE'] },
} as const satisfies Record<string, AlgorithmDefinition>;

/** The supported checksum algorithms. S3 also has three of xxHash. */
export type ChecksumAlgorithm = keyof typeof ALGORITHMS;

const HEADER_PREFIX = 'x-amz-checksum-';
/** Headers with the prefix of checksums that are not checksums. */
const NOT_CHECKSUMS = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type']);

/** Starts a checksum. */
export function startChecksum(algorithm: ChecksumAlgorithm): RunningChecksum {
  return ALGORITHMS[algorithm].start();
}

/** The header or trailer of a checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return `${HEADER_PREFIX}${algorithm.toLowerCase()}`;
}

/** The element of a checksum in S3's documents. */
export function checksumElement(algorithm: ChecksumAlgorithm): string {
  return `Checksum${algorithm}`;
}

/** The algorithm that a request names. Throws when it is not supported. */
export function checksumAlgorithm(name: string): ChecksumAlgorithm {
  const algorithm = name.toUpperCase();
  if (algorithm in ALGORITHMS) return algorithm as ChecksumAlgorithm;
  if (algorithm.startsWith('XXHASH')) throw notImplemented(`the checksum algorithm ${algorithm}`);
  throw new AwsError('InvalidRequest', `Checksum algorithm provided is unsupported: ${name}.`);
}

/** The algorithm of a checksum's header or trailer; undefined for any other header. */
export function algorithmOfHeader(header: string): ChecksumAlgorithm | undefined {
  const name = header.toLowerCase();
  if (!name.startsWith(HEADER_PREFIX) || NOT_CHECKSUMS.has(name)) return undefined;
  return checksumAlgorithm(name.slice(HEADER_PREFIX.length));
}

/** Throws `InvalidRequest` when the value has the wrong form for this algorithm. */
export function assertChecksumValue(algorithm: ChecksumAlgorithm, value: string): void {
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length === ALGORITHMS[algorithm].lengthInBytes && bytes.toString('base64') === value) return;
  throw new AwsError('InvalidRequest', `Value for ${checksumHeader(algorithm)} header is invalid.`);
}

/** The checksum type of a multipart upload. Throws when the algorithm does not have the requested type. */
export function multipartChecksumType(
  algorithm: ChecksumAlgorithm,
  requested: string | undefined,
): ChecksumType {
  const types: readonly ChecksumType[] = ALGORITHMS[algorithm].multipartTypes;
  const type = requested === undefined ? types[0] : types.find((candidate) => candidate === requested);
  if (type) return type;
  throw new AwsError(
    'InvalidRequest',
    `The ${requested} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

/** The checksum of a whole object from those of its parts, in order. */
export async function multipartChecksum(
  algorithm: ChecksumAlgorithm,
  type: ChecksumType,
  parts: ReadonlyArray<{ readonly checksum: string; readonly size: number }>,
): Promise<StoredChecksum> {
  const values = parts.map(({ checksum, size }) => ({ value: Buffer.from(checksum, 'base64'), size }));
  if (type === 'COMPOSITE') {
    const running = startChecksum(algorithm);
    for (const { value } of values) running.update(value);
    const value = Buffer.from(await running.digest()).toString('base64');
    return { algorithm, type, value: `${value}-${parts.length}` };
  }
  const { crc, lengthInBytes }: AlgorithmDefinition = ALGORITHMS[algorithm];
  if (!crc) throw new TypeError(`${algorithm} has no checksum of a full object from its parts`);
  const empty: Buffer = Buffer.alloc(lengthInBytes);
  const whole = values.reduce((before, { value, size }) => combineCrc(crc, before, value, size), empty);
  return { algorithm, type, value: whole.toString('base64') };
}

function runningCrc32(): RunningChecksum {
  let value = 0;
  return {
    update(chunk) {
      value = crc32(chunk, value);
    },
    digest() {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(value);
      return bytes;
    },
  };
}

function runningHash(name: string): RunningChecksum {
  const hash = createHash(name);
  return { update: (chunk) => void hash.update(chunk), digest: () => hash.digest() };
}
