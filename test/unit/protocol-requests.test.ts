import { describe, expect, it } from 'vitest';
import type { Reporter } from '../../functions/core/media-file.ts';
import { decode } from '../../functions/middleware/validated-input.ts';
import { describeExtension, Extension } from '../../functions/protocol/extension.ts';
import { FastUploadInput, toUploadCandidate } from '../../functions/protocol/fast-upload.ts';
import { GroupUploadCallbackInput } from '../../functions/protocol/group-upload-callback.ts';
import { LoginInput, TokenRefreshInput } from '../../functions/protocol/sign-in.ts';
import { TinyFingerprintsInput, toTinyFingerprints } from '../../functions/protocol/tiny-fingerprints.ts';
import { toUploadReport, UploadCallbackInput } from '../../functions/protocol/upload-callback.ts';
import { type Fixture, fixture, fixtures } from '../fixtures/fixture.ts';
import { FINGERPRINT, TINY_FINGERPRINT, WORKSPACE } from '../fixtures/library.ts';

const reporter: Reporter = { kind: 'pilot', name: 'pilot' };
const origin = { workspaceId: WORKSPACE, reporter, raw: '{"as":"sent"}' };

const candidateOf = ({ body }: Fixture) => toUploadCandidate(decode(FastUploadInput, body), origin);
const reportOf = ({ body }: Fixture) => toUploadReport(decode(UploadCallbackInput, body), origin);

describe('fast-upload', () => {
  it('accepts every documented field', () => {
    expect(candidateOf(fixture('pilot', 'fast-upload'))).toEqual({
      ...origin,
      fingerprint: FINGERPRINT,
      asked: FINGERPRINT.toUpperCase(),
      file: {
        name: 'DJI_20240516114207_0001_V.JPG',
        path: 'DJI_202405161140_001_上云API',
        tinyFingerprint: TINY_FINGERPRINT,
        droneModelKey: '0-67-0',
        payloadModelKey: '1-53-0',
        isOriginal: true,
        droneSn: '1ZNBJ7J0010001',
        capture: {},
      },
    });
  });

  it('requires only a fingerprint', () => {
    expect(candidateOf(fixture('pilot', 'fast-upload-fingerprint-only'))).toEqual({
      ...origin,
      fingerprint: FINGERPRINT,
      asked: FINGERPRINT,
      file: { capture: {} },
    });
  });

  it.each(['fast-upload', 'fast-upload-tiny-at-top-level', 'fast-upload-tiny-spelled-right'])(
    'reads the tiny fingerprint from %s',
    (name) => {
      expect(candidateOf(fixture('pilot', name)).file.tinyFingerprint).toBe(TINY_FINGERPRINT);
    },
  );

  it('keeps the original fingerprint, which a miss repeats', () => {
    expect(candidateOf(fixture('pilot', 'fast-upload')).asked).toBe('297F490B0252690D3F93841818567CC6');
  });

  it.each([
    ['nothing', {}],
    ['an empty fingerprint', { fingerprint: '' }],
    ['space for a fingerprint', { fingerprint: ' \t' }],
    ['a number for a fingerprint', { fingerprint: 7 }],
    ['null for a fingerprint', { fingerprint: null }],
    ['a fingerprint that no key could hold', { fingerprint: 'a'.repeat(257) }],
    ['a name that is no text', { fingerprint: FINGERPRINT, name: ['a.jpg'] }],
  ])('is refused with %s', (_what, body) => {
    expect(() => decode(FastUploadInput, body)).toThrow('expected');
  });

  it('accepts null for every optional field', () => {
    const body = { fingerprint: FINGERPRINT, name: null, path: null, ext: null, tinny_fingerprint: null };
    expect(toUploadCandidate(decode(FastUploadInput, body), origin).file).toEqual({ capture: {} });
  });
});

describe('is_original', () => {
  it.each([
    [true, true],
    [false, false],
    [1, true],
    [0, false],
    ['1', true],
    ['0', false],
    ['true', true],
    ['FALSE', false],
    ['', undefined],
    ['original', undefined],
    [2, undefined],
    [null, undefined],
  ])('reads %j as %s', (value, expected) => {
    expect(describeExtension(decode(Extension, { is_original: value })).isOriginal).toBe(expected);
  });
});

describe('tiny-fingerprints', () => {
  const asked = (body: unknown, ignored: string[] = []) =>
    toTinyFingerprints(decode(TinyFingerprintsInput, body, ignored));

  it.each(fixtures('pilot', 'tiny-fingerprints'))('reads the list from $name', ({ body }) => {
    expect([...asked(body).keys()]).toEqual([
      '5aec4c6e78052bf38fab901bcd1a2319_2021_12_8_22_13_10',
      '297f490b0252690d3f93841818567cc6_2022_8_31_15_16_16',
    ]);
  });

  it('accepts none, ten thousand, and repetitions', () => {
    const many = Array.from(
      { length: 10_000 },
      (_, index) => `${FINGERPRINT}_${1000 + (index % 9000)}_1_1_1_1_${index % 60}`,
    );
    expect(asked([]).size).toBe(0);
    expect(asked(many).size).toBe(new Set(many).size);
    expect([...asked({ tiny_fingerprints: [TINY_FINGERPRINT, TINY_FINGERPRINT] })]).toEqual([
      [TINY_FINGERPRINT, TINY_FINGERPRINT],
    ]);
  });

  it('are kept as they were sent', () => {
    const written = TINY_FINGERPRINT.toUpperCase();
    expect([...asked([written, TINY_FINGERPRINT])]).toEqual([
      [written, TINY_FINGERPRINT],
      [TINY_FINGERPRINT, TINY_FINGERPRINT],
    ]);
  });

  it('skips values that are not text, counts the list once, and ignores other text', () => {
    const ignored: string[] = [];
    const entries = [1, TINY_FINGERPRINT, null, [TINY_FINGERPRINT], 'unknown', '', ...Array(9000).fill(0)];
    expect([...asked({ tiny_fingerprints: entries }, ignored).keys()]).toEqual([TINY_FINGERPRINT]);
    expect(ignored).toEqual(['tiny_fingerprints']);
    expect([...asked(entries, ignored).keys()]).toEqual([TINY_FINGERPRINT]);
    expect(ignored).toEqual(['tiny_fingerprints', 'body']);
    expect(asked(['unknown', ''], ignored).size).toBe(0);
    expect(ignored).toHaveLength(2);
  });

  it.each([
    ['nothing', undefined],
    ['an object without the list', {}],
    ['a text', 'a'],
    ['a list that is an object', { tiny_fingerprints: { 0: 'a' } }],
    ['more than ten thousand', Array(10_001).fill('a')],
  ])('is refused with %s', (_what, body) => {
    expect(() => decode(TinyFingerprintsInput, body)).toThrow('expected');
  });
});

describe('upload-callback', () => {
  const everything = {
    name: 'DJI_20240516114207_0001_V.JPG',
    path: 'DJI_202405161140_001_上云API',
    fingerprint: FINGERPRINT,
    tinyFingerprint: TINY_FINGERPRINT,
    subFileType: 0,
    flightId: '6f1d6b39-4a0e-49f1-9b2c-0b5a7ddc1e51',
    droneModelKey: '0-67-0',
    payloadModelKey: '1-53-0',
    isOriginal: true,
    droneSn: '1ZNBJ7J0010001',
    capture: {
      capturedAt: '2024-05-16T03:42:07.000Z',
      absoluteAltitude: 121.483,
      relativeAltitude: 87.06,
      gimbalYawDegree: -4.3,
      shootPosition: { latitude: 22.58163, longitude: 113.94287 },
    },
  };

  it('accepts every documented field', () => {
    const message = fixture('pilot', 'upload-callback');
    expect(reportOf(message)).toEqual({
      ...origin,
      objectKey: message.body.object_key,
      result: 0,
      file: everything,
    });
  });

  it.each([
    ['upload-callback-2022', { ...everything.capture, capturedAt: '2021-05-10T16:04:20' }],
    [
      'upload-callback-shoot-position-2022',
      { ...everything.capture, capturedAt: '2022-08-31T07:16:16.000Z' },
    ],
    ['upload-callback-numeric-text', everything.capture],
    [
      'upload-callback-no-fix',
      { capturedAt: '2024-05-16T11:42:07', relativeAltitude: 1.2, gimbalYawDegree: 0 },
    ],
    ['upload-callback-video', { capturedAt: '2024-05-16T11:55:33' }],
    ['upload-callback-minimal', {}],
    ['upload-callback-unknown', everything.capture],
  ])('reads the metadata of %s', (name, capture) => {
    const report = reportOf(fixture('pilot', name));
    expect(report.result).toBe(0);
    expect(report.file.capture).toEqual(capture);
  });

  it('reads numbers from text', () => {
    const report = reportOf(fixture('pilot', 'upload-callback-numeric-text'));
    expect(report).toMatchObject({ result: 0, file: { subFileType: 1, isOriginal: true } });
  });

  it('requires only name and object key', () => {
    const { file, objectKey } = reportOf(fixture('pilot', 'upload-callback-minimal'));
    expect(file).toEqual({ name: 'DJI_0042.JPG', capture: {} });
    expect(objectKey).toMatch(/DJI_0042\.JPG$/);
  });

  it('treats an empty path and group as absent', () => {
    const { file } = reportOf(fixture('pilot', 'upload-callback-video'));
    expect(file).not.toHaveProperty('path');
    expect(file).not.toHaveProperty('flightId');
    expect(file).not.toHaveProperty('subFileType');
  });

  it('keeps unknown models and enum values', () => {
    const { file } = reportOf(fixture('pilot', 'upload-callback-unknown'));
    expect(file).toMatchObject({ subFileType: 17, droneModelKey: '0-99-1', payloadModelKey: '39-1' });
  });

  it('distinguishes failed and successful uploads', () => {
    expect(reportOf(fixture('pilot', 'upload-callback-failed')).result).toBe(500);
  });

  it.each([
    [0, 0],
    ['0', 0],
    [-1, -1],
    ['-7', -7],
    ['314000', 314_000],
    [undefined, 0],
    [null, 0],
  ])('reads the result %j as %i', (result, expected) => {
    expect(
      reportOf({
        ...fixture('pilot', 'upload-callback-minimal'),
        body: { name: 'a', object_key: 'k', result },
      }),
    ).toHaveProperty('result', expected);
  });

  it.each([
    ['no name', { object_key: 'k' }],
    ['an empty name', { name: '', object_key: 'k' }],
    ['no object key', { name: 'a' }],
    ['an object key that is a list', { name: 'a', object_key: ['k'] }],
    ['a result that is a word', { name: 'a', object_key: 'k', result: 'ok' }],
    ['a result with a fraction', { name: 'a', object_key: 'k', result: 0.5 }],
    ['a result that is a boolean', { name: 'a', object_key: 'k', result: false }],
    ['a result that the table could not hold', { name: 'a', object_key: 'k', result: 1e20 }],
    ['a fingerprint that is a number', { name: 'a', object_key: 'k', fingerprint: 7 }],
    ['a fingerprint that no key could hold', { name: 'a', object_key: 'k', fingerprint: 'f'.repeat(300) }],
    ['a name that is a number', { name: 7, object_key: 'k' }],
    ['a list', [{ name: 'a', object_key: 'k' }]],
  ])('is refused with %s', (_what, body) => {
    expect(() => decode(UploadCallbackInput, body)).toThrow('expected');
  });

  it.each<[string, unknown, string[], object]>([
    ['metadata that is text', { metadata: '{}' }, ['metadata'], {}],
    ['metadata that is a list', { metadata: [] }, ['metadata'], {}],
    ['metadata that is empty', { metadata: '' }, ['metadata'], {}],
    ['ext that is empty', { ext: '' }, ['ext'], {}],
    ['ext that is a list', { ext: [{ sn: 'a' }] }, ['ext'], {}],
    [
      'a group id that no key could hold',
      { ext: { file_group_id: 'g'.repeat(300) } },
      ['ext.file_group_id'],
      {},
    ],
    ['a serial number that is a number', { ext: { sn: 158 } }, [], { droneSn: '158' }],
    ['a group id that is a number', { ext: { file_group_id: 42 } }, [], { flightId: '42' }],
    ['a group id that lost its digits', { ext: { file_group_id: 1e20 } }, ['ext.file_group_id'], {}],
    [
      'a model key that is an object',
      { ext: { drone_model_key: {}, sn: 'S' } },
      ['ext.drone_model_key'],
      { droneSn: 'S' },
    ],
    [
      'the same tiny fingerprint for all',
      { ext: { tinny_fingerprint: 'unknown' } },
      ['ext.tinny_fingerprint'],
      {},
    ],
    ['a tiny fingerprint that is a number', { tiny_fingerprint: 7 }, ['tiny_fingerprint'], {}],
    ['a path that is endless', { path: 'p'.repeat(5000) }, ['path'], {}],
    ['a path that is a number', { path: 7 }, [], { path: '7' }],
    ['a type that is a boolean', { sub_file_type: true }, ['sub_file_type'], {}],
    ['a type that is no number', { sub_file_type: 'NaN' }, ['sub_file_type'], {}],
    ['something for original', { ext: { is_original: 'maybe' } }, ['ext.is_original'], {}],
  ])('accepts a report with %s', (_what, fields, expectedIgnored, expected) => {
    const ignored: string[] = [];
    const body = { name: 'a', object_key: 'k', ...(fields as object) };
    const report = toUploadReport(decode(UploadCallbackInput, body, ignored), origin);
    expect(ignored).toEqual(expectedIgnored);
    expect(report.file).toEqual({ name: 'a', capture: {}, ...expected });
  });

  it('replaces unpaired surrogates, which UTF-8 cannot encode', () => {
    const body = { name: 'a\ud800.jpg', object_key: 'k', fingerprint: 'f\udfff', ext: { sn: '\ud83d' } };
    expect(toUploadReport(decode(UploadCallbackInput, body), origin).file).toMatchObject({
      name: 'a\ufffd.jpg',
      fingerprint: 'f\ufffd',
      droneSn: '\ufffd',
    });
  });

  it('treats a fingerprint of spaces as absent', () => {
    const body = { name: 'a', object_key: 'k', fingerprint: '  ', ext: { tinny_fingerprint: ' ' } };
    expect(toUploadReport(decode(UploadCallbackInput, body), origin).file).toEqual({
      name: 'a',
      capture: {},
    });
  });
});

describe('group-upload-callback', () => {
  it('accepts the counts of a group', () => {
    expect(decode(GroupUploadCallbackInput, fixture('pilot', 'group-upload-callback').body)).toEqual({
      file_group_id: '6f1d6b39-4a0e-49f1-9b2c-0b5a7ddc1e51',
      file_count: 12,
      file_uploaded_count: 7,
    });
  });

  it('may have no group', () => {
    const message = decode(GroupUploadCallbackInput, fixture('pilot', 'group-upload-callback-no-group').body);
    expect(message.file_group_id).toBeUndefined();
  });

  it('may have counts as text', () => {
    const message = decode(GroupUploadCallbackInput, { file_count: '12', file_uploaded_count: '0' });
    expect(message).toMatchObject({ file_count: 12, file_uploaded_count: 0 });
  });

  it.each([['-1'], [-1], [1.5], ['many'], [null], [1e12], [''], [true]])(
    'is refused with the count %j',
    (count) => {
      expect(() => decode(GroupUploadCallbackInput, { file_count: count, file_uploaded_count: 0 })).toThrow();
      expect(() => decode(GroupUploadCallbackInput, { file_count: 0, file_uploaded_count: count })).toThrow();
    },
  );
});

describe('login and token/refresh', () => {
  it('reads user, password and flag', () => {
    expect(decode(LoginInput, fixture('pilot', 'login').body)).toEqual({
      username: 'pilot',
      password: 'pilot123',
      flag: 2,
    });
  });

  it.each([
    [1, 1],
    ['2', 2],
    [null, null],
    [undefined, undefined],
  ])('reads the flag %j', (flag, expected) => {
    expect(decode(LoginInput, { username: 'a', password: 'b', flag }).flag).toBe(expected);
  });

  it('accepts no body, an empty object and a refresh token', () => {
    expect(decode(TokenRefreshInput, undefined)).toBeUndefined();
    expect(decode(TokenRefreshInput, {})).toEqual({});
    expect(decode(TokenRefreshInput, { refresh_token: '' })?.refresh_token).toBeUndefined();
    expect(decode(TokenRefreshInput, { refresh_token: 't' })?.refresh_token).toBe('t');
  });
});
