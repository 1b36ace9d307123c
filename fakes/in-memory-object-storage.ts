import { createHash } from 'node:crypto';
import type { Fingerprint } from '../functions/core/fingerprint.ts';
import type { Page } from '../functions/core/media-catalog.ts';
import type { StoredObject } from '../functions/core/media-file.ts';
import {
  type HistoryItem,
  type ObjectDigester,
  type ObjectHistories,
  type ObjectHistory,
  type ObjectStorage,
  presentVersions,
} from '../functions/core/object-storage.ts';

/** Object storage in memory. It can be made to fail. */
export class InMemoryObjectStorage implements ObjectStorage, ObjectHistories, ObjectDigester {
  /** Newest first, by object key. */
  readonly histories = new Map<string, HistoryItem[]>();
  /** Bytes of versions that are read, by version id. */
  readonly bytes = new Map<string, Uint8Array>();
  /** While it is set, every call throws it. */
  failure: Error | undefined;
  #nextVersion = 1;

  /** Adds a version as the current one. */
  put(objectKey: string, stored: Partial<StoredObject> & Pick<StoredObject, 'eTag'>): StoredObject {
    const version = { sizeInBytes: 8_388_608, versionId: `v${this.#nextVersion++}`, ...stored };
    this.#history(objectKey).unshift({ versionId: version.versionId, stored: version });
    return version;
  }

  /** Adds a delete marker as the current version. */
  hide(objectKey: string): string {
    const versionId = `m${this.#nextVersion++}`;
    this.#history(objectKey).unshift({ versionId });
    return versionId;
  }

  /** Removes a version or delete marker permanently. */
  destroy(objectKey: string, versionId: string): void {
    const left = this.#history(objectKey).filter((item) => item.versionId !== versionId);
    if (left.length > 0) this.histories.set(objectKey, left);
    else this.histories.delete(objectKey);
  }

  async find(objectKey: string, versionId?: string): Promise<StoredObject | undefined> {
    if (this.failure) throw this.failure;
    const history = this.#history(objectKey);
    if (versionId !== undefined) return history.find((item) => item.versionId === versionId)?.stored;
    return presentVersions(history)[0];
  }

  async listHistory(objectKey: string): Promise<readonly HistoryItem[]> {
    if (this.failure) throw this.failure;
    return [...this.#history(objectKey)];
  }

  /** Here, `limit` is the number of keys. */
  async listHistories({
    prefix = '',
    cursor = '',
    limit = 1000,
  }: {
    readonly prefix?: string;
    readonly cursor?: string;
    readonly limit?: number;
  }): Promise<Page<ObjectHistory>> {
    if (this.failure) throw this.failure;
    const keys = [...this.histories.keys()].filter((key) => key.startsWith(prefix) && key > cursor).sort();
    const end = keys.length > limit ? keys[limit - 1] : undefined;
    return {
      items: keys.slice(0, limit).map((objectKey) => ({ objectKey, history: this.#history(objectKey) })),
      ...(end !== undefined && { cursor: end }),
    };
  }

  async digest(objectKey: string, versionId: string, signal: AbortSignal): Promise<Fingerprint | undefined> {
    if (this.failure) throw this.failure;
    signal.throwIfAborted();
    if ((await this.find(objectKey, versionId)) === undefined) return undefined;
    return createHash('md5')
      .update(this.bytes.get(versionId) ?? versionId)
      .digest('hex') as Fingerprint;
  }

  #history(objectKey: string): HistoryItem[] {
    const history = this.histories.get(objectKey) ?? [];
    this.histories.set(objectKey, history);
    return history;
  }
}
