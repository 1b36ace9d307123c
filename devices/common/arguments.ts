/** What the command lines of the devices have in common. */
import { statSync } from 'node:fs';

/** The command line cannot be followed. Exit code 2. */
export class ArgumentError extends Error {
  override readonly name = 'ArgumentError';
}

/** A number of the command line within its limits; throws `ArgumentError` otherwise. */
export function wholeNumber(option: string, text: string, smallest: number, largest: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= smallest && value <= largest) return value;
  throw new ArgumentError(`--${option} takes a whole number from ${smallest} to ${largest}, not "${text}"`);
}

/** The folder of `--from`; throws `ArgumentError` when it is none. */
export function folder(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new ArgumentError(`--from: there is no folder ${path}`);
  if (!stats.isDirectory()) throw new ArgumentError(`--from takes a folder, and ${path} is a file`);
  return path;
}
