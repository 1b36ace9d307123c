/** Unique files of any size, written as fast as the disk allows. */
import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK_SIZE_IN_BYTES = 4 * 1024 * 1024;
/** The first bytes of every JPEG. */
const JPEG_BEGINNING = Buffer.from([
  0xff,
  0xd8,
  0xff,
  0xe0,
  0,
  16,
  ...Buffer.from('JFIF\0'),
  1,
  1,
  0,
  0,
  1,
  0,
  1,
  0,
  0,
]);

/** After the header of a photo, in the bytes that tiny fingerprints are made from. */
const CHANGED_AT = 1024;

/** Random bytes. Every block, and so every part of a multipart upload, is different. */
export function writeRandomFile(path: string, bytes: number, beginning: Uint8Array = Buffer.alloc(0)): void {
  const block = randomBytes(Math.min(BLOCK_SIZE_IN_BYTES, bytes));
  const file = openSync(path, 'w');
  try {
    for (let written = 0; written < bytes; written += BLOCK_SIZE_IN_BYTES) {
      randomBytes(Math.min(1024, block.length)).copy(block);
      if (written === 0) block.set(beginning);
      writeSync(file, block, 0, Math.min(block.length, bytes - written), written);
    }
  } finally {
    closeSync(file);
  }
}

/** Files with the header of a photo, from this size to a third more. Returns their total size. */
export function writePhotos(folder: string, count: number, smallestSizeInBytes = 3_000_000): number {
  mkdirSync(folder, { recursive: true });
  let total = 0;
  for (let number = 1; number <= count; number++) {
    const bytes = smallestSizeInBytes + Math.floor((smallestSizeInBytes / 3) * (number / count));
    const name = `DJI_20240516114207_${String(number).padStart(4, '0')}_V.JPG`;
    writeRandomFile(join(folder, name), bytes, JPEG_BEGINNING);
    total += bytes;
  }
  return total;
}

/** Changes the bytes of every photo, so that it is not stored yet. */
export function changePhotos(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = openSync(join(folder, name), 'r+');
    writeSync(file, randomBytes(64), 0, 64, CHANGED_AT);
    closeSync(file);
  }
}
