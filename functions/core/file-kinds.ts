/** File types by extension, for devices and server. It imports nothing, so the core can use it too. */

/**
 * A sidecar belongs to a flight but is neither photo nor video. `other` is any type that is not in the table.
 */
export type FileKind = 'photo' | 'video' | 'sidecar' | 'other';

interface FileType {
  readonly kind: FileKind;
  readonly contentType: string;
}

const UNNAMED: FileType = { kind: 'other', contentType: 'application/octet-stream' };

const photo = (contentType: string): FileType => ({ kind: 'photo', contentType });
const video = (contentType: string): FileType => ({ kind: 'video', contentType });
const sidecar = (contentType = UNNAMED.contentType): FileType => ({ kind: 'sidecar', contentType });

const TYPE_BY_EXTENSION: ReadonlyMap<string, FileType> = new Map(
  Object.entries({
    jpg: photo('image/jpeg'),
    jpeg: photo('image/jpeg'),
    rjpg: photo('image/jpeg'),
    dng: photo('image/x-adobe-dng'),
    tif: photo('image/tiff'),
    tiff: photo('image/tiff'),
    png: photo('image/png'),
    heic: photo('image/heic'),
    heif: photo('image/heif'),
    webp: photo('image/webp'),
    mp4: video('video/mp4'),
    mov: video('video/quicktime'),
    ts: video('video/mp2t'),
    avi: video('video/x-msvideo'),
    mkv: video('video/x-matroska'),
    // The small copy of a video that the app plays: an MP4 with another extension.
    lrf: video('video/mp4'),
    srt: sidecar('application/x-subrip'),
    // PPK and RTK records of a mapping flight.
    obs: sidecar(),
    rtk: sidecar(),
    mrk: sidecar(),
    nav: sidecar(),
    dat: sidecar(),
    bin: sidecar(),
    // The scan of a LiDAR camera: points, calibration, attitude, base station, route and report.
    ldr: sidecar(),
    clc: sidecar(),
    cli: sidecar(),
    cmi: sidecar(),
    imu: sidecar(),
    rpos: sidecar(),
    rpt: sidecar(),
    rtb: sidecar(),
    rtl: sidecar(),
    rts: sidecar(),
    sig: sidecar(),
  }),
);

const typeOf = (name: string): FileType =>
  TYPE_BY_EXTENSION.get(name.slice(name.lastIndexOf('.') + 1).toLowerCase()) ?? UNNAMED;

/** The kind of a file, by its extension. */
export const kindOf = (name: string): FileKind => typeOf(name).kind;

/** The content type of a file, by its extension. */
export const contentTypeOf = (name: string): string => typeOf(name).contentType;
