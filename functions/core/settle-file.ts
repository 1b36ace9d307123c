import type { Library } from './library.ts';
import { type FingerprintHolder, reportOf } from './media-catalog.ts';
import { entryRefOf, type MediaFile } from './media-file.ts';
import { keyBelowPrefix } from './object-key.ts';

type SettlePorts = Pick<Library, 'catalog' | 'storage'>;

/**
 * Lets a file hold its fingerprint: from now on devices may skip uploads of these bytes. Only for bytes whose
 * MD5 the server knows and no device contradicts.
 *
 * The same name, path and bytes are one entry. When another entry has them already, this version becomes its
 * spare, and what the report adds goes to that entry. Resolves to the listed entry.
 */
export async function makeFindable(ports: SettlePorts, file: MediaFile): Promise<MediaFile> {
  const { catalog } = ports;
  if (file.integrity !== 'verified' || file.removedAt !== undefined) return file;
  const [holder] = await Promise.all([catalog.claimFingerprint(file), catalog.claimTinyFingerprint(file)]);
  if (holder === undefined) return file;
  if (holder.fileId === file.fileId) {
    // It was a spare of a file with another path, until its own path was reported.
    const isOwn = file.surplusOf !== undefined && file.reportedAt !== undefined;
    return isOwn ? await catalog.setSurplus(file, undefined) : file;
  }
  const standing = await findPresent(ports, holder);
  if (standing === undefined) {
    // Its bytes are gone; the bucket's notification has not arrived yet.
    await releaseFile(ports, { ...file, ...holder });
    return await makeFindable(ports, file);
  }
  await catalog.setSurplus(file, standing.fileId);
  return await completeReport(ports, standing, file);
}

/**
 * Takes back what makes a file a hit. Another present file may have the same tiny fingerprint, under another
 * path or since its own upload: the marker goes to it.
 */
export async function releaseFile(ports: SettlePorts, file: MediaFile): Promise<void> {
  const { catalog } = ports;
  const { workspaceId, fileId, md5, tinyFingerprint } = file;
  await catalog.releaseClaims(file);
  if (md5 === undefined || tinyFingerprint === undefined) return;
  for (const holder of await catalog.findByFingerprint(workspaceId, md5)) {
    const other = holder.fileId === fileId ? undefined : await findPresent(ports, holder);
    if (other?.tinyFingerprint !== tinyFingerprint) continue;
    await catalog.claimTinyFingerprint(other);
    const now = await catalog.findFile(workspaceId, other.fileId);
    if (now !== undefined && now.removedAt === undefined) return;
    // It was removed meanwhile.
    await catalog.releaseClaims(other);
  }
}

/** The holder's entry, if its bytes are present. */
async function findPresent(
  { catalog, storage }: SettlePorts,
  { workspaceId, fileId, objectKey, versionId }: FingerprintHolder,
): Promise<MediaFile | undefined> {
  const [file, stored] = await Promise.all([
    catalog.findFile(workspaceId, fileId),
    storage.find(objectKey, versionId),
  ]);
  return stored !== undefined && file?.removedAt === undefined ? file : undefined;
}

/** Adds to an entry what another report of the same file says, and its own did not. */
async function completeReport(
  { catalog }: SettlePorts,
  standing: MediaFile,
  other: MediaFile,
): Promise<MediaFile> {
  const report = reportOf(other);
  if (report === undefined) return standing;
  const completed = await catalog.merge({ ...entryRefOf(standing), report });
  await catalog.countToFlight(completed);
  return completed;
}

/**
 * Claims the fingerprint and marks twins as spares. It writes its own claim before it reads those of others, so
 * of two twins that are settled at the same time at least one sees the other. Resolves to the entry that stands.
 */
export async function settleFile(ports: SettlePorts, entry: MediaFile): Promise<MediaFile> {
  const file = await makeFindable(ports, entry);
  return file.fileId === entry.fileId ? await settleTwins(ports, file) : file;
}

/** Looks for twins of a file whose claim was written, and marks spares. Resolves to the file afterwards. */
export async function settleTwins(ports: Pick<SettlePorts, 'catalog'>, file: MediaFile): Promise<MediaFile> {
  const { workspaceId, md5, integrity } = file;
  if (integrity !== 'verified' || md5 === undefined) return file;
  return await absorbTwins(ports, file, await ports.catalog.findByFingerprint(workspaceId, md5));
}

/**
 * Marks unreported versions with the same name and bytes as spares of a reported file: the device uploaded
 * them again under another key, since it lost the response. When no version was reported, the one with the
 * lowest id stands, and the others are its spares, if their keys below the prefixes are the same. `holders` must
 * have been read after the file's own claim was written. Resolves to the file afterwards.
 */
async function absorbTwins(
  { catalog }: Pick<SettlePorts, 'catalog'>,
  file: MediaFile,
  holders: readonly FingerprintHolder[],
): Promise<MediaFile> {
  const twins = holders.filter((holder) => isTwin(file, holder));
  if (file.reportedAt === undefined) {
    const standing = twins.find(({ reported }) => reported) ?? lowest(twins);
    if (standing && (standing.reported || standing.fileId < file.fileId))
      return await becomeSpare(catalog, file, standing.fileId);
  }
  for (const twin of twins) {
    const unreported = await catalog.findFile(file.workspaceId, twin.fileId);
    if (unreported !== undefined && unreported.reportedAt === undefined)
      await becomeSpare(catalog, unreported, file.fileId);
  }
  return file;
}

/** Whether the file and a holder of its bytes are the same file. One of the two is unreported. */
const isTwin = (
  { fileId, name, objectKey, reportedAt }: Pick<MediaFile, 'fileId' | 'name' | 'objectKey' | 'reportedAt'>,
  holder: FingerprintHolder,
): boolean => {
  if (holder.fileId === fileId || holder.name !== name) return false;
  if (reportedAt !== undefined || holder.reported) return reportedAt === undefined || !holder.reported;
  const path = keyBelowPrefix(objectKey);
  return path !== undefined && path === keyBelowPrefix(holder.objectKey);
};

const lowest = (holders: readonly FingerprintHolder[]): FingerprintHolder | undefined =>
  holders.toSorted((one, other) => (one.fileId < other.fileId ? -1 : 1))[0];

/**
 * Marks an unreported version as a spare, with its own spares. The claims are released last: after a crash in
 * between they lead here again. When it has been reported meanwhile, it stays.
 */
async function becomeSpare(
  catalog: SettlePorts['catalog'],
  file: MediaFile,
  holderFileId: string,
): Promise<MediaFile> {
  const spare = await catalog.setSurplus(file, holderFileId);
  if (spare.surplusOf !== holderFileId) return spare;
  for (const spareId of await catalog.listSurplus(file)) {
    const own = await catalog.findFile(file.workspaceId, spareId);
    if (own?.surplusOf === file.fileId) await catalog.setSurplus(own, holderFileId);
  }
  await catalog.releaseClaims(file);
  return spare;
}

/** Makes claims that a crash may have left out, and marks spares. Resolves to the entry afterwards. */
export async function settleClaims(ports: SettlePorts, entry: MediaFile): Promise<MediaFile> {
  const open = await findOpenClaims(ports, entry);
  if (open === undefined) return entry;
  if (open.holds) return await absorbTwins(ports, entry, open.holders);
  // The report was cut off. The flight counts the file before a claim lets other devices skip it.
  if (entry.reportedAt !== undefined) await ports.catalog.countToFlight(entry);
  return await settleFile(ports, entry);
}

/** The holders of an entry's fingerprint, and whether it is one of them; undefined when all is correct. */
export async function findOpenClaims(
  { catalog }: Pick<SettlePorts, 'catalog'>,
  file: MediaFile,
): Promise<{ readonly holders: readonly FingerprintHolder[]; readonly holds: boolean } | undefined> {
  const { workspaceId, fileId, md5, integrity, surplusOf, removedAt, reportedAt } = file;
  const mayHold = integrity === 'verified' && surplusOf === undefined && removedAt === undefined;
  if (!mayHold || md5 === undefined) return undefined;
  const holders = await catalog.findByFingerprint(workspaceId, md5);
  const holds = holders.some(
    // The claim was made before the report, when that was cut off.
    (holder) => holder.fileId === fileId && (holder.reported || reportedAt === undefined),
  );
  const hasTwin = holders.some((holder) => isTwin(file, holder));
  return holds && !hasTwin ? undefined : { holders, holds };
}
