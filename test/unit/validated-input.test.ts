import type * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { MalformedRequestError } from '../../functions/core/errors.ts';
import { decode } from '../../functions/middleware/validated-input.ts';
import { FileUploadCallbackData } from '../../functions/protocol/file-upload-callback.ts';
import { GroupUploadCallbackInput } from '../../functions/protocol/group-upload-callback.ts';
import { BindStatusData } from '../../functions/protocol/onboarding.ts';
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
    ['a nested field', FileUploadCallbackData, { file: { ...file, name: 7 } }, 'file.name: expected string'],
    [
      'a field that may have several types',
      UploadCallbackInput,
      { ...file, result: [1] },
      'result: expected number',
    ],
    ['a fraction of a result', UploadCallbackInput, { ...file, result: 1.5 }, 'result: expected an integer'],
    ['a count below zero', GroupUploadCallbackInput, { file_count: 1, file_uploaded_count: -1 }, '>=0'],
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

  it('never repeats the input: it may be a password', () => {
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

  it('has no code of the schema', () => {
    const refusal = refusalOf(UploadCallbackInput, { ...file, result: 1.5, ext: { is_original: {} } });
    expect(refusal).not.toMatch(/function|=>|native/);
  });

  it('is short for any number of problems', () => {
    expect(refusalOf(BindStatusData, { devices: Array(32).fill(7) }).length).toBeLessThan(500);
  });

  it('names only fields that are required, and none that was left out', () => {
    expect(refusalOf(UploadCallbackInput, { ...file, name: 7, ext: '', metadata: 5 })).toBe(
      'name: expected string',
    );
  });
});

describe('fields that are left out', () => {
  const decoded = (schema: v.GenericSchema, message: unknown) => {
    const ignored: string[] = [];
    return { output: decode(schema, message, ignored), ignored };
  };

  it('have the names of their paths, each once, and fields beside them stay', () => {
    const body = {
      ...file,
      ext: { sn: [], drone_model_key: '0-67-0' },
      metadata: { shoot_position: { lat: 'x', lng: 1 } },
    };
    expect(decoded(UploadCallbackInput, body)).toMatchObject({
      output: { ext: { drone_model_key: '0-67-0' }, metadata: { shoot_position: { lng: 1 } } },
      ignored: ['ext.sn', 'metadata.shoot_position.lat'],
    });
  });

  it('have the name of the whole when all of it is of another type', () => {
    expect(decoded(UploadCallbackInput, { ...file, metadata: { shoot_position: '' } }).ignored).toEqual([
      'metadata.shoot_position',
    ]);
    expect(decoded(UploadCallbackInput, { ...file, metadata: [] }).ignored).toEqual(['metadata']);
  });

  it('are none when all are valid or absent', () => {
    const body = {
      ...file,
      ext: null,
      metadata: { absolute_altitude: '', gimbal_yaw_degree: '-91.40', created_time: '' },
    };
    expect(decoded(UploadCallbackInput, body).ignored).toEqual([]);
  });
});
