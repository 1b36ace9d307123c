import type { Library } from './library.ts';
import { type FingerprintHolder, reportOf } from './media-catalog.ts';
import type { MediaFile } from './media-file.ts';

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
  const { workspaceId, objectKey, versionId, fileId } = standing;
  const completed = await catalog.merge({ workspaceId, objectKey, versionId, fileId, report });
  await catalog.countToFlight(completed);
  return completed;
}

/**
 * Claims the fingerprint and marks twins as spares. It writes its own claim before it reads those of others, so
 * of two twins that are settled at the same time at least one sees the other. Resolves to the entry that stands.
 */
export async function settleFile(ports: SettlePorts, entry: MediaFile): Promise<MediaFile> {
  const file = await makeFindable(ports, entry);
  if (file.fileId !== entry.fileId || file.integrity !== 'verified' || file.md5 === undefined) return file;
  return await absorbTwins(ports, file, await ports.catalog.findByFingerprint(file.workspaceId, file.md5));
}

/**
 * Marks unreported versions with the same name and bytes as spares of a reported file: the device uploaded
 * them again under another key, since it lost the response. `holders` must have been read after the file's own
 * claim was written. Resolves to the file afterwards.
 */
export async function absorbTwins(
  { catalog }: Pick<SettlePorts, 'catalog'>,
  file: MediaFile,
  holders: readonly FingerprintHolder[],
): Promise<MediaFile> {
  const twins = holders.filter(({ fileId, name }) => fileId !== file.fileId && name === file.name);
  if (file.reportedAt === undefined) {
    const reported = twins.find((twin) => twin.reported);
    if (reported === undefined) return file;
    await catalog.releaseClaims(file);
    return await catalog.setSurplus(file, reported.fileId);
  }
  for (const twin of twins.filter(({ reported }) => !reported)) {
    const unreported = await catalog.findFile(file.workspaceId, twin.fileId);
    if (unreported === undefined || unreported.reportedAt !== undefined) continue;
    await catalog.releaseClaims(unreported);
    await catalog.setSurplus(unreported, file.fileId);
  }
  return file;
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
  { workspaceId, fileId, name, md5, integrity, surplusOf, removedAt, reportedAt }: MediaFile,
): Promise<{ readonly holders: readonly FingerprintHolder[]; readonly holds: boolean } | undefined> {
  const mayHold = integrity === 'verified' && surplusOf === undefined && removedAt === undefined;
  if (!mayHold || md5 === undefined) return undefined;
  const holders = await catalog.findByFingerprint(workspaceId, md5);
  const holds = holders.some(
    // The claim was made before the report, when that was cut off.
    (holder) => holder.fileId === fileId && (holder.reported || reportedAt === undefined),
  );
  const hasTwin = holders.some(
    (holder) =>
      holder.fileId !== fileId && holder.name === name && holder.reported === (reportedAt === undefined),
  );
  return holds && !hasTwin ? undefined : { holders, holds };
}
