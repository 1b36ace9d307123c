import { describe, expect, it } from 'vitest';
import { gpsTime, marks, subtitles } from '../../local/sample/dock-sidecars.ts';

const SHOTS = [
  { name: '1.JPG', takenAt: '2026-04-12T10:40:05', x: 0, y: 0 },
  { name: '2.JPG', takenAt: '2026-04-12T10:40:08', x: 0, y: 20 },
].map((shot) => ({
  ...shot,
  latitude: 48.72915 + shot.y / 111_320,
  longitude: 11.03482,
  absoluteAltitude: 460.4,
  relativeAltitude: 72,
}));

describe('the files beside the photos of the sample dock flight', () => {
  it('have GPS time: weeks since 1980, without leap seconds', () => {
    expect(gpsTime('1980-01-06T00:00:00Z')).toEqual({ week: 0, seconds: 18 });
    expect(gpsTime('2026-04-12T10:40:05+02:00')).toEqual({
      week: 2414,
      seconds: 8 * 3600 + 40 * 60 + 5 + 18,
    });
  });

  it('have every photo, and are marked as samples', () => {
    const [note, first, second] = marks(SHOTS).split('\n');
    expect(note).toMatch(/^# Sample/);
    expect(first?.split('\t').slice(0, 3)).toEqual(['1', '31223.000000', '[2414]']);
    expect(second).toContain('48.72932966,Lat\t11.03482000,Lon\t460.400,Ellh');
  });

  it('have subtitles from the first photo on', () => {
    const [first, second] = subtitles(SHOTS).split('\n\n');
    expect(first).toContain('00:00:00,000 --> 00:00:03,000');
    expect(first).toContain('Sample, computed by the local stack');
    expect(second).toContain('2\n00:00:03,000 --> 00:00:06,000');
    expect(second).toContain('[rel_alt: 72.000 abs_alt: 460.400]');
  });
});
