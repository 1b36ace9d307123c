import { compareKeys } from './key-order.ts';
import { NULL_VERSION, type ObjectVersion } from './object-metadata.ts';

/** The versions of a bucket in memory, in S3's order. Lists and look-ups read no files. */
export class ObjectIndex {
  /** Newest version first. */
  readonly #versions = new Map<string, ObjectVersion[]>();
  #keys: string[] = [];

  constructor(versions: Iterable<ObjectVersion>) {
    for (const version of versions) this.#insert(version);
    this.#keys = [...this.#versions.keys()].sort(compareKeys);
  }

  /** The newest version, which may be a delete marker. */
  latest(key: string): ObjectVersion | undefined {
    return this.#versions.get(key)?.[0];
  }

  find(key: string, versionId: string): ObjectVersion | undefined {
    return this.#versions.get(key)?.find((version) => version.versionId === versionId);
  }

  /** Newest first. */
  versions(key: string): readonly ObjectVersion[] {
    return this.#versions.get(key) ?? [];
  }

  /** Adds a version; one with the same key and version id is replaced. */
  put(version: ObjectVersion): void {
    if (!this.#versions.has(version.key)) this.#keys.splice(this.seek(version.key), 0, version.key);
    if (version.versionId === NULL_VERSION) this.#drop(version.key, NULL_VERSION);
    this.#insert(version);
  }

  remove(key: string, versionId: string): void {
    this.#drop(key, versionId);
    if (this.#versions.get(key)?.length !== 0) return;
    this.#versions.delete(key);
    this.#keys.splice(this.seek(key), 1);
  }

  keyAt(position: number): string | undefined {
    return this.#keys[position];
  }

  /** Position of the first key that is equal or later. */
  seek(key: string): number {
    return this.#firstPosition(0, (candidate) => compareKeys(candidate, key) >= 0);
  }

  /** Position of the first key after those with the prefix. `from` is the position of one of them. */
  seekPast(prefix: string, from: number): number {
    return this.#firstPosition(from, (candidate) => !candidate.startsWith(prefix));
  }

  /** Binary search for the first position where the test is true. It is true for all later ones. */
  #firstPosition(from: number, test: (key: string) => boolean): number {
    let low = from;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const key = this.#keys[middle];
      if (key === undefined || test(key)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #insert(version: ObjectVersion): void {
    const versions = this.#versions.get(version.key);
    if (!versions) {
      this.#versions.set(version.key, [version]);
      return;
    }
    const position = versions.findIndex(({ sequence }) => sequence < version.sequence);
    versions.splice(position < 0 ? versions.length : position, 0, version);
  }

  #drop(key: string, versionId: string): void {
    const versions = this.#versions.get(key);
    const position = versions?.findIndex((version) => version.versionId === versionId) ?? -1;
    if (position >= 0) versions?.splice(position, 1);
  }
}
