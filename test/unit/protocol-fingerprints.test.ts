import { describe, expect, it } from 'vitest';
import { decode } from '../../functions/middleware/validated-input.ts';
import {
  LenientTinyFingerprint,
  OptionalFingerprint,
  parseTinyFingerprint,
  RequiredFingerprint,
} from '../../functions/protocol/fingerprints.ts';
import { FINGERPRINT, TINY_FINGERPRINT } from '../fixtures/library.ts';

describe('a fingerprint', () => {
  it('is the same in any case and with spaces, and its original text is kept', () => {
    const written = ` ${FINGERPRINT.toUpperCase()}\n`;
    expect(decode(OptionalFingerprint, written)).toBe(FINGERPRINT);
    expect(decode(RequiredFingerprint, written)).toEqual({ written, fingerprint: FINGERPRINT });
  });

  it('may be other text than an MD5', () => {
    expect(decode(OptionalFingerprint, 'SHA256:AB12')).toBe('sha256:ab12');
  });

  it.each([undefined, null, '', ' \t'])('is absent when it is %j', (value) => {
    expect(decode(OptionalFingerprint, value)).toBeUndefined();
    expect(() => decode(RequiredFingerprint, value)).toThrow('expected');
  });

  it.each([[7], [true], [{}], [[FINGERPRINT]], ['f'.repeat(257)]])('is refused when it is %j', (value) => {
    expect(() => decode(OptionalFingerprint, value)).toThrow('expected');
    expect(() => decode(RequiredFingerprint, value)).toThrow('expected');
  });
});

describe('a tiny fingerprint', () => {
  it.each([
    [TINY_FINGERPRINT, TINY_FINGERPRINT],
    [TINY_FINGERPRINT.toUpperCase(), TINY_FINGERPRINT],
    [` ${TINY_FINGERPRINT}\n`, TINY_FINGERPRINT],
    [`${FINGERPRINT}_2021_12_08_02_13_10`, `${FINGERPRINT}_2021_12_08_02_13_10`],
  ])('is read from %j', (written, expected) => {
    expect(parseTinyFingerprint(written)).toBe(expected);
    expect(decode(LenientTinyFingerprint, written)).toBe(expected);
  });

  it.each([
    ['the same word for every file', 'unknown'],
    ['an MD5 alone', FINGERPRINT],
    ['a time without its second', `${FINGERPRINT}_2022_8_31_15_16`],
    ['more than a time', `${TINY_FINGERPRINT}_1`],
    ['digits that are not hex', TINY_FINGERPRINT.replace('2', 'g')],
    ['a line below', `${TINY_FINGERPRINT}\nunknown`],
    ['a number', 7],
    ['a list', [TINY_FINGERPRINT]],
  ])('is left out when it is %s', (_what, value) => {
    const ignored: string[] = [];
    expect(decode(LenientTinyFingerprint, value, ignored)).toBeUndefined();
    expect(ignored).toEqual(['body']);
  });

  it.each([undefined, null, '', ' '])(
    'is absent when it is %j, without being counted as ignored',
    (value) => {
      const ignored: string[] = [];
      expect(decode(LenientTinyFingerprint, value, ignored)).toBeUndefined();
      expect(ignored).toEqual([]);
    },
  );
});
