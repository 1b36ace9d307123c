/** Statistics of all benchmarks, and their format. */
import { cpus, loadavg } from 'node:os';

/** The value that `share` of the values are below. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

/** The median of the values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** `12.3 ms`, `1.23 s`: more digits would not be precise on a shared machine. */
export function formatMilliseconds(milliseconds: number): string {
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(2)} s`;
  return `${milliseconds.toFixed(milliseconds < 100 ? 1 : 0)} ms`;
}

/** `1.07 ×`. */
export const formatRatio = (ratio: number): string => `${ratio.toFixed(2)} ×`;

/** `123 MB`, in powers of ten. */
export const formatMegabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;

/** The machine and its load, without which the figures mean little. */
export function machineLine(): string {
  const load = loadavg().map((value) => value.toFixed(1));
  const processors = `${cpus().length} processors (${cpus()[0]?.model.trim() ?? 'unknown'})`;
  return `${processors}, Node ${process.version}, load ${load.join(' ')}`;
}

/** Prints rows under a heading, as a Markdown table. */
export function printTable(
  heading: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): void {
  const lines = [heading, ...rows].map((row) => row.map(String));
  const widths = heading.map((_, column) => Math.max(...lines.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...others] = lines;
  const ruler = widths.map((width) => '-'.repeat(width));
  for (const row of [first, ruler, ...others]) console.log(format(row));
}
