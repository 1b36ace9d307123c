import { createHash, randomBytes } from 'node:crypto';
import { AwsCrc32c } from '@aws-crypto/crc32c';
import { describe, expect, it } from 'vitest';
import {
  type ChecksumAlgorithm,
  checksumAlgorithm,
  multipartChecksum,
  multipartChecksumType,
  startChecksum,
} from '../../s3/checksums.ts';

async function awsCrc32c(bytes: Buffer): Promise<Uint8Array> {
  const checksum = new AwsCrc32c();
  checksum.update(bytes);
  return checksum.digest();
}

async function checksumOf(algorithm: ChecksumAlgorithm, ...chunks: Buffer[]): Promise<Buffer> {
  const running = startChecksum(algorithm);
  for (const chunk of chunks) running.update(chunk);
  return Buffer.from(await running.digest());
}

describe('checksums of the local S3', () => {
  // The check values that the catalogue of CRCs gives for "123456789".
  it.each([
    ['CRC32', 'cbf43926'],
    ['CRC32C', 'e3069283'],
    ['CRC64NVME', 'ae8b14860a799888'],
  ] as const)('computes the check value of %s', async (algorithm, expected) => {
    expect((await checksumOf(algorithm, Buffer.from('123456789'))).toString('hex')).toBe(expected);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256', 'SHA512', 'MD5'] as const)(
    'are the same for %s with any chunks',
    async (algorithm) => {
      const bytes = randomBytes(10_007);
      const inChunks = await checksumOf(
        algorithm,
        bytes.subarray(0, 13),
        bytes.subarray(13, 14),
        bytes.subarray(14),
      );
      expect(inChunks.equals(await checksumOf(algorithm, bytes))).toBe(true);
    },
  );

  it("include AWS's CRC32C", async () => {
    const bytes = randomBytes(100_003);
    const expected = Buffer.from(await awsCrc32c(bytes));
    expect(await checksumOf('CRC32C', bytes)).toEqual(expected);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)(
    'combine the %s of a whole object from those of its parts',
    async (algorithm) => {
      const parts = [randomBytes(70_001), randomBytes(1), randomBytes(0), randomBytes(33_333)];
      const uploaded = parts.map(async (part) => ({
        checksum: (await checksumOf(algorithm, part)).toString('base64'),
        size: part.length,
      }));
      const { value, type } = await multipartChecksum(algorithm, 'FULL_OBJECT', await Promise.all(uploaded));
      expect(type).toBe('FULL_OBJECT');
      expect(value).toBe((await checksumOf(algorithm, ...parts)).toString('base64'));
    },
  );

  it('can be composite, from the checksums of the parts', async () => {
    const digests = ['one', 'two'].map((text) => createHash('sha256').update(text).digest());
    const parts = digests.map((digest) => ({ checksum: digest.toString('base64'), size: 3 }));
    const expected = createHash('sha256').update(Buffer.concat(digests)).digest('base64');
    expect((await multipartChecksum('SHA256', 'COMPOSITE', parts)).value).toBe(`${expected}-2`);
  });

  it('refuse a type that the algorithm does not support', () => {
    expect(multipartChecksumType('CRC64NVME', undefined)).toBe('FULL_OBJECT');
    expect(multipartChecksumType('CRC32', undefined)).toBe('COMPOSITE');
    expect(() => multipartChecksumType('SHA256', 'FULL_OBJECT')).toThrow(/cannot be used/);
    expect(() => multipartChecksumType('CRC64NVME', 'COMPOSITE')).toThrow(/cannot be used/);
  });

  it('refuse an algorithm that is not implemented', () => {
    expect(() => checksumAlgorithm('XXHASH64')).toThrow(/does not implement the checksum algorithm XXHASH64/);
    expect(() => checksumAlgorithm('CRC17')).toThrow(/unsupported/);
  });
});
