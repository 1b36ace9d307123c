import type { ObjectIndex } from './object-index.ts';

/** Where a listing begins, and what it takes in. */
export interface Walk {
  readonly prefix: string;
  /** Keys are rolled up to the first of these after the prefix; empty for none. */
  readonly delimiter: string;
  /** Everything up to this key, the key included, is left out. */
  readonly after?: string | undefined;
  /** All keys that are rolled up to this common prefix are left out. */
  readonly afterGroup?: string | undefined;
}

/** A key, or the common prefix that stands for keys. */
export type WalkEntry = { readonly key: string } | { readonly commonPrefix: string };

/**
 * The keys of a bucket in order, those under one common prefix as one entry, with a look-up rather than a walk past
 * them. Keys that `isListed` rejects are as good as absent.
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

/** The common prefix that a key is rolled up to; undefined when it stands for itself. */
export function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '') return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}
