/** The card of a dock's drone, with every kind of file of a flight. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** In bytes. */
export const MEBIBYTE = 1024 * 1024;
/** Files by path; one is long enough for parts of 5 MiB. */
export const FILES: Readonly<Record<string, Buffer>> = {
  'DJI_001/DJI_20260412093015_0001_W.JPG': Buffer.from('not really a photo'),
  'DJI_001/DJI_20260412093018_0002_W.JPG': Buffer.from('nor is this one'),
  'DJI_001/DJI_20260412093021_0003_W.MP4': Buffer.alloc(6 * MEBIBYTE, 'a video, long enough for parts. '),
  'DJI_001/DJI_20260412093021_0003_W.SRT': Buffer.from('1\n00:00:00,000 --> 00:00:01,000\n'),
  'DJI_001/DJI_202604120930_001_Timestamp.MRK': Buffer.from('1\t100.0\n'),
  'DJI_001/DJI_202604120930_001_PPKNAV.nav': Buffer.from('nav'),
  'DJI_001/DJI_202604120930_001_PPKOBS.obs': Buffer.from('obs'),
  'DJI_001/DJI_202604120930_001_PPKRAW.rtk': Buffer.from('rtk'),
  'DJI_001/DJI_202604120930_001_RTCM.DAT': Buffer.from('rtcm'),
};
/** How many they are. */
export const FILE_COUNT = Object.keys(FILES).length;

/** Writes them below `folder`. */
export async function writeCard(folder: string): Promise<void> {
  for (const [path, bytes] of Object.entries(FILES)) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}
