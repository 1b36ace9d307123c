import { describe, expect, it } from 'vitest';
import { decode } from '../../functions/middleware/validated-input.ts';
import { Metadata, toCapture } from '../../functions/protocol/capture.ts';

const NO_TIME_IN_NAME = 'photo.jpg';
const capture = (metadata: unknown, name = NO_TIME_IN_NAME) => toCapture(decode(Metadata, metadata), name);

describe('time of a capture', () => {
  it.each([
    ['in UTC', '2024-05-16T03:42:07Z', '2024-05-16T03:42:07.000Z'],
    ['in UTC with fractions', '2024-05-16T03:42:07.123Z', '2024-05-16T03:42:07.000Z'],
    ['with an offset', '2024-05-16T11:42:07+08:00', '2024-05-16T03:42:07.000Z'],
    ['with an offset west', '2024-05-15T22:12:07-05:30', '2024-05-16T03:42:07.000Z'],
    ['with an offset without a colon', '2024-05-16T11:42:07+0800', '2024-05-16T03:42:07.000Z'],
    ['with an offset of hours', '2024-05-16T11:42:07+08', '2024-05-16T03:42:07.000Z'],
    ['in lower case', '2024-05-16t03:42:07z', '2024-05-16T03:42:07.000Z'],
    ['without a zone', '2021-05-10 16:04:20', '2021-05-10T16:04:20'],
    ['without a zone, with a T', '2021-05-10T16:04:20', '2021-05-10T16:04:20'],
    ['without a zone, with fractions', '2021-05-10 16:04:20.5', '2021-05-10T16:04:20'],
    ['with a space before the zone', '2021-05-10 16:04:20 +00:00', '2021-05-10T16:04:20.000Z'],
    ['with space around it', ' 2021-05-10 16:04:20 ', '2021-05-10T16:04:20'],
    ['as local where there is no such offset', '2021-05-10T16:04:20+99:00', '2021-05-10T16:04:20'],
    ['on a leap day', '2024-02-29 00:00:00', '2024-02-29T00:00:00'],
  ])('is read from %s', (_what, value, expected) => {
    expect(capture({ created_time: value })).toEqual({ capturedAt: expected });
    expect(capture({ create_time: value })).toEqual({ capturedAt: expected });
  });

  it.each([
    ['a day that there was not', '2023-02-29 10:00:00'],
    ['a month that there is not', '2023-13-01T10:00:00Z'],
    ['an hour that there is not', '2023-01-01 25:00:00'],
    ['a second that there is not', '2023-01-01 10:00:61'],
    ['words', 'yesterday'],
    ['nothing', ''],
    ['null', null],
  ])('is that of the name for %s', (_what, value) => {
    const name = 'DJI_20240516114207_0001_V.JPG';
    expect(capture({ created_time: value }, name)).toEqual({ capturedAt: '2024-05-16T11:42:07' });
  });

  it('is created_time, then create_time, then that of the name', () => {
    const name = 'DJI_20240516114207_0001_V.JPG';
    const both = { created_time: '2021-01-01T00:00:00Z', create_time: '2022-01-01T00:00:00Z' };
    expect(capture(both, name).capturedAt).toBe('2021-01-01T00:00:00.000Z');
    expect(capture({ ...both, created_time: 'no time' }, name).capturedAt).toBe('2022-01-01T00:00:00.000Z');
    expect(capture(undefined, name).capturedAt).toBe('2024-05-16T11:42:07');
  });

  it.each([
    ['DJI_20240516114207_0001_V.JPG', '2024-05-16T11:42:07'],
    ['DJI_20240516114207_0007_W_上云API.MP4', '2024-05-16T11:42:07'],
    ['20240516114207_0001.JPG', '2024-05-16T11:42:07'],
    ['DJI_20241516114207_0001_V.JPG', undefined],
    ['DJI_20240230114207_0001_V.JPG', undefined],
    ['DJI_0001.JPG', undefined],
    ['DJI_202405161142071_0001.JPG', undefined],
    ['', undefined],
  ])('is read from the name %s', (name, expected) => {
    expect(capture(undefined, name).capturedAt).toBe(expected);
  });
});

describe('position of a capture', () => {
  const expected = { shootPosition: { latitude: 22.5, longitude: -113.9 } };

  it.each([
    ['lat and lng', { shoot_position: { lat: 22.5, lng: -113.9 } }],
    ['latitude and longitude', { shoot_position: { latitude: 22.5, longitude: -113.9 } }],
    ['numbers as text', { shoot_position: { lat: '22.5', lng: ' -113.9 ' } }],
    ['the name of 2022', { photoed_position: { latitude: 22.5, longitude: -113.9 } }],
    ['the name of 2022 with lat and lng', { photoed_position: { lat: 22.5, lng: -113.9 } }],
    ['flat in metadata', { latitude: 22.5, longitude: -113.9 }],
    [
      'the older name where the newer holds no fix',
      { shoot_position: { lat: 0, lng: 0 }, photoed_position: { lat: 22.5, lng: -113.9 } },
    ],
  ])('is read from %s', (_what, metadata) => {
    expect(capture(metadata)).toEqual(expected);
  });

  it.each([
    ['0,0', { shoot_position: { lat: 0, lng: 0 } }],
    ['0,0 as text', { shoot_position: { lat: '0', lng: '0.0' } }],
    ['half a position', { shoot_position: { lat: 22.5 } }],
    ['an empty position', { shoot_position: {} }],
    ['null', { shoot_position: null }],
    ['a latitude beyond the pole', { shoot_position: { lat: 90.1, lng: 0 } }],
    ['a longitude beyond the date line', { shoot_position: { lat: 0, lng: -180.1 } }],
    ['words', { shoot_position: { lat: 'north', lng: 'east' } }],
  ])('is absent for %s', (_what, metadata) => {
    expect(capture(metadata)).toEqual({});
  });

  it('may be on the equator and on the prime meridian', () => {
    expect(capture({ shoot_position: { lat: 0, lng: 7.5 } }).shootPosition).toEqual({
      latitude: 0,
      longitude: 7.5,
    });
    expect(capture({ shoot_position: { lat: -89.9, lng: 0 } }).shootPosition).toEqual({
      latitude: -89.9,
      longitude: 0,
    });
  });
});

describe('numbers of a capture', () => {
  it('may be zero and negative', () => {
    expect(capture({ absolute_altitude: 0, relative_altitude: -3.25, gimbal_yaw_degree: -180 })).toEqual({
      absoluteAltitude: 0,
      relativeAltitude: -3.25,
      gimbalYawDegree: -180,
    });
  });

  it('may be text', () => {
    expect(
      capture({ absolute_altitude: '121.483', relative_altitude: ' 87 ', gimbal_yaw_degree: '-91.40' }),
    ).toEqual({ absoluteAltitude: 121.483, relativeAltitude: 87, gimbalYawDegree: -91.4 });
  });

  it.each([
    ['null', null],
    ['empty text', ''],
    ['words', 'n/a'],
    ['NaN as text', 'NaN'],
    ['infinity as text', '-Infinity'],
    ['more than the table can hold', 1e200],
    ['more than the table can hold, as text', '1e130'],
    ['more than a double holds exactly', 2 ** 60],
  ])('are absent for %s', (_what, value) => {
    expect(
      capture({ absolute_altitude: value, gimbal_yaw_degree: value, latitude: value, longitude: 1 }),
    ).toEqual({});
  });

  it('are zero when the table would store zero', () => {
    expect(capture({ absolute_altitude: 1e-200, relative_altitude: -1e-300 })).toEqual({
      absoluteAltitude: 0,
      relativeAltitude: 0,
    });
    expect(capture({ shoot_position: { lat: 1e-200, lng: '1e-200' } })).toEqual({});
  });

  it('are optional', () => {
    expect(capture(undefined)).toEqual({});
    expect(capture(null)).toEqual({});
    expect(capture({})).toEqual({});
  });
});
