/** What the command lines of uploader and dock player share. */
import { statSync } from 'node:fs';

/** A wrong command line. Exit code 2. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** A whole number from the command line, within its limits. Throws `ArgumentError` otherwise. */
export function wholeNumber(option: string, text: string, smallest: number, largest: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= smallest && value <= largest) return value;
  throw new ArgumentError(`--${option} takes a whole number from ${smallest} to ${largest}, not "${text}"`);
}

/** The folder of `--from`. Throws `ArgumentError` when it is not a folder. */
export function folder(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new ArgumentError(`--from: there is no folder ${path}`);
  if (!stats.isDirectory()) throw new ArgumentError(`--from takes a folder, and ${path} is a file`);
  return path;
}
