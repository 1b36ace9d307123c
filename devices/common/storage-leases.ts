/**
 * Credentials for object storage, renewed before they expire. The uploader asks over HTTP, the dock player
 * over MQTT; the response is the same.
 */
import type { StorageAccess } from './storage-access.ts';

/** The slowest connection on which an upload should finish before its credentials expire. */
const SLOWEST_IN_BYTES_PER_MILLISECOND = (1024 * 1024) / 1000;
const MARGIN_IN_MILLISECONDS = 60_000;

/**
 * The key of an object. Each `sts` response has its own prefix, and `path` is unique in the folder, so no two
 * files of one or several runs have the same key.
 */
export function objectKey(objectKeyPrefix: string, path: string): string {
  return `${objectKeyPrefix}/${path}`;
}

/** Shares the credentials between the files of a run, as long as they last long enough for the next file. */
export class StorageLeases {
  readonly #ask: () => Promise<StorageAccess>;
  readonly #now: () => number;
  #latest: StorageAccess | undefined;
  #asking: Promise<StorageAccess> | undefined;
  /** Credentials that no later ones continue. */
  readonly #final = new WeakSet<StorageAccess>();

  constructor(ask: () => Promise<StorageAccess>, now: () => number = Date.now) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Credentials that last long enough to upload `bytes`, or else the newest possible. */
  async forUpload(bytes: number): Promise<StorageAccess> {
    const enoughUntilInMilliseconds =
      this.#now() + MARGIN_IN_MILLISECONDS + bytes / SLOWEST_IN_BYTES_PER_MILLISECOND;
    return this.#latest && this.#latest.expiresAtInMilliseconds > enoughUntilInMilliseconds
      ? this.#latest
      : this.renew();
  }

  /** New credentials. Requests at the same time share one response. */
  async renew(): Promise<StorageAccess> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#latest = await this.#asking;
    return this.#latest;
  }

  /** Whether these credentials have expired. */
  isExpired(access: StorageAccess): boolean {
    return this.#now() >= access.expiresAtInMilliseconds;
  }

  /**
   * Credentials to continue an upload under `key`, when `access` is about to expire. Some servers issue
   * credentials that do not allow earlier keys; then the old ones are returned.
   */
  async continuing(access: StorageAccess, key: string): Promise<StorageAccess> {
    const margin = Math.min(
      MARGIN_IN_MILLISECONDS,
      (access.expiresAtInMilliseconds - access.obtainedAtInMilliseconds) / 4,
    );
    if (this.#now() < access.expiresAtInMilliseconds - margin || this.#final.has(access)) return access;
    return (await this.replacing(access, key)) ?? access;
  }

  /** Credentials that replace expired ones: the latest, or new ones. */
  async insteadOf(access: StorageAccess): Promise<StorageAccess> {
    const latest = this.#latest;
    const isSpent = latest === undefined || latest === access || this.isExpired(latest);
    return isSpent ? this.renew() : latest;
  }

  /** The same, to continue under `key`; undefined when they do not allow that key. */
  async replacing(access: StorageAccess, key: string): Promise<StorageAccess | undefined> {
    if (this.#final.has(access)) return undefined;
    const renewed = await this.insteadOf(access);
    if (mayWrite(renewed, key)) return renewed;
    this.#final.add(access);
    return undefined;
  }
}

/**
 * Whether credentials may allow a key that began with earlier ones. Prefixes of one server and user differ,
 * but share a scope. So any key next to the new prefix is tried, and storage refuses it if this is wrong.
 */
function mayWrite({ objectKeyPrefix }: StorageAccess, key: string): boolean {
  const scope = objectKeyPrefix.slice(0, objectKeyPrefix.lastIndexOf('/') + 1);
  return key.startsWith(`${objectKeyPrefix}/`) || (scope !== '' && key.startsWith(scope));
}
