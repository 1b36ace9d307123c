/** The sample flight of a dock: a short strip of photos straight down, along the road and over the bridge. */

/** Folder on the drone's card; it says what this is. */
export const DOCK_FLIGHT_FOLDER = 'DJI_202604121038_001_Sample-dock-flight';

/** The dock's drone: a real model, a serial number that no drone has. */
export const DOCK_SAMPLE_DRONE = { model: 'M3D', serialNumber: '1581F000SAMPLE000002' } as const;

/** Local time is two hours ahead of UTC. */
export const DOCK_SAMPLE_OFFSET = '+02:00';

/** One photo: when, and where in the sample's scene the drone was, in metres. */
export interface DockShot {
  readonly name: string;
  /** ISO 8601, local, to the second. */
  readonly takenAt: string;
  readonly x: number;
  readonly y: number;
}

/** Above the river's plain, in metres. */
export const DOCK_FLIGHT_ALTITUDE = 72;

/** From south to north, three quarters of each in the next. */
export const DOCK_SHOTS: readonly DockShot[] = [
  { name: 'DJI_20260412104005_0001_V.JPG', takenAt: '2026-04-12T10:40:05', x: -17.2, y: 44 },
  { name: 'DJI_20260412104008_0002_V.JPG', takenAt: '2026-04-12T10:40:08', x: -15.4, y: 64.2 },
  { name: 'DJI_20260412104011_0003_V.JPG', takenAt: '2026-04-12T10:40:11', x: -13.1, y: 84.1 },
  { name: 'DJI_20260412104014_0004_V.JPG', takenAt: '2026-04-12T10:40:14', x: -11.3, y: 104.3 },
];

/** The positions of the photos, as PPK software reads them. */
export const DOCK_MARKS_NAME = 'DJI_202604121038_001_Sample-dock-flight_Timestamp.MRK';
/** The telemetry of the flight, as video players show it. */
export const DOCK_SUBTITLES_NAME = 'DJI_20260412104005_0001_V.SRT';

/** Paths of all files, relative to the sample's folder. */
export const DOCK_SAMPLE_PATHS: readonly string[] = [
  ...DOCK_SHOTS.map((shot) => shot.name),
  DOCK_MARKS_NAME,
  DOCK_SUBTITLES_NAME,
].map((name) => `${DOCK_FLIGHT_FOLDER}/${name}`);

/** Name of the marker that is there when all files are. Bump the number when their bytes change. */
export const DOCK_SAMPLE_MARKER = '.dock-sample-1';
