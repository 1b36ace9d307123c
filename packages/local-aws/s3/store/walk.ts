import type { ObjectIndex } from './object-index.ts';

/** Which keys a list covers. */
export interface Walk {
  readonly prefix: string;
  /** Keys are grouped up to the first of these after the prefix; empty for no groups. */
  readonly delimiter: string;
  /** Only keys after this one. */
  readonly after?: string | undefined;
  /** Only keys after all those with this common prefix. */
  readonly afterGroup?: string | undefined;
}

/** A key, or a common prefix of keys. */
export type WalkEntry = { readonly key: string } | { readonly commonPrefix: string };

/**
 * The keys of a bucket in order. Keys with a common prefix are one entry, and are skipped with one look-up.
 * Keys that `isListed` rejects are left out.
 */
export function* walkKeys(
  index: ObjectIndex,
  { prefix, delimiter, after, afterGroup }: Walk,
  isListed: (key: string) => boolean,
): Generator<WalkEntry> {
  let position = index.seek(prefix);
  if (after !== undefined) {
    const beginning = index.seek(after);
    position = Math.max(position, index.keyAt(beginning) === after ? beginning + 1 : beginning);
  }
  if (afterGroup !== undefined) {
    const beginning = Math.max(position, index.seek(afterGroup));
    position = index.seekPast(afterGroup, beginning);
  }
  for (;;) {
    const key = index.keyAt(position);
    if (key === undefined || !key.startsWith(prefix)) return;
    const commonPrefix = isListed(key) ? groupOf(key, prefix, delimiter) : undefined;
    if (commonPrefix !== undefined) {
      yield { commonPrefix };
      position = index.seekPast(commonPrefix, position);
    } else {
      if (isListed(key)) yield { key };
      position += 1;
    }
  }
}

/** The common prefix of a key; undefined when it is listed itself. */
export function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
