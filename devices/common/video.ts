/** The position where a video was taken, from MP4 and MOV files. */
import { type FileHandle, open } from 'node:fs/promises';

/** WGS-84, in degrees. */
export interface Position {
  readonly lat: number;
  readonly lng: number;
}

interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** ISO 6709, such as `+46.8426-091.9946+198.310/`. */
function parseIso6709(text: string): Position | undefined {
  const match = /^([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)/.exec(text);
  const lat = Number(match?.[1]);
  const lng = Number(match?.[2]);
  if (!match || Math.abs(lat) > 90 || Math.abs(lng) > 180 || (lat === 0 && lng === 0)) return undefined;
  return { lat, lng };
}

/** The boxes in a range of the file. Only their headers are read. A wrong size ends the list. */
async function* boxesIn(handle: FileHandle, start: number, end: number): AsyncGenerator<Box> {
  const header = Buffer.alloc(16);
  for (let at = start; at + 8 <= end; ) {
    const { bytesRead } = await handle.read(header, 0, 16, at);
    if (bytesRead < 8) return;
    const shortSize = header.readUInt32BE(0);
    const size = shortSize === 1 ? Number(header.readBigUInt64BE(8)) : shortSize === 0 ? end - at : shortSize;
    const headerLengthInBytes = shortSize === 1 ? 16 : 8;
    if (size < headerLengthInBytes || at + size > end) return;
    yield { type: header.toString('latin1', 4, 8), start: at + headerLengthInBytes, end: at + size };
    at += size;
  }
}

async function findBox(
  handle: FileHandle,
  type: string,
  start: number,
  end: number,
): Promise<Box | undefined> {
  for await (const box of boxesIn(handle, start, end)) if (box.type === type) return box;
  return undefined;
}

/** Reads `moov/udta/©xyz`. Undefined when the video has none, or is cut off. */
export async function readVideoPosition(absolutePath: string, bytes: number): Promise<Position | undefined> {
  const handle = await open(absolutePath, 'r');
  try {
    const movie = await findBox(handle, 'moov', 0, bytes);
    const userData = movie && (await findBox(handle, 'udta', movie.start, movie.end));
    const place = userData && (await findBox(handle, '\u00a9xyz', userData.start, userData.end));
    if (!place) return undefined;
    const value = Buffer.alloc(Math.min(64, place.end - place.start));
    await handle.read(value, 0, value.length, place.start);
    // The text follows two bytes of length and two of language.
    return parseIso6709(value.toString('latin1', 4));
  } finally {
    await handle.close();
  }
}
