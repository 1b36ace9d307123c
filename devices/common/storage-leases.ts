/**
 * Credentials for object storage, asked for again before they run out. The Pilot uploader asks over HTTP, the
 * dock player over MQTT; the answer is the same object.
 */
import type { StorageAccess } from './storage-access.ts';

/** The slowest line that an upload should still finish on before its credentials expire. */
const SLOWEST_IN_BYTES_PER_MILLISECOND = (1024 * 1024) / 1000;
const MARGIN_IN_MILLISECONDS = 60_000;

/**
 * The key of an object. The prefix belongs to one `sts` answer, and `path` is unique within the folder, so no
 * two files of a run, nor of two runs, meet under one key.
 */
export function objectKey(objectKeyPrefix: string, path: string): string {
  return `${objectKeyPrefix}/${path}`;
}

/** Shares one answer between the files of a run for as long as it lives long enough for the file at hand. */
export class StorageLeases {
  readonly #ask: () => Promise<StorageAccess>;
  readonly #now: () => number;
  #latest: StorageAccess | undefined;
  #asking: Promise<StorageAccess> | undefined;
  /** Answers that no later one continues. */
  readonly #final = new WeakSet<StorageAccess>();

  constructor(ask: () => Promise<StorageAccess>, now: () => number = Date.now) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Access with time enough to upload `bytes`, or else as fresh as it gets. */
  async forUpload(bytes: number): Promise<StorageAccess> {
    const enoughUntilInMilliseconds =
      this.#now() + MARGIN_IN_MILLISECONDS + bytes / SLOWEST_IN_BYTES_PER_MILLISECOND;
    return this.#latest && this.#latest.expiresAtInMilliseconds > enoughUntilInMilliseconds
      ? this.#latest
      : this.renew();
  }

  /** A new answer; several that ask at the same time get the same one. */
  async renew(): Promise<StorageAccess> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    this.#latest = await this.#asking;
    return this.#latest;
  }

  /** Whether these credentials have run out, so that a refusal means no more than that. */
  isExpired(access: StorageAccess): boolean {
    return this.#now() >= access.expiresAtInMilliseconds;
  }

  /**
   * Credentials to go on with under `key` when `access` is about to run out in the middle of an upload. A server whose
   * answers have nothing in common cannot give any; then the old ones stay.
   */
  async continuing(access: StorageAccess, key: string): Promise<StorageAccess> {
    const margin = Math.min(
      MARGIN_IN_MILLISECONDS,
      (access.expiresAtInMilliseconds - access.obtainedAtInMilliseconds) / 4,
    );
    if (this.#now() < access.expiresAtInMilliseconds - margin || this.#final.has(access)) return access;
    return (await this.replacing(access, key)) ?? access;
  }

  /** Credentials in place of those that were refused as expired: the latest, or new ones. */
  async insteadOf(access: StorageAccess): Promise<StorageAccess> {
    const latest = this.#latest;
    const isSpent = latest === undefined || latest === access || this.isExpired(latest);
    return isSpent ? this.renew() : latest;
  }

  /** The same to go on with under `key`; undefined where they are not good for it. */
  async replacing(access: StorageAccess, key: string): Promise<StorageAccess | undefined> {
    if (this.#final.has(access)) return undefined;
    const renewed = await this.insteadOf(access);
    if (mayWrite(renewed, key)) return renewed;
    this.#final.add(access);
    return undefined;
  }
}

/**
 * Whether credentials are good for a key that an earlier answer began. Answers of one server to one user have prefixes of
 * their own below a scope that they share, so a key beside the new prefix counts; storage refuses it where that is wrong.
 */
function mayWrite({ objectKeyPrefix }: StorageAccess, key: string): boolean {
  const scope = objectKeyPrefix.slice(0, objectKeyPrefix.lastIndexOf('/') + 1);
  return key.startsWith(`${objectKeyPrefix}/`) || (scope !== '' && key.startsWith(scope));
}
