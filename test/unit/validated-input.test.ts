import type * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { MalformedRequestError } from '../../functions/core/errors.ts';
import { decode } from '../../functions/middleware/validated-input.ts';
import { GroupUploadCallbackInput } from '../../functions/protocol/group-upload-callback.ts';
import { LoginInput } from '../../functions/protocol/sign-in.ts';
import { TinyFingerprintsInput } from '../../functions/protocol/tiny-fingerprints.ts';
import { UploadCallbackInput } from '../../functions/protocol/upload-callback.ts';

/** What a caller is told of a refused message. */
function refusalOf(schema: v.GenericSchema, message: unknown): string {
  try {
    decode(schema, message);
  } catch (error) {
    expect(error).toBeInstanceOf(MalformedRequestError);
    return (error as Error).message;
  }
  throw new Error('The message was taken');
}

const file = { name: 'a.jpg', object_key: 'k' };

describe('refusal of a message', () => {
  it.each([
    ['a field that is missing', LoginInput, { username: 'a' }, 'password: expected a value'],
    ['a field of another type', LoginInput, { username: 'a', password: 5 }, 'password: expected string'],
    ['no object at all', LoginInput, 'text', 'body: expected Object'],
    ['no body', LoginInput, undefined, 'body: expected Object'],
    ['an empty text', LoginInput, { username: '', password: 'x' }, 'username: expected something not empty'],
    ['a value of a choice', LoginInput, { username: 'a', password: 'b', flag: 3 }, 'flag: expected (1 | 2)'],
    ['a nested field', UploadCallbackInput, { ...file, ext: { sn: 7 } }, 'ext.sn: expected string'],
    [
      'a field that may have several types',
      UploadCallbackInput,
      { ...file, metadata: { absolute_altitude: [1] } },
      'metadata.absolute_altitude: expected number',
    ],
    ['a fraction of a result', UploadCallbackInput, { ...file, result: 1.5 }, 'result: expected an integer'],
    ['a count below zero', GroupUploadCallbackInput, { file_count: 1, file_uploaded_count: -1 }, '>=0'],
    [
      'an entry of a list',
      TinyFingerprintsInput,
      { tiny_fingerprints: ['a', 7] },
      'tiny_fingerprints.1: expected string',
    ],
    [
      'a list that is too long',
      TinyFingerprintsInput,
      { tiny_fingerprints: Array(10_001).fill('a') },
      'tiny_fingerprints: expected a length of at most 10000',
    ],
    [
      'a bare list that is too long',
      TinyFingerprintsInput,
      Array(10_001).fill('a'),
      'a length of at most 10000',
    ],
    ['a text that is too long', LoginInput, { username: 'a', password: 'b'.repeat(5000) }, 'at most 4096'],
  ])('names %s', (_what, schema, message, expected) => {
    expect(refusalOf(schema, message)).toContain(expected);
  });

  it('never repeats what was sent: it may be a password', () => {
    const secret = 'correct-horse-battery';
    const messages = [
      { username: 'a', password: [secret] },
      { username: 'a', password: { [secret]: secret } },
      { username: { [secret]: 1 }, password: secret.repeat(500) },
      { username: 'a', password: 'b', flag: secret },
      { [secret]: secret },
      [secret],
      secret,
    ];
    for (const message of messages) {
      expect(refusalOf(LoginInput, message)).not.toContain(secret);
      expect(refusalOf(UploadCallbackInput, message)).not.toContain(secret);
      expect(refusalOf(GroupUploadCallbackInput, message)).not.toContain(secret);
    }
    expect(refusalOf(TinyFingerprintsInput, { tiny_fingerprints: { [secret]: secret } })).not.toContain(
      secret,
    );
  });

  it('shows no code', () => {
    const refusal = refusalOf(UploadCallbackInput, { ...file, result: 1.5, ext: { is_original: {} } });
    expect(refusal).not.toMatch(/function|=>|native/);
  });

  it('stays short, however much is wrong', () => {
    const everyEntryWrong = { tiny_fingerprints: Array(10_000).fill(7) };
    expect(refusalOf(TinyFingerprintsInput, everyEntryWrong).length).toBeLessThan(500);
  });
});
