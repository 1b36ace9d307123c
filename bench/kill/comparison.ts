/** Compares what devices had, what the bucket holds, what the catalog says, and what flights count. */
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import { type FlightState, flightState } from '../../functions/core/flight.ts';
import { type MediaFile, uploadedFileId } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';
import type { PilotAcknowledgement } from './acknowledgements.ts';
import type { LibraryState } from './library-state.ts';
import { fileKey, type SourceFile, type SourceFlight } from './sources.ts';

/** What devices had, and what they were told. */
export interface Told {
  readonly workspaceId: string;
  /** Flights of cards that were brought in. */
  readonly flights: readonly SourceFlight[];
  readonly pilot: readonly PilotAcknowledgement[];
  /** Object keys that docks reported, and were told that the file is stored. */
  readonly dockKeys: readonly string[];
}

/** What is wrong, in words; nothing is, when all lists are empty. */
export interface Findings {
  /** The device was told that the file is stored, and it is not. */
  readonly acknowledgedAndMissing: readonly string[];
  /** The device ended well, and the file is not in the library. */
  readonly sourcesMissing: readonly string[];
  readonly versionsInNoEntry: readonly string[];
  /** Entries that say something of their bytes that is not so, or stand in no list or the wrong one. */
  readonly wrongEntries: readonly string[];
  /** Listed twice: the same name, path and bytes. */
  readonly filesTwice: readonly string[];
  readonly wrongFlights: readonly string[];
}

/** How many things are wrong. */
export const countFindings = (findings: Findings): number =>
  Object.values(findings).reduce((sum, list: readonly string[]) => sum + list.length, 0);

const isPresent = (file: MediaFile): boolean => file.removedAt === undefined;
const isListed = (file: MediaFile): boolean => isPresent(file) && file.surplusOf === undefined;

const asSource = ({ name, path = '', md5 }: MediaFile): SourceFile => ({
  name,
  path,
  md5: String(md5 ?? ''),
});

const duplicates = (texts: readonly string[]): string[] => [
  ...new Set(texts.filter((text, index) => texts.indexOf(text) !== index)),
];

/** Everything that does not fit together. */
export async function compare(told: Told, library: LibraryState): Promise<Findings> {
  const byKey = Map.groupBy(library.entries.filter(isListed), (file) => fileKey(asSource(file)));
  return {
    acknowledgedAndMissing: acknowledgedAndMissing(told, library, byKey),
    sourcesMissing: sourcesMissing(told, byKey),
    versionsInNoEntry: versionsInNoEntry(told, library),
    wrongEntries: await wrongEntries(library),
    filesTwice: filesTwice(library, byKey),
    wrongFlights: await wrongFlights(told, library),
  };
}

/**
 * The same for a catalog that was built again from the bucket alone. Nothing is left of what devices reported: names are
 * those of object keys, nothing is known of flights, and a hit on these bytes is all that a device can be given.
 */
export async function compareRebuilt(told: Told, library: LibraryState): Promise<Findings> {
  const listed = library.entries.filter(isListed);
  const verified = new Set(listed.filter((file) => file.integrity === 'verified').map(({ md5 }) => md5));
  const isHit = async (md5: string): Promise<boolean> =>
    verified.has(md5 as Fingerprint) && (await library.isHit(md5));
  const dockMd5s = told.dockKeys.map((objectKey) => ({ objectKey, md5: dockMd5(told, library, objectKey) }));
  const flightIds = new Set(told.flights.map(({ owner, flightId }) => JSON.stringify({ owner, flightId })));
  return {
    acknowledgedAndMissing: [
      ...(await missing(told.pilot, ({ md5 }) => isHit(md5))).map((file) => `Pilot: ${fileKey(file)}`),
      ...(await missing(dockMd5s, async ({ md5 }) => md5 !== undefined && (await isHit(md5)))).map(
        ({ objectKey }) => `dock: ${objectKey}`,
      ),
    ],
    sourcesMissing: (
      await missing(
        told.flights.flatMap(({ files }) => files),
        ({ md5 }) => isHit(md5),
      )
    ).map(fileKey),
    versionsInNoEntry: versionsInNoEntry(told, library),
    wrongEntries: await wrongEntries(library),
    filesTwice: duplicates(listed.map((file) => JSON.stringify([belowPrefix(file.objectKey), file.md5]))),
    wrongFlights: await missing([...flightIds], async (flight) => {
      const { owner, flightId } = JSON.parse(flight) as SourceFlight;
      return (await library.findFlight(flightId, owner)) === undefined;
    }),
  };
}

/** An object key without workspace, reporter and the part that each credential has for itself. */
const belowPrefix = (objectKey: string): string => objectKey.split('/').slice(3).join('/');

async function missing<Item>(
  items: readonly Item[],
  isThere: (item: Item) => Promise<boolean>,
): Promise<Item[]> {
  const found = await Promise.all(items.map(isThere));
  return items.filter((_, index) => !found[index]);
}

type ListedByKey = ReadonlyMap<string, readonly MediaFile[]>;

/** Whether the entry is one that a device may rely on: it was reported, and the server knows its bytes. */
const isReliable = (file: MediaFile): boolean =>
  file.reportedAt !== undefined && file.integrity === 'verified';

function acknowledgedAndMissing(
  told: Told,
  { versions, entries }: LibraryState,
  byKey: ListedByKey,
): string[] {
  const md5s = new Set(versions.map(({ md5 }) => md5));
  const ofPilot = told.pilot.filter(
    (file) => !md5s.has(file.md5) || !byKey.get(fileKey(file))?.some(isReliable),
  );
  const ofDocks = told.dockKeys.filter((objectKey) => {
    const md5 = dockMd5(told, { versions }, objectKey);
    return (
      md5 === undefined || !entries.some((file) => isListed(file) && isReliable(file) && file.md5 === md5)
    );
  });
  return [...ofPilot.map((file) => `Pilot: ${fileKey(file)}`), ...ofDocks.map((key) => `dock: ${key}`)];
}

/** The MD5 of the bytes that a dock has put there; undefined when they are not there. */
function dockMd5(
  { flights }: Told,
  { versions }: Pick<LibraryState, 'versions'>,
  objectKey: string,
): string | undefined {
  const sources = flights.flatMap(({ md5ByKeySuffix }) => [...md5ByKeySuffix]);
  const [, md5] = sources.find(([suffix]) => objectKey.endsWith(`/${suffix}`)) ?? [];
  return versions.find((one) => one.objectKey === objectKey && (md5 ?? one.md5) === one.md5)?.md5;
}

const sourcesMissing = ({ flights }: Told, byKey: ListedByKey): string[] =>
  flights.flatMap(({ owner, files }) =>
    files
      .filter((file) => !byKey.get(fileKey(file))?.some(isReliable))
      .map((file) => `${owner}: ${fileKey(file)}`),
  );

function versionsInNoEntry({ workspaceId }: Told, { versions, entries }: LibraryState): string[] {
  const ids = new Set(entries.filter(isPresent).map(({ fileId }) => fileId));
  return versions
    .filter((version) => !ids.has(uploadedFileId({ ...version, workspaceId: workspaceId as WorkspaceId })))
    .map(({ objectKey, versionId }) => `${objectKey} ${versionId}`);
}

async function wrongEntries({ versions, entries, listed, isHit }: LibraryState): Promise<string[]> {
  const wrong: string[] = [];
  const stored = new Map(versions.map((version) => [`${version.objectKey} ${version.versionId}`, version]));
  const ids = new Set(listed);
  const byId = new Map(entries.map((file) => [file.fileId, file]));
  for (const file of entries) {
    const say = (what: string): void => void wrong.push(`${file.objectKey} as ${file.name}: ${what}`);
    const version = stored.get(`${file.objectKey} ${file.versionId}`);
    if (version === undefined) {
      if (isPresent(file)) say('its version is not in the bucket');
      continue;
    }
    if (!isPresent(file)) say('it counts as removed, and its version is in the bucket');
    if (file.sizeInBytes !== version.sizeInBytes) say(`its size is not ${version.sizeInBytes}`);
    if (file.md5 !== version.md5) say(`its MD5 is ${file.md5}, and not ${version.md5}`);
    if (file.integrity !== 'verified') say(`it is ${file.integrity}`);
    else if (!(await isHit(version.md5))) say('it is no hit');
    if (isListed(file) !== ids.has(file.fileId)) say(isListed(file) ? 'it is in no list' : 'it is in a list');
    const holder = file.surplusOf === undefined ? undefined : byId.get(file.surplusOf);
    if (
      file.surplusOf !== undefined &&
      (holder === undefined || !isListed(holder) || holder.md5 !== file.md5)
    )
      say('it is a spare of something else');
  }
  for (const fileId of duplicates(listed)) wrong.push(`${fileId} stands in the list twice`);
  return wrong;
}

function filesTwice({ entries }: LibraryState, byKey: ListedByKey): string[] {
  const twice = [...byKey].filter(([, files]) => files.length > 1).map(([key]) => key);
  // Nobody knows the path of a version that was never reported. Beside a reported file of its name and bytes it is that file.
  const listed = entries.filter(isListed);
  const nameAndBytes = ({ name, md5 }: MediaFile) => JSON.stringify([name, md5]);
  const reported = new Set(listed.filter(({ reportedAt }) => reportedAt !== undefined).map(nameAndBytes));
  const again = listed.filter((file) => file.reportedAt === undefined && reported.has(nameAndBytes(file)));
  return [...twice, ...again.map((file) => `${file.name}, which nobody reported: ${file.objectKey}`)];
}

async function wrongFlights({ flights }: Told, library: LibraryState): Promise<string[]> {
  const wrong: string[] = [];
  const byFlight = Map.groupBy(flights, ({ owner, flightId }) => `${owner} ${flightId}`);
  for (const [name, parts] of byFlight) {
    const [{ owner, flightId } = { owner: 'pilot' as const, flightId: '' }] = parts;
    const count = new Set(parts.flatMap(({ files }) => files.map(fileKey))).size;
    const flight = await library.findFlight(flightId, owner);
    if (flight === undefined) {
      wrong.push(`${name}: nothing is known of it`);
      continue;
    }
    const expected = { received: count, expected: count, state: 'complete', told: 'complete' };
    const actual = {
      received: flight.receivedFileCount,
      expected: flight.expectedFileCount,
      state: flightState(flight, Date.now()) satisfies FlightState,
      told: flight.announcedState,
    };
    if (JSON.stringify(actual) !== JSON.stringify(expected))
      wrong.push(`${name}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }
  return wrong;
}
