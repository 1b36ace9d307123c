import { describe, expect, it } from 'vitest';
import { compare, compareRebuilt, countFindings, type Told } from '../../bench/kill/comparison.ts';
import type { LibraryState } from '../../bench/kill/library-state.ts';
import type { Fingerprint } from '../../functions/core/fingerprint.ts';
import type { Flight } from '../../functions/core/flight.ts';
import { type MediaFile, toMediaFile, uploadedFileId } from '../../functions/core/media-file.ts';
import type { WorkspaceId } from '../../functions/core/workspace.ts';

const WORKSPACE = 'a5d7e1c2-3b64-4f0e-9c1d-6f2b8e4a7001' as WorkspaceId;
const MD5 = 'a'.repeat(32) as Fingerprint;
const OTHER = 'b'.repeat(32) as Fingerprint;
const NAME = 'DJI_0001.JPG';
const PATH = 'DCIM/1';
const KEY = `${WORKSPACE}/scope/first/${PATH}/${NAME}`;
const AGAIN = `${WORKSPACE}/scope/second/${PATH}/${NAME}`;

const version = (objectKey = KEY, md5: string = MD5) => ({
  objectKey,
  versionId: `of ${objectKey}`,
  sizeInBytes: 4,
  md5,
});

const entry = (objectKey = KEY, changes: Partial<MediaFile> = {}): MediaFile => {
  const stored = { workspaceId: WORKSPACE, ...version(objectKey), md5: MD5 };
  const reported = {
    reporter: { kind: 'pilot', name: 'pilot' },
    reportedAt: '2024-05-16T03:42:07Z',
  } as const;
  return {
    ...toMediaFile({
      ...stored,
      ...reported,
      fileId: uploadedFileId(stored),
      name: NAME,
      path: PATH,
      eTag: MD5,
    }),
    ...changes,
  };
};

const unreported = (file: MediaFile): MediaFile => {
  const { reportedAt: _at, reporter: _reporter, path: _path, ...facts } = file;
  return facts;
};

const FLIGHT: Flight = {
  workspaceId: WORKSPACE,
  flightId: 'flight-1',
  owner: 'pilot',
  expectedFileCount: 1,
  uploadedFileCount: 1,
  receivedFileCount: 1,
  receivedInBytes: 4,
  missing: [],
  announcedState: 'complete',
};

const library = (changes: Partial<LibraryState> = {}): LibraryState => {
  const entries = changes.entries ?? [entry()];
  return {
    versions: [version()],
    entries,
    listed: entries
      .filter(({ surplusOf, removedAt }) => surplusOf === undefined && removedAt === undefined)
      .map(({ fileId }) => fileId),
    findFlight: async () => FLIGHT,
    isHit: async () => true,
    close: () => {},
    ...changes,
  };
};

const file = { name: NAME, path: PATH, md5: MD5 };
const TOLD: Told = {
  workspaceId: WORKSPACE,
  flights: [{ owner: 'pilot', flightId: 'flight-1', files: [file], md5ByKeySuffix: new Map() }],
  pilot: [{ workspaceId: WORKSPACE, ...file, objectKey: KEY }],
  dockKeys: [],
};

const wrong = async (changes: Partial<LibraryState>, told = TOLD): Promise<string[]> => {
  const findings = await compare(told, library(changes));
  return Object.entries(findings).flatMap(([what, found]) => (found.length > 0 ? [what] : []));
};

describe('the comparison of the kill test', () => {
  it('finds nothing in a library that is right', async () => {
    expect(countFindings(await compare(TOLD, library()))).toBe(0);
  });

  it.each<[what: string, changes: Partial<LibraryState>, found: string]>([
    ['acknowledged bytes that are gone', { versions: [] }, 'acknowledgedAndMissing'],
    [
      'an acknowledged file that nobody reported',
      { entries: [unreported(entry())] },
      'acknowledgedAndMissing',
    ],
    ['a source that is in no list', { entries: [entry(KEY, { surplusOf: 'other' })] }, 'sourcesMissing'],
    ['a version without an entry', { versions: [version(), version(AGAIN)] }, 'versionsInNoEntry'],
    ['an entry without its version', { entries: [entry(), entry(AGAIN)] }, 'wrongEntries'],
    ['an entry with another MD5', { versions: [version(KEY, OTHER)] }, 'wrongEntries'],
    ['an entry that counts as removed', { entries: [entry(KEY, { removedAt: 'now' })] }, 'wrongEntries'],
    ['an entry that is not in the list', { listed: [] }, 'wrongEntries'],
    ['bytes that are no hit', { isHit: async () => false }, 'wrongEntries'],
    [
      'two entries for one file',
      { versions: [version(), version(AGAIN)], entries: [entry(), entry(AGAIN)] },
      'filesTwice',
    ],
    [
      'an upload whose report was lost beside a reported one',
      { versions: [version(), version(AGAIN)], entries: [entry(), unreported(entry(AGAIN))] },
      'filesTwice',
    ],
    ['an unknown flight', { findFlight: async () => undefined }, 'wrongFlights'],
    [
      'a flight with too few files',
      { findFlight: async () => ({ ...FLIGHT, receivedFileCount: 0 }) },
      'wrongFlights',
    ],
    [
      'a flight whose end nobody was told of',
      { findFlight: async () => ({ ...FLIGHT, announcedState: 'uploading' }) },
      'wrongFlights',
    ],
  ])('finds %s', async (_what, changes, found) => {
    expect(await wrong(changes)).toContain(found);
  });

  it("finds a dock's acknowledged file that is gone", async () => {
    expect(await wrong({}, { ...TOLD, dockKeys: [AGAIN] })).toEqual(['acknowledgedAndMissing']);
    expect(await wrong({}, { ...TOLD, dockKeys: [KEY] })).toEqual([]);
  });
});

describe('the comparison after the catalog was built again', () => {
  const rebuilt = (changes: Partial<LibraryState> = {}) =>
    library({ entries: [unreported(entry())], findFlight: async () => undefined, ...changes });

  it('finds nothing in a library that is right', async () => {
    expect(countFindings(await compareRebuilt(TOLD, rebuilt()))).toBe(0);
  });

  it('finds acknowledged bytes that are no hit', async () => {
    const { acknowledgedAndMissing } = await compareRebuilt(TOLD, rebuilt({ isHit: async () => false }));
    expect(acknowledgedAndMissing).toHaveLength(1);
  });

  it('finds versions of one file that stand side by side', async () => {
    const entries = [unreported(entry()), unreported(entry(AGAIN))];
    const { filesTwice } = await compareRebuilt(
      TOLD,
      rebuilt({ entries, versions: [version(), version(AGAIN)] }),
    );
    expect(filesTwice).toHaveLength(1);
  });
});
