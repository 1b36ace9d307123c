import { describe, expect, it } from 'vitest';
import { compareIntegrity, type Fingerprint, md5OfETag } from '../../functions/core/fingerprint.ts';
import { FINGERPRINT, OTHER_FINGERPRINT } from '../fixtures/library.ts';

describe('MD5 of an ETag', () => {
  it.each([
    ['a single PUT', FINGERPRINT, FINGERPRINT],
    ['in quotes', `"${FINGERPRINT}"`, FINGERPRINT],
    ['in upper case', FINGERPRINT.toUpperCase(), FINGERPRINT],
    ['a multipart upload', `${FINGERPRINT}-3`, undefined],
    ['a checksum of another kind', 'c2hhMjU2', undefined],
    ['nothing', '', undefined],
  ])('of %s', (_what, eTag, expected) => {
    expect(md5OfETag(eTag)).toBe(expected);
  });
});

describe('integrity', () => {
  it.each([
    ['verified when fingerprint and ETag are equal', FINGERPRINT, FINGERPRINT, 'verified'],
    ['verified whatever the case of the ETag', FINGERPRINT, `"${FINGERPRINT.toUpperCase()}"`, 'verified'],
    ['a mismatch when they differ', FINGERPRINT, OTHER_FINGERPRINT, 'mismatch'],
    ['unverified for a multipart upload', FINGERPRINT, `${OTHER_FINGERPRINT}-2`, 'unverified'],
    ['unverified without a fingerprint', undefined, FINGERPRINT, 'unverified'],
    ['unverified when the fingerprint is no MD5', 'sha256:ab12' as Fingerprint, FINGERPRINT, 'unverified'],
  ] as const)('is %s', (_what, fingerprint, eTag, expected) => {
    expect(compareIntegrity(fingerprint, eTag)).toBe(expected);
  });
});
