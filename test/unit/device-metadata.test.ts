import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toCreatedTime } from '../../devices/common/capture-time.ts';
import { readFolder } from '../../devices/common/files.ts';
import { readMetadata } from '../../devices/common/metadata.ts';
import { modelKeys } from '../../devices/common/models.ts';
import { encodePhoto, SAMPLE_NOTE } from '../../local/sample/photo-file.ts';
import { emptyPicture } from '../../local/sample/picture.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'uploader-metadata-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function metadataOf(name: string, content: Buffer | string) {
  await writeFile(join(folder, name), content);
  const [file] = (await readFolder(folder)).files;
  if (!file) throw new Error('no file found');
  return readMetadata(file);
}

const description = {
  name: 'DJI_20260412093015_0001_V.JPG',
  takenAt: '2026:04:12 09:30:15',
  offset: '+02:00',
  latitude: -48.72915,
  longitude: 11.03482,
  absoluteAltitude: 484.4,
  relativeAltitude: 96,
  yawInDegrees: -48.3,
  pitchInDegrees: -90,
  quality: 90,
};
const photo = encodePhoto(emptyPicture(16, 8), description);

/** A JPEG that is nothing but a start, an XMP packet and an end. */
function jpegWithXmp(properties: string, elements = ''): Buffer {
  const packet = `http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description ${properties}>${elements}</rdf:Description></rdf:RDF></x:xmpmeta>`;
  const length = Buffer.alloc(2);
  length.writeUInt16BE(packet.length + 2);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8, 0xff, 0xe1]),
    length,
    Buffer.from(packet),
    Buffer.from([0xff, 0xd9]),
    Buffer.alloc(64),
  ]);
}

describe('a photo', () => {
  it('has time and zone, altitudes, yaw, position, drone and serial number', async () => {
    const metadata = await metadataOf(description.name, photo);
    expect(toCreatedTime(metadata.captured)).toBe('2026-04-12T09:30:15+02:00');
    expect(metadata).toMatchObject({
      absoluteAltitude: 484.4,
      relativeAltitude: 96,
      gimbalYawDegree: -48.3,
      droneModelKey: '0-77-0',
      payloadModelKey: '1-66-0',
      serialNumber: '1581F000SAMPLE000001',
      isPanorama: false,
    });
    expect(metadata.position?.lat).toBeCloseTo(-48.72915, 7);
    expect(metadata.position?.lng).toBeCloseTo(11.03482, 7);
  });

  it('of the sample is marked as one', () => {
    expect(photo.toString('latin1').split(SAMPLE_NOTE)).toHaveLength(4);
  });

  it('is a panorama when its XMP has a projection', async () => {
    const panorama = { fullWidth: 16, fullHeight: 8, top: 0 };
    const metadata = await metadataOf(
      'DJI_0001.JPG',
      encodePhoto(emptyPicture(16, 8), { ...description, panorama }),
    );
    expect(metadata.isPanorama).toBe(true);
  });

  it('may have XMP elements, and a serial number of digits is text', async () => {
    const metadata = await metadataOf(
      'DJI_0001.JPG',
      jpegWithXmp(
        'drone-dji:GpsLatitude="+46.8426" drone-dji:GpsLongtitude="-91.9945"',
        '<drone-dji:RelativeAltitude>+39.80</drone-dji:RelativeAltitude><drone-dji:DroneSerialNumber>0123456789</drone-dji:DroneSerialNumber>',
      ),
    );
    expect(metadata).toMatchObject({
      relativeAltitude: 39.8,
      serialNumber: '0123456789',
      position: { lat: 46.8426, lng: -91.9945 },
    });
  });

  it('without a GPS fix has no position', async () => {
    const metadata = await metadataOf(
      'DJI_0001.JPG',
      jpegWithXmp('drone-dji:GpsLatitude="0.0" drone-dji:GpsLongitude="0.0"'),
    );
    expect(metadata.position).toBeUndefined();
  });

  it('of an unknown drone has no model keys', async () => {
    const metadata = await metadataOf('DJI_0001.JPG', jpegWithXmp('drone-dji:DroneModel="M99X"'));
    expect(metadata.droneModelKey).toBeUndefined();
  });

  it('that is truncated or not a photo still has the time in its name', async () => {
    for (const content of [Buffer.from('not a JPEG at all'), photo.subarray(0, 30), photo.subarray(0, 400)]) {
      const metadata = await metadataOf('DJI_20260412093015_0001_V.JPG', content);
      expect(toCreatedTime(metadata.captured)).toMatch(/^2026-04-12.09:30:15/);
    }
  });
});

describe('a video', () => {
  const box = (type: string, ...content: Buffer[]): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt32BE(8 + Buffer.concat(content).length);
    header.write(type, 4, 'latin1');
    return Buffer.concat([header, ...content]);
  };
  const place = (text: string): Buffer =>
    box('\u00a9xyz', Buffer.from([0, text.length, 0x15, 0xc7]), Buffer.from(text));

  it('has its position, anywhere in the file', async () => {
    const video = Buffer.concat([
      box('ftyp', Buffer.from('isom')),
      box('mdat', Buffer.alloc(5000)),
      box('moov', box('mvhd', Buffer.alloc(100)), box('udta', place('+46.8426-091.9946+198.310/'))),
    ]);
    const metadata = await metadataOf('DJI_20260412093015_0002_V.MP4', video);
    expect(metadata.position).toEqual({ lat: 46.8426, lng: -91.9946 });
    expect(toCreatedTime(metadata.captured)).toBe('2026-04-12 09:30:15');
  });

  it('that is truncated has no position', async () => {
    const header = Buffer.from([0x7f, 0xff, 0xff, 0xff, ...Buffer.from('moov')]);
    expect((await metadataOf('DJI_0001.MP4', header)).position).toBeUndefined();
    expect((await metadataOf('DJI_0001.MP4', 'x')).position).toBeUndefined();
  });
});

describe('modelKeys', () => {
  it('has the drone of its name, and the camera of its name', () => {
    expect(modelKeys('Matrice 350 RTK', 'ZH20T')).toEqual({
      droneModelKey: '0-89-0',
      payloadModelKey: '1-43-0',
    });
    expect(modelKeys('M30T', 'M30T')).toEqual({ droneModelKey: '0-67-1', payloadModelKey: '1-53-0' });
    expect(modelKeys(undefined, 'FC300S')).toEqual({});
    expect(modelKeys('constructor', '__proto__')).toEqual({});
  });
});
