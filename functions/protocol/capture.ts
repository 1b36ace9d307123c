import * as v from 'valibot';
import type { Capture, Position } from '../core/media-file.ts';
import { present } from '../core/present.ts';
import { LenientNumber, lenientNumber, lenientObject } from './fields.ts';
import { localTimeOf, timeInName } from './file-names.ts';
import { lenient } from './lenient.ts';

const Latitude = lenientNumber(90);
const Longitude = lenientNumber(180);

const PositionFields = { lat: Latitude, lng: Longitude, latitude: Latitude, longitude: Longitude };

interface PositionInput {
  readonly lat?: number | undefined;
  readonly lng?: number | undefined;
  readonly latitude?: number | undefined;
  readonly longitude?: number | undefined;
}

/** Devices without a GPS fix send 0,0. */
function positionOf(input: PositionInput | undefined): Position | undefined {
  const latitude = input?.lat ?? input?.latitude;
  const longitude = input?.lng ?? input?.longitude;
  if (latitude === undefined || longitude === undefined) return undefined;
  if (latitude === 0 && longitude === 0) return undefined;
  return { latitude, longitude };
}

const TIME = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/**
 * UTC when the text has an offset, local time without an offset when it has none, undefined when it is not a
 * time.
 */
function timeOf(value: string): string | undefined {
  const match = TIME.exec(value.trim());
  if (!match) return undefined;
  const local = localTimeOf(match.slice(1, 7));
  const zone = match[7];
  if (local === undefined || zone === undefined) return local;
  const offset = /^z$/i.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`;
  const parsed = new Date(local + offset);
  return Number.isNaN(parsed.getTime()) ? local : parsed.toISOString();
}

/** A time with or without an offset. */
const LenientTime = lenient(
  v.pipe(
    v.string(),
    v.rawTransform<string, string | undefined>(({ dataset: { value }, addIssue, NEVER }) => {
      const time = timeOf(value);
      if (time !== undefined || value.trim() === '') return time;
      addIssue();
      return NEVER;
    }),
  ),
);

/** `metadata` of a callback, in all shapes that devices have sent (protocol sections 2 and 4). */
export const Metadata = lenientObject({
  absolute_altitude: LenientNumber,
  relative_altitude: LenientNumber,
  gimbal_yaw_degree: LenientNumber,
  created_time: LenientTime,
  create_time: LenientTime,
  shoot_position: lenientObject(PositionFields),
  photoed_position: lenientObject(PositionFields),
  latitude: Latitude,
  longitude: Longitude,
});

export type Metadata = v.InferOutput<typeof Metadata>;

/**
 * Altitudes are in metres, angles and positions in degrees. The time of capture may be that of the file's
 * name.
 */
export const toCapture = (metadata: Metadata, name: string): Capture =>
  present({
    capturedAt: metadata?.created_time ?? metadata?.create_time ?? timeInName(name),
    absoluteAltitude: metadata?.absolute_altitude,
    relativeAltitude: metadata?.relative_altitude,
    gimbalYawDegree: metadata?.gimbal_yaw_degree,
    shootPosition:
      positionOf(metadata?.shoot_position) ?? positionOf(metadata?.photoed_position) ?? positionOf(metadata),
  });
