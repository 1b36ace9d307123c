/**
 * A folder as a dock sees it: the files of one flight, the drone that took them, and the events that report
 * them.
 */
import { basename } from 'node:path';
import { toCreatedTime } from '../common/capture-time.ts';
import type { FoundFile } from '../common/files.ts';
import type { FileMetadata } from '../common/metadata.ts';

/** A file with its metadata and its place in the flight. */
export interface FlightFile extends FoundFile {
  readonly metadata: FileMetadata;
  /** The part of the object key after the prefix. */
  readonly keySuffix: string;
  /** The `path` of a report: the folder on the drone's card. */
  readonly businessPath: string;
}

/** The dock's drone. */
export interface Drone {
  readonly sn: string;
  readonly modelKey: string;
  readonly payloadModelKey: string;
}

/** DJI Matrice 3D, the drone of Dock 2. */
const MATRICE_3D = { modelKey: '0-91-0', payloadModelKey: '1-80-0' };

const SERIAL_NUMBER = /^[A-Za-z0-9]{1,64}$/;

function mostFrequent(values: readonly (string | undefined)[]): string | undefined {
  const counts = new Map<string, number>();
  for (const value of values) if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, left], [, right]) => right - left)[0]?.[0];
}

/**
 * The drone, as far as the photos say; the rest is that of the dock's own. `fallbackSn` is used when they
 * name no serial number.
 */
export function droneOf(metadata: readonly FileMetadata[], fallbackSn: string): Drone {
  const modelKey = mostFrequent(metadata.map((file) => file.droneModelKey));
  const payloadModelKey = mostFrequent(metadata.map((file) => file.payloadModelKey));
  const serialNumbers = metadata.map(({ serialNumber }) =>
    serialNumber && SERIAL_NUMBER.test(serialNumber) ? serialNumber : undefined,
  );
  return {
    sn: mostFrequent(serialNumbers) ?? fallbackSn,
    modelKey: modelKey ?? MATRICE_3D.modelKey,
    payloadModelKey: payloadModelKey ?? MATRICE_3D.payloadModelKey,
  };
}

/** `{flight_id}/{name}`. Files of the same name in different folders keep their folders. */
export function keySuffixes(files: readonly FoundFile[], flightId: string): Map<string, string> {
  const byName = Map.groupBy(files, (file) => file.name);
  return new Map(
    files.map(({ path, name }) => [path, `${flightId}/${(byName.get(name)?.length ?? 0) > 1 ? path : name}`]),
  );
}

/** The folder of a file, as docks report it. Files at the top have the folder itself. */
export const businessPath = (file: FoundFile, root: string): string => file.directory || basename(root);

/** How far the flight is, by the dock's counts. */
export interface FlightCounts {
  readonly uploaded: number;
  readonly expected: number;
}

/** Docks report sidecars with the same fields, but empty. */
const SIDECAR_METADATA = {
  create_time: '',
  gimbal_yaw_degree: '',
  absolute_altitude: 0,
  relative_altitude: 0,
  shoot_position: { lat: 0, lng: 0 },
};

function metadataOf({ kind, metadata }: FlightFile): object {
  if (kind === 'sidecar' || kind === 'other') return SIDECAR_METADATA;
  const { captured, gimbalYawDegree, absoluteAltitude, relativeAltitude, position } = metadata;
  return {
    // Docks report local time without its zone.
    create_time: toCreatedTime({ local: captured.local, offsetInMinutes: undefined }),
    gimbal_yaw_degree: gimbalYawDegree?.toFixed(2) ?? '',
    ...(absoluteAltitude !== undefined && { absolute_altitude: absoluteAltitude }),
    ...(relativeAltitude !== undefined && { relative_altitude: relativeAltitude }),
    // A dock without a GPS fix reports 0,0.
    shoot_position: position ?? { lat: 0, lng: 0 },
  };
}

/** The `data` of `file_upload_callback`, in the shape that is documented since 1.11. */
export function fileUploadCallbackData(
  file: FlightFile,
  objectKey: string,
  flightId: string,
  drone: Drone,
  counts: FlightCounts,
): object {
  return {
    file: {
      object_key: objectKey,
      path: file.businessPath,
      name: file.name,
      ext: {
        flight_id: flightId,
        drone_model_key: file.metadata.droneModelKey ?? drone.modelKey,
        payload_model_key: file.metadata.payloadModelKey ?? drone.payloadModelKey,
        is_original: true,
      },
      metadata: metadataOf(file),
      cloud_to_cloud_id: 'DEFAULT',
    },
    flight_task: {
      uploaded_file_count: counts.uploaded,
      expected_file_count: counts.expected,
      flight_type: 0,
    },
  };
}
