/** A picture as a drone's camera stores it: a JPEG with EXIF and DJI's XMP. */
import jpeg from 'jpeg-js';
import { type ExifValue, encodeExif } from './exif.ts';
import type { Picture } from './picture.ts';

/** What the camera records with a photo. */
export interface PhotoDescription {
  readonly name: string;
  /** `2026:04:12 09:30:15`, local. */
  readonly takenAt: string;
  /** `+02:00`. */
  readonly offset: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly absoluteAltitude: number;
  readonly relativeAltitude: number;
  readonly yawInDegrees: number;
  readonly pitchInDegrees: number;
  readonly quality: number;
  /** @default SAMPLE_DRONE */
  readonly drone?: { readonly model: string; readonly serialNumber: string };
  /** Of the whole sphere, for a panorama that covers part of it. */
  readonly panorama?: { readonly fullWidth: number; readonly fullHeight: number; readonly top: number };
}

/** The drone that flew the sample: real model names, a serial number that no drone has. */
export const SAMPLE_DRONE = { model: 'M3E', serialNumber: '1581F000SAMPLE000001' } as const;
/** What every sample photo says of itself. */
export const SAMPLE_NOTE = 'Sample photo, computed by the local stack of dji-media-library: not a real place';

const droneOf = ({ drone = SAMPLE_DRONE }: PhotoDescription) => drone;

/** Degrees, minutes and hundred-thousandths of seconds, as fractions. */
function degreeFractions(degrees: number): [number, number][] {
  const hundredThousandths = Math.round(Math.abs(degrees) * 3600 * 100_000);
  const minutes = Math.floor(hundredThousandths / 6_000_000);
  return [
    [Math.floor(minutes / 60), 1],
    [minutes % 60, 1],
    [hundredThousandths % 6_000_000, 100_000],
  ];
}

function exifSegment(photo: PhotoDescription, { width, height }: Picture): Buffer {
  const image = new Map<number, ExifValue>([
    [0x010e, { ascii: SAMPLE_NOTE }], // ImageDescription
    [0x010f, { ascii: 'DJI' }], // Make
    [0x0110, { ascii: droneOf(photo).model }], // Model
    [0x0112, { short: 1 }], // Orientation
    [0x011a, { fractions: [[72, 1]] }], // XResolution
    [0x011b, { fractions: [[72, 1]] }], // YResolution
    [0x0128, { short: 2 }], // ResolutionUnit: inch
    [0x0131, { ascii: 'dji-media-library sample' }], // Software
    [0x0132, { ascii: photo.takenAt }], // DateTime
  ]);
  const exif = new Map<number, ExifValue>([
    [0x829a, { fractions: [[1, 800]] }], // ExposureTime
    [0x829d, { fractions: [[28, 10]] }], // FNumber
    [0x8827, { short: 100 }], // ISOSpeedRatings
    [0x9000, { undefined: Buffer.from('0232', 'latin1') }], // ExifVersion
    [0x9003, { ascii: photo.takenAt }], // DateTimeOriginal
    [0x9004, { ascii: photo.takenAt }], // DateTimeDigitized
    [0x920a, { fractions: [[1229, 100]] }], // FocalLength
    [0x9286, { undefined: Buffer.from(`ASCII\0\0\0${SAMPLE_NOTE}`, 'latin1') }], // UserComment
    [0xa002, { long: width }], // PixelXDimension
    [0xa003, { long: height }], // PixelYDimension
    [0xa405, { short: 24 }], // FocalLengthIn35mmFilm
  ]);
  const gps = new Map<number, ExifValue>([
    [0, { bytes: [2, 3, 0, 0] }], // GPSVersionID
    [1, { ascii: photo.latitude < 0 ? 'S' : 'N' }], // GPSLatitudeRef
    [2, { fractions: degreeFractions(photo.latitude) }], // GPSLatitude
    [3, { ascii: photo.longitude < 0 ? 'W' : 'E' }], // GPSLongitudeRef
    [4, { fractions: degreeFractions(photo.longitude) }], // GPSLongitude
    [5, { bytes: [photo.absoluteAltitude < 0 ? 1 : 0] }], // GPSAltitudeRef: above or below the sea
    [6, { fractions: [[Math.round(Math.abs(photo.absoluteAltitude) * 1000), 1000]] }], // GPSAltitude
  ]);
  return segment(encodeExif(image, exif, gps));
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(digits)}`;

function xmpSegment(photo: PhotoDescription, { width, height }: Picture): Buffer {
  const isoTime = `${photo.takenAt.slice(0, 10).replaceAll(':', '-')}T${photo.takenAt.slice(11)}${photo.offset}`;
  const properties: Record<string, string | number> = {
    'xmp:ModifyDate': isoTime,
    'xmp:CreateDate': isoTime,
    'tiff:Make': 'DJI',
    'tiff:Model': droneOf(photo).model,
    'dc:format': 'image/jpeg',
    'drone-dji:ImageSource': 'WideCamera',
    'drone-dji:GpsStatus': 'Normal',
    'drone-dji:AltitudeType': 'GpsFusionAlt',
    'drone-dji:GpsLatitude': signed(photo.latitude, 9),
    'drone-dji:GpsLongitude': signed(photo.longitude, 9),
    'drone-dji:AbsoluteAltitude': signed(photo.absoluteAltitude, 3),
    'drone-dji:RelativeAltitude': signed(photo.relativeAltitude, 3),
    'drone-dji:GimbalRollDegree': '+0.00',
    'drone-dji:GimbalYawDegree': signed(photo.yawInDegrees, 2),
    'drone-dji:GimbalPitchDegree': signed(photo.pitchInDegrees, 2),
    'drone-dji:FlightRollDegree': '+1.10',
    'drone-dji:FlightYawDegree': signed(photo.yawInDegrees, 2),
    'drone-dji:FlightPitchDegree': '-2.40',
    'drone-dji:UTCAtExposure': new Date(isoTime).toISOString().replace('Z', '000'),
    'drone-dji:DroneModel': droneOf(photo).model,
    'drone-dji:DroneSerialNumber': droneOf(photo).serialNumber,
  };
  if (photo.panorama) {
    Object.assign(properties, {
      'GPano:ProjectionType': 'equirectangular',
      'GPano:UsePanoramaViewer': 'True',
      'GPano:FullPanoWidthPixels': photo.panorama.fullWidth,
      'GPano:FullPanoHeightPixels': photo.panorama.fullHeight,
      'GPano:CroppedAreaImageWidthPixels': width,
      'GPano:CroppedAreaImageHeightPixels': height,
      'GPano:CroppedAreaLeftPixels': 0,
      'GPano:CroppedAreaTopPixels': photo.panorama.top,
      'GPano:PoseHeadingDegrees': '180.0',
    });
  }
  const attributes = Object.entries(properties).map(([name, value]) => `   ${name}="${value}"`);
  const packet = [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">',
    ' <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '  <rdf:Description rdf:about="DJI Meta Data"',
    '   xmlns:tiff="http://ns.adobe.com/tiff/1.0/"',
    '   xmlns:xmp="http://ns.adobe.com/xap/1.0/"',
    '   xmlns:dc="http://purl.org/dc/elements/1.1/"',
    '   xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"',
    '   xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"',
    `${attributes.join('\n')}>`,
    `   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">${SAMPLE_NOTE}</rdf:li></rdf:Alt></dc:description>`,
    '  </rdf:Description>',
    ' </rdf:RDF>',
    '</x:xmpmeta>',
    '<?xpacket end="w"?>',
  ].join('\n');
  return segment(
    Buffer.concat([Buffer.from('http://ns.adobe.com/xap/1.0/\0', 'latin1'), Buffer.from(packet)]),
  );
}

/** An APP1 segment around a payload. */
function segment(payload: Buffer): Buffer {
  const header = Buffer.from([0xff, 0xe1, 0, 0]);
  header.writeUInt16BE(payload.length + 2, 2);
  return Buffer.concat([header, payload]);
}

/** The bytes of the file. They are always the same for the same picture and description. */
export function encodePhoto(picture: Picture, photo: PhotoDescription): Buffer {
  const { data, width, height } = picture;
  const encoded = jpeg.encode({ data, width, height }, photo.quality).data;
  const startOfImage = encoded.subarray(0, 2);
  return Buffer.concat([
    startOfImage,
    exifSegment(photo, picture),
    xmpSegment(photo, picture),
    encoded.subarray(2),
  ]);
}
