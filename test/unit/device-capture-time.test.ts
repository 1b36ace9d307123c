import { describe, expect, it } from 'vitest';
import {
  offsetBetween,
  parseExifTime,
  parseOffset,
  timeFromFileSystem,
  timeFromName,
  tinyFingerprint,
  toCreatedTime,
} from '../../devices/common/capture-time.ts';

const at = (text: string) => {
  const time = parseExifTime(text);
  if (!time) throw new Error(`not a time: ${text}`);
  return time;
};

describe('parseExifTime', () => {
  it('reads the formats of EXIF and XMP', () => {
    const time = { year: 2016, month: 6, day: 23, hour: 16, minute: 31, second: 59 };
    expect(parseExifTime('2016:06:23 16:31:59')).toEqual(time);
    expect(parseExifTime('2016-06-23T16:31:59.123+02:00')).toEqual(time);
  });

  it.each(['0000:00:00 00:00:00', '2016:02:31 10:00:00', '2016:06:23 24:00:00', '2016:06:23', 42, undefined])(
    'rejects %s',
    (text) => {
      expect(parseExifTime(text)).toBeUndefined();
    },
  );
});

describe('timeFromName', () => {
  it('reads the local time in the name of a newer drone', () => {
    expect(timeFromName('DJI_20260412093015_0001_V.JPG')).toEqual(at('2026:04:12 09:30:15'));
  });

  it.each(['DJI_0018.JPG', 'DJI_20261312093015_0001_V.JPG'])('finds no time in %s', (name) => {
    expect(timeFromName(name)).toBeUndefined();
  });
});

describe('toCreatedTime', () => {
  const local = at('2026:04:12 09:05:07');

  it('has the offset when it is known', () => {
    expect(toCreatedTime({ local, offsetInMinutes: 120 })).toBe('2026-04-12T09:05:07+02:00');
    expect(toCreatedTime({ local, offsetInMinutes: -570 })).toBe('2026-04-12T09:05:07-09:30');
    expect(toCreatedTime({ local, offsetInMinutes: 0 })).toBe('2026-04-12T09:05:07Z');
  });

  it('has no guessed zone', () => {
    expect(toCreatedTime({ local, offsetInMinutes: undefined })).toBe('2026-04-12 09:05:07');
  });

  it('has the time of the file system in UTC', () => {
    expect(toCreatedTime(timeFromFileSystem(Date.UTC(2026, 0, 2, 3, 4, 5, 678)))).toBe(
      '2026-01-02T03:04:05Z',
    );
  });
});

describe('offsets', () => {
  it.each([
    ['+02:00', 120],
    ['-0930', -570],
    ['Z', 0],
    ['+19:00', undefined],
    ['   ', undefined],
  ])('reads %s', (text, minutes) => {
    expect(parseOffset(text)).toBe(minutes);
  });

  it('are computed from the same moment in local time and in UTC', () => {
    expect(offsetBetween(at('2026:04:12 09:30:15'), at('2026:04:12 07:30:14'))).toBe(120);
    expect(offsetBetween(at('2026:04:12 01:00:00'), at('2026:04:11 19:15:40'))).toBe(345);
  });

  it('are not computed from clocks that differ', () => {
    expect(offsetBetween(at('2026:04:12 09:37:00'), at('2026:04:12 07:30:00'))).toBeUndefined();
    expect(offsetBetween(at('2026:04:12 09:30:00'), at('2016:04:12 07:30:00'))).toBeUndefined();
    expect(offsetBetween(at('2026:04:12 09:30:00'), undefined)).toBeUndefined();
  });
});

it('a tiny fingerprint has 32 hex digits and the time without padding', () => {
  const captured = { local: at('2021:12:08 22:03:10'), offsetInMinutes: undefined };
  expect(tinyFingerprint('5aec4c6e78052bf38fab901bcd1a2319', captured)).toBe(
    '5aec4c6e78052bf38fab901bcd1a2319_2021_12_8_22_3_10',
  );
});
