import { describe, expect, it } from 'vitest';
import { contentTypeOf, kindOf } from '../../functions/core/file-kinds.ts';

describe('kind of a file', () => {
  it.each([
    ['DJI_0001.JPG', 'photo'],
    ['DJI_0001.dng', 'photo'],
    ['DJI_0001.MP4', 'video'],
    ['DJI_0001.SRT', 'sidecar'],
    ['a.obs', 'sidecar'],
    ['a.rtk', 'sidecar'],
    ['a.MRK', 'sidecar'],
    ['a.nav', 'sidecar'],
    ['a.dat', 'sidecar'],
    ['DJI_20260412093015_0001_PPKRAW.bin', 'sidecar'],
    ['DJI_20260412093015_0001.LDR', 'sidecar'],
    ['DJI_20260412093015_0001.RTB', 'sidecar'],
    ['DJI_0001.HEIC', 'photo'],
    ['DJI_0001.LRF', 'video'],
    ['a.kmz', 'other'],
    ['a', 'other'],
    ['a.', 'other'],
    ['.', 'other'],
    ['a.constructor', 'other'],
    ['__proto__', 'other'],
    ['x.hasOwnProperty', 'other'],
  ])('of %s is %s', (name, kind) => {
    expect(kindOf(name)).toBe(kind);
  });
});

describe('content type of a file', () => {
  it.each([
    ['DJI_0001.JPG', 'image/jpeg'],
    ['DJI_0001.LRF', 'video/mp4'],
    ['DJI_0001.SRT', 'application/x-subrip'],
    ['DJI_0001.LDR', 'application/octet-stream'],
    ['a.constructor', 'application/octet-stream'],
  ])('of %s is %s', (name, contentType) => {
    expect(contentTypeOf(name)).toBe(contentType);
  });
});
