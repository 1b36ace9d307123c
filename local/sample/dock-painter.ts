/** Makes the files of the sample dock flight, in a process of its own: `node dock-painter.ts DIR`. */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildMap } from './build-map.ts';
import { type Pose, photographDown } from './camera.ts';
import { writeCaption } from './caption.ts';
import {
  DOCK_FLIGHT_ALTITUDE,
  DOCK_FLIGHT_FOLDER,
  DOCK_MARKS_NAME,
  DOCK_SAMPLE_DRONE,
  DOCK_SAMPLE_MARKER,
  DOCK_SAMPLE_OFFSET,
  DOCK_SHOTS,
  DOCK_SUBTITLES_NAME,
  type DockShot,
} from './dock-shots.ts';
import { marks, subtitles } from './dock-sidecars.ts';
import { encodePhoto } from './photo-file.ts';
import { CAPTION, PHOTO, placeOf } from './photos.ts';
import { plantTrees } from './scene.ts';

/** North is up, as on a wayline that somebody drew along the road. */
const YAW_IN_DEGREES = 4.5;

const poseOf = ({ x, y }: DockShot): Pose => ({
  x,
  y,
  altitude: DOCK_FLIGHT_ALTITUDE,
  yawInDegrees: YAW_IN_DEGREES,
  pitchInDegrees: -90,
});

const directory = process.argv[2];
if (!directory) throw new Error('dock-painter.ts DIR: the folder is missing');

/** Leaves nothing under its name when it is interrupted. */
async function write(folder: string, name: string, bytes: Buffer | string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.part`), bytes);
  await rename(join(folder, `${name}.part`), join(folder, name));
}

const folder = join(directory, DOCK_FLIGHT_FOLDER);
const map = buildMap(
  { centreX: -14, centreY: 74, widthInMetres: 124, depthInMetres: 152, cellSizeInMetres: 0.12 },
  plantTrees(330),
);
for (const shot of DOCK_SHOTS) {
  const pose = poseOf(shot);
  const picture = photographDown(map, pose, PHOTO.width, PHOTO.height);
  writeCaption(picture, CAPTION);
  const photo = encodePhoto(picture, {
    ...placeOf(pose),
    name: shot.name,
    takenAt: shot.takenAt.replaceAll('-', ':').replace('T', ' '),
    offset: DOCK_SAMPLE_OFFSET,
    yawInDegrees: pose.yawInDegrees,
    pitchInDegrees: pose.pitchInDegrees,
    quality: PHOTO.quality,
    drone: DOCK_SAMPLE_DRONE,
  });
  await write(folder, shot.name, photo);
}
const placed = DOCK_SHOTS.map((shot) => ({ ...shot, ...placeOf(poseOf(shot)) }));
await write(folder, DOCK_MARKS_NAME, marks(placed));
await write(folder, DOCK_SUBTITLES_NAME, subtitles(placed));
await write(directory, DOCK_SAMPLE_MARKER, '');
