/** The flight in a folder: its id, its files, and its drone. */
import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { eachAtOnce } from '../common/each-at-once.ts';
import {
  type FoundFile,
  fileErrorReason,
  md5OfEnds,
  type PathWithReason,
  readFolder,
} from '../common/files.ts';
import { fileGroupId } from '../common/flight-id.ts';
import { readMetadata } from '../common/metadata.ts';
import { businessPath, type Drone, droneOf, type FlightFile, keySuffixes } from './flight-files.ts';

/** The folder, and what is known already. */
export interface FlightRequest {
  readonly from: string;
  readonly sn: string;
  readonly flightId?: string | undefined;
  readonly droneSn?: string | undefined;
}

/** A flight that can be uploaded. */
export interface DockFlight {
  readonly flightId: string;
  readonly drone: Drone;
  /** In the order of their paths. */
  readonly files: readonly FlightFile[];
  readonly skipped: readonly PathWithReason[];
  /** Files of the flight that cannot be read. */
  readonly unreadable: readonly PathWithReason[];
}

/** Files to read metadata from at once: some KiB of each. */
const LOOKED_AT_ONCE = 8;

/** A serial number in DJI's form, for a drone whose photos do not name one. */
const droneSnOf = (dockSn: string): string =>
  `1581F${createHash('sha256').update(dockSn).digest('hex').slice(0, 15).toUpperCase()}`;

/** The same folder is always the same flight of the same dock, also at another path or with more files. */
async function flightIdOf(sn: string, root: string, first: FoundFile | undefined): Promise<string> {
  const ends = first ? await md5OfEnds(first.absolutePath, first.bytes) : '';
  return fileGroupId(sn, basename(root), ends);
}

/** Reads a folder as a flight. */
export async function readFlight(request: FlightRequest, signal: AbortSignal): Promise<DockFlight> {
  const root = resolve(request.from);
  const contents = await readFolder(root);
  const unreadable = [...contents.unreadable];
  const readable: Omit<FlightFile, 'keySuffix' | 'businessPath'>[] = [];
  await eachAtOnce(contents.files, LOOKED_AT_ONCE, signal, async (file) => {
    try {
      readable.push({ ...file, metadata: await readMetadata(file) });
    } catch (error) {
      unreadable.push({ path: file.path, reason: fileErrorReason(error) });
    }
  });
  signal.throwIfAborted();
  readable.sort((left, right) => (left.path < right.path ? -1 : 1));

  const flightId = request.flightId ?? (await flightIdOf(request.sn, root, readable[0]));
  const suffixes = keySuffixes(readable, flightId);
  const metadata = readable.map((file) => file.metadata);
  const drone = droneOf(metadata, droneSnOf(request.sn));
  return {
    flightId,
    drone: request.droneSn ? { ...drone, sn: request.droneSn } : drone,
    files: readable.map((file) => ({
      ...file,
      keySuffix: suffixes.get(file.path) ?? `${flightId}/${file.path}`,
      businessPath: businessPath(file, root),
    })),
    skipped: contents.skipped,
    unreadable,
  };
}
