/** The metadata of a file: when, where and how high it was taken, and by which drone. */
import exifr from 'exifr';
import { present } from '../../functions/core/present.ts';
import {
  type CaptureTime,
  type LocalTime,
  offsetBetween,
  parseExifTime,
  parseOffset,
  timeFromFileSystem,
  timeFromName,
} from './capture-time.ts';
import type { FoundFile } from './files.ts';
import { type ModelKeys, modelKeys } from './models.ts';
import { type Position, readVideoPosition } from './video.ts';

/** Read from the file. What the file does not say is left out. */
export interface FileMetadata extends ModelKeys {
  readonly captured: CaptureTime;
  /** Metres above sea level. */
  readonly absoluteAltitude?: number;
  /** Metres above the take-off point. */
  readonly relativeAltitude?: number;
  readonly gimbalYawDegree?: number;
  readonly position?: Position;
  /** The drone's serial number. */
  readonly serialNumber?: string;
  readonly isPanorama?: boolean;
}

type Tags = Readonly<Record<string, unknown>>;
interface PhotoTags {
  readonly ifd0?: Tags;
  readonly exif?: Tags;
  readonly gps?: Tags;
  readonly xmp?: string;
}

const EXIFR_OPTIONS = {
  tiff: true,
  ifd1: false,
  exif: true,
  gps: true,
  interop: false,
  // As text: exifr would turn serial numbers into numbers and drop their leading zeros.
  xmp: { parse: false },
  mergeOutput: false,
  translateValues: false,
  reviveValues: false,
};

/** A property of an XMP packet, written as an attribute or as an element. */
function xmpValue(packet: string | undefined, property: string): string | undefined {
  if (!packet) return undefined;
  const attribute = new RegExp(`\\s${property}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(packet);
  const element = attribute ?? new RegExp(`<${property}>([^<]*)</${property}>`).exec(packet);
  return (element?.[1] ?? element?.[2])?.trim() || undefined;
}

function xmpNumber(packet: string | undefined, property: string): number | undefined {
  const text = xmpValue(packet, property);
  const value = text === undefined ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

const finite = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? value : undefined;

const text = (value: unknown): string | undefined =>
  (typeof value === 'string' && value.replaceAll('\0', '').trim()) || undefined;

function positionOf({ gps, xmp }: PhotoTags): Position | undefined {
  const lat = finite(gps?.['latitude']) ?? xmpNumber(xmp, 'drone-dji:GpsLatitude');
  const lng =
    finite(gps?.['longitude']) ??
    xmpNumber(xmp, 'drone-dji:GpsLongitude') ??
    // The spelling of older firmware.
    xmpNumber(xmp, 'drone-dji:GpsLongtitude');
  if (lat === undefined || lng === undefined || Math.abs(lat) > 90 || Math.abs(lng) > 180) return undefined;
  // A drone without a GPS fix writes 0,0.
  return lat === 0 && lng === 0 ? undefined : { lat, lng };
}

function altitudeAboveSea({ gps, xmp }: PhotoTags): number | undefined {
  const fromXmp = xmpNumber(xmp, 'drone-dji:AbsoluteAltitude');
  if (fromXmp !== undefined) return fromXmp;
  const altitude = finite(gps?.['GPSAltitude']);
  const reference = gps?.['GPSAltitudeRef'];
  const belowSea = (reference instanceof Uint8Array ? reference[0] : reference) === 1;
  return altitude === undefined ? undefined : belowSea ? -altitude : altitude;
}

function gpsTime(gps: Tags | undefined): LocalTime | undefined {
  const clock = gps?.['GPSTimeStamp'];
  if (!Array.isArray(clock)) return undefined;
  const [hour = 0, minute = 0, second = 0] = clock.map((part) =>
    String(Math.floor(Number(part))).padStart(2, '0'),
  );
  return parseExifTime(`${text(gps?.['GPSDateStamp'])} ${hour}:${minute}:${second}`);
}

function captureTimeOf({ ifd0, exif, gps, xmp }: PhotoTags): CaptureTime | undefined {
  const utc = parseExifTime(xmpValue(xmp, 'drone-dji:UTCAtExposure')) ?? gpsTime(gps);
  const local = parseExifTime(text(exif?.['DateTimeOriginal'])) ?? parseExifTime(text(ifd0?.['ModifyDate']));
  if (!local) return utc && { local: utc, offsetInMinutes: 0 };
  const told = parseOffset(text(exif?.['OffsetTimeOriginal'])) ?? parseOffset(text(exif?.['OffsetTime']));
  return { local, offsetInMinutes: told ?? offsetBetween(local, utc) };
}

async function readPhotoTags(absolutePath: string): Promise<PhotoTags> {
  try {
    return (await exifr.parse(absolutePath, EXIFR_OPTIONS as Parameters<typeof exifr.parse>[1])) ?? {};
  } catch {
    // Cut off, or not the format of its extension. It is uploaded as it is, without metadata.
    return {};
  }
}

/** Reads a file's metadata. Throws only when the file itself cannot be read. */
export async function readMetadata(file: FoundFile): Promise<FileMetadata> {
  const fallbackTime = (): CaptureTime => {
    const local = timeFromName(file.name);
    return local ? { local, offsetInMinutes: undefined } : timeFromFileSystem(file.modifiedAtInMilliseconds);
  };
  if (file.kind === 'sidecar' || file.kind === 'other') return { captured: fallbackTime() };
  if (file.kind === 'video') {
    const position = await readVideoPosition(file.absolutePath, file.bytes);
    return { captured: fallbackTime(), ...(position && { position }) };
  }
  const tags = await readPhotoTags(file.absolutePath);
  const cameraModel = text(tags.ifd0?.['Model']) ?? xmpValue(tags.xmp, 'tiff:Model');
  return {
    captured: captureTimeOf(tags) ?? fallbackTime(),
    ...present({
      absoluteAltitude: altitudeAboveSea(tags),
      relativeAltitude: xmpNumber(tags.xmp, 'drone-dji:RelativeAltitude'),
      gimbalYawDegree: xmpNumber(tags.xmp, 'drone-dji:GimbalYawDegree'),
      position: positionOf(tags),
      serialNumber: xmpValue(tags.xmp, 'drone-dji:DroneSerialNumber'),
      isPanorama:
        xmpValue(tags.xmp, 'GPano:ProjectionType') !== undefined || /_PANO\b|^PANO_/i.test(file.name),
      ...modelKeys(xmpValue(tags.xmp, 'drone-dji:DroneModel'), cameraModel),
    }),
  };
}
