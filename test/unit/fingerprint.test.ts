import { describe, expect, it } from 'vitest';
import { type Fingerprint, integrityOf, md5OfETag } from '../../functions/core/fingerprint.ts';
import { FINGERPRINT, OTHER_FINGERPRINT } from '../fixtures/library.ts';

describe('MD5 of an ETag', () => {
  it.each([
    ['a single PUT', FINGERPRINT, FINGERPRINT],
    ['a multipart upload', `${FINGERPRINT}-3`, undefined],
    ['a checksum of another kind', 'c2hhMjU2', undefined],
    ['nothing', '', undefined],
  ])('of %s', (_what, eTag, expected) => {
    expect(md5OfETag(eTag)).toBe(expected);
  });
});

describe('integrity', () => {
  it.each([
    [
      'verified when the bytes have the fingerprint',
      { fingerprint: FINGERPRINT, md5: FINGERPRINT },
      'verified',
    ],
    ['a mismatch when they have another', { fingerprint: FINGERPRINT, md5: OTHER_FINGERPRINT }, 'mismatch'],
    ['unverified while nobody has read them', { fingerprint: FINGERPRINT }, 'unverified'],
    ['verified when no device says anything', { md5: FINGERPRINT }, 'verified'],
    [
      'verified when what the device says is no MD5',
      { fingerprint: 'sha256:ab12' as Fingerprint, md5: FINGERPRINT },
      'verified',
    ],
    ['a mismatch when they were only reported as others', { md5: FINGERPRINT, refusal: {} }, 'mismatch'],
    [
      'verified when they were reported as what they are after all',
      { fingerprint: FINGERPRINT, md5: FINGERPRINT, refusal: {}, reportedAt: '2026-01-01T00:00:00Z' },
      'verified',
    ],
  ] as const)('is %s', (_what, facts, expected) => {
    expect(integrityOf(facts)).toBe(expected);
  });
});
