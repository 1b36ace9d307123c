import type { Bridge, BridgeAnswer } from './bridge.ts';

/** What goes up by itself, and which of two controllers fetches it from the drone. */
export interface MediaSettings {
  readonly photos: 'original' | 'preview' | 'off';
  readonly videos: boolean;
  readonly downloadsHere: boolean;
}

/** Videos are large: nobody's mobile data is used up unasked. */
export const DEFAULT_SETTINGS: MediaSettings = { photos: 'original', videos: false, downloadsHere: true };

const ORIGINAL = 0;
const PREVIEW = 1;
const THIS_CONTROLLER = 0;
const OTHER_CONTROLLER = 1;

const photoType = (settings: MediaSettings): number => (settings.photos === 'preview' ? PREVIEW : ORIGINAL);

/** Parameters of the media module. */
export const mediaParameters = (settings: MediaSettings): string =>
  JSON.stringify({
    autoUploadPhoto: settings.photos !== 'off',
    autoUploadPhotoType: photoType(settings),
    autoUploadVideo: settings.videos,
  });

/** The settings as Pilot has them; what it does not say is taken to be as wished. */
export function readSettings(bridge: Bridge, wished: MediaSettings): MediaSettings {
  const photos = bridge.asksYes('mediaGetAutoUploadPhoto');
  const type = bridge.asksNumber('mediaGetUploadPhotoType');
  const owner = bridge.asksNumber('mediaGetDownloadOwner');
  const kind = type === undefined ? photoType(wished) : type;
  return {
    photos: (photos ?? wished.photos !== 'off') ? (kind === PREVIEW ? 'preview' : 'original') : 'off',
    videos: bridge.asksYes('mediaGetAutoUploadVideo') ?? wished.videos,
    downloadsHere: owner === undefined ? wished.downloadsHere : owner === THIS_CONTROLLER,
  };
}

export const sameSettings = (one: MediaSettings, other: MediaSettings): boolean =>
  one.photos === other.photos && one.videos === other.videos && one.downloadsHere === other.downloadsHere;

/** Sets what differs. Returns whether Pilot took it. */
export function writeSettings(bridge: Bridge, from: MediaSettings, to: MediaSettings): boolean {
  const answers: BridgeAnswer[] = [];
  const set = (method: string, value: unknown): void => {
    answers.push(bridge.command(method, value));
  };
  if (from.photos !== to.photos && to.photos !== 'off') set('mediaSetUploadPhotoType', photoType(to));
  if ((from.photos === 'off') !== (to.photos === 'off')) set('mediaSetAutoUploadPhoto', to.photos !== 'off');
  if (from.videos !== to.videos) set('mediaSetAutoUploadVideo', to.videos);
  if (from.downloadsHere !== to.downloadsHere)
    set('mediaSetDownloadOwner', to.downloadsHere ? THIS_CONTROLLER : OTHER_CONTROLLER);
  return answers.every(({ ok }) => ok);
}
