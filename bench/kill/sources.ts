/** What the cards hold, by the names under which devices bring it into the library. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { tinyFingerprint } from '../../devices/common/capture-time.ts';
import { md5OfEnds, readFolder } from '../../devices/common/files.ts';
import { readMetadata } from '../../devices/common/metadata.ts';
import { readFlight } from '../../devices/dock/flight.ts';
import { groupByFolder } from '../../devices/pilot/flight-groups.ts';
import type { FlightOwner } from '../../functions/core/flight.ts';

/** A file by what makes it one file of the library. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly md5: string;
}

/** A flight, with its files. */
export interface SourceFlight {
  readonly owner: FlightOwner;
  readonly flightId: string;
  readonly files: readonly SourceFile[];
  /** End of a file's object key, for a dock's flight. */
  readonly md5ByKeySuffix: ReadonlyMap<string, string>;
}

/** Text by which files are compared. */
export const fileKey = ({ name, path, md5 }: SourceFile): string => JSON.stringify([name, path, md5]);

const md5Of = (path: string): string => createHash('md5').update(readFileSync(path)).digest('hex');

/** The flights of a card that Pilot reads. */
export async function pilotFlights(card: string, workspaceId: string): Promise<SourceFlight[]> {
  const { files } = await readFolder(resolve(card));
  const candidates = [];
  for (const file of files) {
    const { captured } = await readMetadata(file);
    const ends = await md5OfEnds(file.absolutePath, file.bytes);
    candidates.push({ ...file, tinyFingerprint: tinyFingerprint(ends, captured) });
  }
  const groups = groupByFolder(candidates, [], workspaceId, resolve(card));
  return [...groups.values()].map(({ fileGroupId, directory }) => ({
    owner: 'pilot',
    flightId: fileGroupId,
    files: files
      .filter((file) => file.directory === directory)
      .map(({ name, absolutePath }) => ({ name, path: directory, md5: md5Of(absolutePath) })),
    md5ByKeySuffix: new Map(),
  }));
}

/** The flight in a folder that a dock plays. */
export async function dockFlight(folder: string, sn: string): Promise<SourceFlight> {
  const { flightId, files } = await readFlight({ from: folder, sn }, new AbortController().signal);
  const sources = files.map(({ name, businessPath, absolutePath, keySuffix }) => ({
    name,
    path: businessPath,
    md5: md5Of(absolutePath),
    keySuffix,
  }));
  return {
    owner: 'dock',
    flightId,
    files: sources.map(({ name, path, md5 }) => ({ name, path, md5 })),
    md5ByKeySuffix: new Map(sources.map(({ keySuffix, md5 }) => [keySuffix, md5])),
  };
}
