/**
 * When a picture was taken. Drones write local time, and only some of them the zone. When the zone is
 * unknown, the time is reported without one, not with a guess.
 */
import { timeInName } from '../../functions/protocol/file-names.ts';

/** A date and time without a zone, so not yet a point in time. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** When a picture was taken, as far as its sources say. */
export interface CaptureTime {
  readonly local: LocalTime;
  /** Minutes east of UTC; undefined when no source says. */
  readonly offsetInMinutes: number | undefined;
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

const utcInMilliseconds = (time: LocalTime): number =>
  Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);

function localTimeFrom(match: RegExpExecArray | null): LocalTime | undefined {
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const time = { year, month, day, hour, minute, second };
  // The round trip rejects month 13, 31 June and EXIF's all-zero "no time".
  const date = new Date(utcInMilliseconds(time));
  const valid =
    year >= 1990 &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour;
  return valid && minute < 60 && second < 60 ? time : undefined;
}

/** EXIF's `2016:06:23 16:31:59`, or XMP's ISO form. */
export function parseExifTime(text: unknown): LocalTime | undefined {
  if (typeof text !== 'string') return undefined;
  return localTimeFrom(/^(\d{4})[:-](\d{2})[:-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})/.exec(text.trim()));
}

/** The time in a name such as `DJI_20260412093015_0001_V.JPG`: local time, zone unknown. */
export const timeFromName = (name: string): LocalTime | undefined => parseExifTime(timeInName(name));

/** EXIF's `+02:00`, or `Z`. */
export function parseOffset(text: unknown): number | undefined {
  if (typeof text !== 'string') return undefined;
  if (text.trim() === 'Z') return 0;
  const match = /^([+-])(\d{2}):?(\d{2})$/.exec(text.trim());
  if (!match) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return minutes <= 14 * 60 ? (match[1] === '-' ? -minutes : minutes) : undefined;
}

/** The zone, from the same moment in local time and in UTC. Zones differ by whole quarters of an hour. */
export function offsetBetween(local: LocalTime, utc: LocalTime | undefined): number | undefined {
  if (!utc) return undefined;
  const minutes = (utcInMilliseconds(local) - utcInMilliseconds(utc)) / 60_000;
  const rounded = Math.round(minutes / 15) * 15;
  // Clocks may differ a little. When they differ by two minutes or more, it is not the same moment.
  return Math.abs(minutes - rounded) < 2 && Math.abs(rounded) <= 14 * 60 ? rounded : undefined;
}

/** The modification time of the file system, in UTC. */
export function timeFromFileSystem(modifiedAtInMilliseconds: number): CaptureTime {
  const date = new Date(modifiedAtInMilliseconds);
  return {
    local: {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    },
    offsetInMinutes: 0,
  };
}

/**
 * The `created_time` of an upload callback: ISO 8601 with an offset when that is known, otherwise `2021-05-10
 * 16:04:20`, the form without a zone that devices use.
 */
export function toCreatedTime({ local, offsetInMinutes }: CaptureTime): string {
  const date = `${local.year}-${twoDigits(local.month)}-${twoDigits(local.day)}`;
  const clock = `${twoDigits(local.hour)}:${twoDigits(local.minute)}:${twoDigits(local.second)}`;
  if (offsetInMinutes === undefined) return `${date} ${clock}`;
  if (offsetInMinutes === 0) return `${date}T${clock}Z`;
  const distance = Math.abs(offsetInMinutes);
  const zone = `${offsetInMinutes < 0 ? '-' : '+'}${twoDigits(Math.floor(distance / 60))}:${twoDigits(distance % 60)}`;
  return `${date}T${clock}${zone}`;
}

/**
 * A tiny fingerprint: 32 hex digits and the capture time, without zero padding. How devices compute the
 * digits is not published. These are an MD5 of the size and both ends of the file. They are stable, which is
 * all that the server needs, but never equal a device's; then the full fingerprint finds the file.
 */
export function tinyFingerprint(md5OfEnds: string, { local }: CaptureTime): string {
  const { year, month, day, hour, minute, second } = local;
  return [md5OfEnds, year, month, day, hour, minute, second].join('_');
}
