/** The files beside the photos of the sample dock flight, in the formats that DJI's drones write. */
import { DOCK_SAMPLE_OFFSET, type DockShot } from './dock-shots.ts';

const NOTE = 'Sample, computed by the local stack of dji-media-library: not a real flight';

/** A shot, and where on the map it was taken. */
export interface PlacedShot extends DockShot {
  readonly latitude: number;
  readonly longitude: number;
  readonly absoluteAltitude: number;
  readonly relativeAltitude: number;
}

const GPS_EPOCH_IN_MILLISECONDS = Date.UTC(1980, 0, 6);
/** GPS time knows no leap seconds. */
const LEAP_SECONDS = 18;
const SECONDS_PER_WEEK = 7 * 24 * 3600;

/** Week and second of the week, as GPS counts. */
export function gpsTime(isoTime: string): { week: number; seconds: number } {
  const seconds = (Date.parse(isoTime) - GPS_EPOCH_IN_MILLISECONDS) / 1000 + LEAP_SECONDS;
  const week = Math.floor(seconds / SECONDS_PER_WEEK);
  return { week, seconds: seconds - week * SECONDS_PER_WEEK };
}

/**
 * `.MRK`: a line a photo, with its GPS time, the antenna's offset, position, accuracy and quality (50:
 * fixed).
 */
export function marks(shots: readonly PlacedShot[]): string {
  const lines = shots.map(({ takenAt, latitude, longitude, absoluteAltitude }, index) => {
    const { week, seconds } = gpsTime(takenAt + DOCK_SAMPLE_OFFSET);
    return [
      index + 1,
      seconds.toFixed(6),
      `[${week}]`,
      '    -3,N\t     1,E\t   192,V',
      `${latitude.toFixed(8)},Lat`,
      `${longitude.toFixed(8)},Lon`,
      `${absoluteAltitude.toFixed(3)},Ellh`,
      '0.011482, 0.012031, 0.024775',
      '50,Q',
    ].join('\t');
  });
  return `# ${NOTE}\n${lines.join('\n')}\n`;
}

const clock = (seconds: number): string =>
  new Date(seconds * 1000).toISOString().slice(11, 23).replace('.', ',');

/** `.SRT`: the telemetry of the seconds between the first and the last shot. */
export function subtitles(shots: readonly PlacedShot[]): string {
  const startInMilliseconds = Date.parse(`${shots[0]?.takenAt}Z`);
  return shots
    .map(({ takenAt, latitude, longitude, absoluteAltitude, relativeAltitude }, index) => {
      const from = (Date.parse(`${takenAt}Z`) - startInMilliseconds) / 1000;
      return [
        index + 1,
        `${clock(from)} --> ${clock(from + 3)}`,
        `<font size="28">FrameCnt: ${index * 90 + 1}, DiffTime: 33ms`,
        `${takenAt.replace('T', ' ')}.000`,
        `[iso: 100] [shutter: 1/800.0] [fnum: 2.8] [ev: 0] [focal_len: 24.00] [latitude: ${latitude.toFixed(6)}] [longitude: ${longitude.toFixed(6)}] [rel_alt: ${relativeAltitude.toFixed(3)} abs_alt: ${absoluteAltitude.toFixed(3)}]`,
        `${NOTE}</font>`,
        '',
      ].join('\n');
    })
    .join('\n');
}
