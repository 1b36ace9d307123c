import type { ObjectDigester } from '../functions/core/object-storage.ts';
import {
  type LibraryToReconcile,
  type ReconcileCounts,
  type ReconcileFinding,
  type ReconcileProgress,
  reconcile,
} from '../functions/core/reconcile.ts';
import type { WorkspaceId } from '../functions/core/workspace.ts';
import type { LongRun } from './command.ts';
import type { ReconcilePlaces } from './reconcile-places.ts';
import { Unfinished } from './refusal.ts';

/** The options of a run. */
export interface ReconcileRequest {
  readonly workspaceId?: WorkspaceId | undefined;
  readonly dryRun: boolean;
  /** Reads versions whose MD5 is unknown, instead of requesting that the function does. */
  readonly verify: boolean;
  /** Begins at the beginning, not where an earlier run stopped. */
  readonly anew: boolean;
  /** Versions and markers of a page. */
  readonly pageSize?: number | undefined;
}

/** The counts as they are printed. */
const toAnswer = (
  { dryRun, verify }: ReconcileRequest,
  {
    objectKeys,
    versions,
    ignored,
    entries,
    added,
    removed,
    restored,
    claimed,
    unread,
    mismatched,
    flights,
    failures,
  }: ReconcileCounts,
) => ({
  dry_run: dryRun,
  objects: objectKeys,
  versions,
  other_objects: ignored,
  entries,
  added,
  removed,
  restored,
  claimed,
  ...(verify && !dryRun ? { read: unread, mismatches: mismatched } : { unread }),
  ...(!dryRun && { flights_told: flights }),
  failures,
});

/** Escapes control characters. */
const printable = (objectKey: string): string =>
  /\p{Cc}/u.test(objectKey) ? JSON.stringify(objectKey) : objectKey;

function lineOf(finding: ReconcileFinding): string {
  const { what } = finding;
  const label = what.padEnd(10);
  if (what === 'failure') return `${label} ${printable(finding.objectKey)}: ${textOf(finding.error)}`;
  if (what === 'flight') return `${label} ${printable(finding.flight.flightId)}`;
  return `${label} ${printable(finding.version.objectKey)} (version ${finding.version.versionId})`;
}

const textOf = (error: unknown): string => {
  const { name, message } = error as Error;
  return `${name}: ${message}`;
};

const number = new Intl.NumberFormat('en');

function progressLine({ stage, counts }: ReconcileProgress): string {
  const { objectKeys, versions, entries, added, removed, restored, claimed, unread, failures } = counts;
  const walked = [
    `${number.format(objectKeys)} objects, ${number.format(versions)} versions`,
    ...(stage === 'bucket' ? [] : [`${number.format(entries)} entries`]),
  ];
  const found = Object.entries({ added, removed, restored, claimed, unread, failures })
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${number.format(count)} ${what}`);
  return `… ${walked.join(', ')}: ${found.join(', ') || 'all in order'}`;
}

/**
 * Compares catalog and bucket, and corrects the catalog. Continues where an earlier run with the same options
 * stopped, and saves its place after each page. Throws `Unfinished` when it was stopped or something failed.
 */
export async function reconcileLibrary(
  library: LibraryToReconcile & { readonly digester: ObjectDigester },
  request: ReconcileRequest,
  places: ReconcilePlaces,
  { tell, interruption }: LongRun,
): Promise<ReturnType<typeof toAnswer>> {
  const signal = interruption();
  const { digester } = library;
  if (request.anew) await places.forget();
  const place = places.find();
  if (place) tell(`Continuing the run that stopped at ${place.saved_at}. --anew begins at the beginning.`);

  const run = reconcile(library, {
    workspaceId: request.workspaceId,
    changesNothing: request.dryRun,
    // Ctrl-C ends a long read.
    digester: request.verify
      ? { digest: (key, version) => digester.digest(key, version, signal) }
      : undefined,
    from: place?.progress,
    pageSize: request.pageSize,
    signal,
    onFinding: (finding) => tell(lineOf(finding)),
  });
  let progress = place?.progress;
  try {
    for await (progress of run) {
      await places.save(progress);
      tell(progressLine(progress));
    }
  } catch (error) {
    throw unfinished(request, progress, textOf(error), 1);
  }
  if (progress?.stage !== 'done') throw unfinished(request, progress, 'Stopped.', 130);
  await places.forget();
  const { failures } = progress.counts;
  const answer = toAnswer(request, progress.counts);
  if (failures > 0) throw new Unfinished(`${failures} object keys failed. Run the command again.`, answer, 1);
  return answer;
}

function unfinished(
  request: ReconcileRequest,
  progress: ReconcileProgress | undefined,
  reason: string,
  exitCode: number,
): Unfinished {
  const answer = progress ? toAnswer(request, progress.counts) : {};
  return new Unfinished(`${reason}\nThe same command continues from here.`, answer, exitCode);
}
