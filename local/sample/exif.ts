/** Writes EXIF: a TIFF structure of tagged values, as cameras put it into their JPEGs. */

/** A value in one of EXIF's types. Fractions are pairs of whole numbers. */
export type ExifValue =
  | { readonly ascii: string }
  | { readonly bytes: readonly number[] }
  | { readonly short: number }
  | { readonly long: number }
  | { readonly fractions: readonly (readonly [number, number])[] }
  | { readonly undefined: Buffer };

/** Values by tag number. */
export type ExifDirectory = ReadonlyMap<number, ExifValue>;

interface Encoded {
  readonly type: number;
  readonly count: number;
  readonly bytes: Buffer;
}

function encode(value: ExifValue): Encoded {
  if ('ascii' in value) {
    const bytes = Buffer.from(`${value.ascii}\0`, 'latin1');
    return { type: 2, count: bytes.length, bytes };
  }
  if ('bytes' in value) return { type: 1, count: value.bytes.length, bytes: Buffer.from(value.bytes) };
  if ('undefined' in value) return { type: 7, count: value.undefined.length, bytes: value.undefined };
  if ('short' in value) {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value.short);
    return { type: 3, count: 1, bytes };
  }
  if ('long' in value) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value.long);
    return { type: 4, count: 1, bytes };
  }
  const bytes = Buffer.alloc(8 * value.fractions.length);
  for (const [index, [numerator, denominator]] of value.fractions.entries()) {
    bytes.writeUInt32LE(numerator, 8 * index);
    bytes.writeUInt32LE(denominator, 8 * index + 4);
  }
  return { type: 5, count: value.fractions.length, bytes };
}

/** A directory at an offset: its table, then the values that are longer than four bytes. */
function encodeDirectory(directory: ExifDirectory, offset: number): Buffer {
  const entries = [...directory].sort(([left], [right]) => left - right);
  const table = Buffer.alloc(2 + 12 * entries.length + 4);
  table.writeUInt16LE(entries.length, 0);
  const longValues: Buffer[] = [];
  let nextValue = offset + table.length;
  for (const [index, [tag, value]] of entries.entries()) {
    const { type, count, bytes } = encode(value);
    const at = 2 + 12 * index;
    table.writeUInt16LE(tag, at);
    table.writeUInt16LE(type, at + 2);
    table.writeUInt32LE(count, at + 4);
    if (bytes.length <= 4) {
      bytes.copy(table, at + 8);
      continue;
    }
    table.writeUInt32LE(nextValue, at + 8);
    const even = Buffer.concat([bytes, Buffer.alloc(bytes.length % 2)]);
    longValues.push(even);
    nextValue += even.length;
  }
  return Buffer.concat([table, ...longValues]);
}

const EXIF_POINTER = 0x8769;
const GPS_POINTER = 0x8825;

/** The payload of an EXIF segment: `Exif`, then the image's own directory with the two below it. */
export function encodeExif(image: ExifDirectory, exif: ExifDirectory, gps: ExifDirectory): Buffer {
  const header = Buffer.from([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0]);
  const withPointers = (exifOffset: number, gpsOffset: number): Buffer =>
    encodeDirectory(
      new Map<number, ExifValue>([
        ...image,
        [EXIF_POINTER, { long: exifOffset }],
        [GPS_POINTER, { long: gpsOffset }],
      ]),
      header.length,
    );
  // Pointers are of a fixed size, so a first pass tells where the others begin.
  const exifOffset = header.length + withPointers(0, 0).length;
  const exifBytes = encodeDirectory(exif, exifOffset);
  const gpsOffset = exifOffset + exifBytes.length;
  const parts = [header, withPointers(exifOffset, gpsOffset), exifBytes, encodeDirectory(gps, gpsOffset)];
  return Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), ...parts]);
}
