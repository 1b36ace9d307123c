/** The photos of the sample flight: the position of the drone for each, and the picture. */
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildMap } from './build-map.ts';
import { coarser, type Pose, paintSphere, photograph, photographDown, type Surroundings } from './camera.ts';
import { writeCaption } from './caption.ts';
import { encodePhoto, type PhotoDescription } from './photo-file.ts';
import type { Picture } from './picture.ts';
import { plantTrees } from './scene.ts';

/** A place for the scene on the map: meadows by a river, in the middle of no village. */
const ORIGIN = { latitude: 48.72915, longitude: 11.03482, groundAltitude: 388.4 } as const;
const METRES_PER_DEGREE = 111_320;

const FLIGHT_FOLDER = 'DJI_202604120928_001_Sample';
/** Written into every sample picture. */
export const CAPTION = 'SAMPLE - COMPUTED BY THE LOCAL STACK, NOT A REAL PLACE';

/** Increase it when the bytes of the pictures change, so that older photos are computed again. */
const EDITION = 1;

interface Shot {
  readonly name: string;
  readonly takenAt: string;
  readonly kind: 'down' | 'ahead' | 'panorama';
  readonly pose: Pose;
}

const SHOTS: readonly Shot[] = [
  {
    name: 'DJI_20260412093015_0001_V.JPG',
    takenAt: '2026:04:12 09:30:15',
    kind: 'ahead',
    pose: { x: -20, y: -190, altitude: 96, yawInDegrees: 12, pitchInDegrees: -23.4 },
  },
  {
    name: 'DJI_20260412093042_0002_V.JPG',
    takenAt: '2026:04:12 09:30:42',
    kind: 'ahead',
    pose: { x: 160, y: -160, altitude: 70, yawInDegrees: -48.3, pitchInDegrees: -27.1 },
  },
  {
    name: 'DJI_20260412093108_0003_V.JPG',
    takenAt: '2026:04:12 09:31:08',
    kind: 'down',
    pose: { x: 78, y: -55, altitude: 95, yawInDegrees: -86.2, pitchInDegrees: -90 },
  },
  {
    name: 'DJI_20260412093114_0004_V.JPG',
    takenAt: '2026:04:12 09:31:14',
    kind: 'down',
    pose: { x: 20, y: -52, altitude: 95.2, yawInDegrees: -86, pitchInDegrees: -90 },
  },
  {
    name: 'DJI_20260412093152_0005_V.JPG',
    takenAt: '2026:04:12 09:31:52',
    kind: 'ahead',
    pose: { x: -130, y: 20, altitude: 58, yawInDegrees: 62.5, pitchInDegrees: -24.8 },
  },
  {
    name: 'DJI_20260412093217_0006_V.JPG',
    takenAt: '2026:04:12 09:32:17',
    kind: 'ahead',
    pose: { x: 60, y: 205, altitude: 84, yawInDegrees: -166, pitchInDegrees: -31.2 },
  },
  {
    name: 'DJI_20260412093340_0007_PANO.JPG',
    takenAt: '2026:04:12 09:33:40',
    kind: 'panorama',
    pose: { x: 10, y: -20, altitude: 92, yawInDegrees: 0, pitchInDegrees: -28 },
  },
];

/** Size and quality of the sample's photos. */
export const PHOTO = { width: 1440, height: 1080, quality: 92 } as const;
const PANORAMA = { width: 5760, height: 1344, lowestInDegrees: -66, quality: 100 } as const;

/** Paths of the sample's files, relative to its folder. */
export const SAMPLE_PATHS: readonly string[] = SHOTS.map((shot) => `${FLIGHT_FOLDER}/${shot.name}`);

function paintPanorama(around: Surroundings, { x, y, altitude }: Pose): Picture {
  return paintSphere(around, {
    x,
    y,
    altitude,
    firstAzimuth: -Math.PI,
    lowestElevation: (PANORAMA.lowestInDegrees * Math.PI) / 180,
    radiansPerPixel: (2 * Math.PI) / PANORAMA.width,
    width: PANORAMA.width,
    height: PANORAMA.height,
  });
}

/** Where a camera in the scene is on the map. */
export function placeOf({
  x,
  y,
  altitude,
}: Pose): Pick<PhotoDescription, 'latitude' | 'longitude' | 'absoluteAltitude' | 'relativeAltitude'> {
  return {
    latitude: ORIGIN.latitude + y / METRES_PER_DEGREE,
    longitude: ORIGIN.longitude + x / (METRES_PER_DEGREE * Math.cos((ORIGIN.latitude * Math.PI) / 180)),
    absoluteAltitude: ORIGIN.groundAltitude + altitude,
    relativeAltitude: altitude,
  };
}

function describe(shot: Shot): Parameters<typeof encodePhoto>[1] {
  const { pose, name, takenAt } = shot;
  const highestInDegrees = PANORAMA.lowestInDegrees + (PANORAMA.height / PANORAMA.width) * 360;
  return {
    name,
    takenAt,
    offset: '+02:00',
    ...placeOf(pose),
    yawInDegrees: pose.yawInDegrees,
    pitchInDegrees: pose.pitchInDegrees,
    quality: shot.kind === 'panorama' ? PANORAMA.quality : PHOTO.quality,
    ...(shot.kind === 'panorama' && {
      panorama: {
        fullWidth: PANORAMA.width,
        fullHeight: PANORAMA.width / 2,
        top: Math.round(((90 - highestInDegrees) / 360) * PANORAMA.width),
      },
    }),
  };
}

/** Computes all photos, one after the other; each is complete before the next is begun. */
export function* paintPhotos(): Generator<{ path: string; bytes: Buffer }> {
  const trees = plantTrees(330);
  const far = buildMap(
    { centreX: 0, centreY: 0, widthInMetres: 4400, depthInMetres: 4400, cellSizeInMetres: 3.6 },
    trees,
  );
  const near = buildMap(
    { centreX: 20, centreY: 20, widthInMetres: 470, depthInMetres: 470, cellSizeInMetres: 0.3 },
    trees,
  );
  const half = coarser(near);
  const around: Surroundings = { near, nearLevels: [half, coarser(half)], far };
  let fine: ReturnType<typeof buildMap> | undefined;
  for (const [index, shot] of SHOTS.entries()) {
    fine ??= buildMap(
      { centreX: 49, centreY: -53, widthInMetres: 184, depthInMetres: 158, cellSizeInMetres: 0.155 },
      trees,
    );
    const picture =
      shot.kind === 'down'
        ? photographDown(fine, shot.pose, PHOTO.width, PHOTO.height)
        : shot.kind === 'ahead'
          ? photograph(around, shot.pose, PHOTO.width, PHOTO.height)
          : paintPanorama(around, shot.pose);
    writeCaption(picture, CAPTION);
    yield { path: SAMPLE_PATHS[index] as string, bytes: encodePhoto(picture, describe(shot)) };
  }
}

/** Name of the marker beside the photos. It exists when all photos of this edition are complete. */
const markerName = (): string => `.sample-${EDITION}`;

/** Whether a folder holds the photos of this edition, complete. */
export async function hasPhotos(directory: string): Promise<boolean> {
  try {
    const files = [markerName(), ...SAMPLE_PATHS].map((path) => stat(join(directory, path)));
    await Promise.all(files);
    return true;
  } catch {
    return false;
  }
}

/** Writes the photos. An interrupted write leaves no file under its name. */
export async function writePhotos(directory: string): Promise<void> {
  for (const { path, bytes } of paintPhotos()) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(`${file}.part`, bytes);
    await rename(`${file}.part`, file);
  }
  await writeFile(join(directory, markerName()), '');
}
