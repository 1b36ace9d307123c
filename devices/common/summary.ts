/** The result of a run. */
import type { PathWithReason } from './files.ts';

/** `linked`: the bytes were stored already, and have this name as well now. */
export type FileState = 'uploaded' | 'already-there' | 'linked' | 'failed';

/** The result for one file. */
export interface FileOutcome {
  readonly path: string;
  readonly state: FileState;
  readonly bytes: number;
  readonly objectKey?: string;
  /** Why it failed. */
  readonly reason?: string;
}

/** The reason of files that were not finished when the run was stopped. */
export const STOPPED_REASON = 'stopped before it was uploaded';

/** The result of a run, for each file and in total. */
export interface RunSummary {
  readonly files: readonly FileOutcome[];
  readonly skipped: readonly PathWithReason[];
  readonly uploaded: number;
  readonly alreadyThere: number;
  readonly linked: number;
  readonly failed: number;
  /** Bytes that were sent. */
  readonly bytesUploaded: number;
  readonly seconds: number;
  /** Whether the run was stopped early. */
  readonly interrupted: boolean;
}

/** Counts the results of the files. */
export function summarise<Run extends Pick<RunSummary, 'skipped' | 'interrupted'>>(
  run: Run,
  files: readonly FileOutcome[],
  startedAtInMilliseconds: number,
): Run & RunSummary {
  const count = (state: FileState): number => files.filter((file) => file.state === state).length;
  const uploaded = files.filter((file) => file.state === 'uploaded');
  return {
    ...run,
    files,
    uploaded: uploaded.length,
    alreadyThere: count('already-there'),
    linked: count('linked'),
    failed: count('failed'),
    bytesUploaded: uploaded.reduce((total, file) => total + file.bytes, 0),
    seconds: Math.round((Date.now() - startedAtInMilliseconds) / 10) / 100,
  };
}

/** The part of the `--json` document about files. */
export function runAsJson(summary: RunSummary): object {
  return {
    files: summary.files.map(({ objectKey, ...file }) => ({
      ...file,
      ...(objectKey && { object_key: objectKey }),
    })),
    skipped: summary.skipped,
    totals: {
      files: summary.files.length,
      uploaded: summary.uploaded,
      already_there: summary.alreadyThere,
      linked: summary.linked,
      failed: summary.failed,
      skipped: summary.skipped.length,
      bytes_uploaded: summary.bytesUploaded,
    },
    interrupted: summary.interrupted,
    seconds: summary.seconds,
  };
}

/** `4.0 MB`: in powers of ten, like the labels of cards. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `1 file`, `2 files`. */
export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A path that is safe to print: control characters could move the cursor, or worse. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** How many paths are listed for each reason. A Mac can leave thousands of files. */
const LISTED_A_REASON = 10;

/** The skipped files, by reason. */
function skippedLines(skipped: readonly PathWithReason[]): string[] {
  if (skipped.length === 0) return [];
  const lines = [`${skipped.length} skipped:`];
  for (const [reason, group] of Map.groupBy(skipped, (entry) => entry.reason)) {
    for (const { path } of group.slice(0, LISTED_A_REASON)) lines.push(`  ${printable(path)}: ${reason}`);
    const more = group.length - LISTED_A_REASON;
    if (more > 0) lines.push(`  … and ${more} more: ${reason} (--json lists all)`);
  }
  return lines;
}

/** The last lines of a run. */
export function summaryLines(summary: RunSummary): string[] {
  const { files, skipped, uploaded, alreadyThere, linked, failed, bytesUploaded, seconds } = summary;
  const lines: string[] = [];
  const stopped = files.filter((file) => file.reason === STOPPED_REASON).length;
  const failures = files.filter((file) => file.state === 'failed' && file.reason !== STOPPED_REASON);
  if (failures.length > 0) {
    lines.push(`${plural(failures.length, 'file')} failed:`);
    for (const { path, reason } of failures)
      lines.push(`  ${printable(path)}: ${printable(reason ?? 'unknown')}`);
  }
  lines.push(...skippedLines(skipped));
  const counts = [
    uploaded > 0 && `${uploaded} uploaded (${formatBytes(bytesUploaded)})`,
    linked > 0 && `${linked} linked to stored bytes`,
    alreadyThere > 0 && `${alreadyThere} already there`,
    failures.length > 0 && `${failures.length} failed`,
    stopped > 0 && `${stopped} not finished`,
  ].filter(Boolean);
  if (uploaded + linked + failed === 0) {
    lines.push(
      files.length === 0
        ? 'No files here: nothing to upload.'
        : `${plural(files.length, 'file')} already there: nothing to upload (${seconds} s).`,
    );
  } else {
    lines.push(`${plural(files.length, 'file')}: ${counts.join(', ')}, in ${seconds} s.`);
  }
  if (summary.interrupted) lines.push('Stopped. Run it again to upload the rest.');
  return lines;
}
