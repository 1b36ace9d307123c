import type { StoredObject } from '../functions/core/media-file.ts';
import type { ObjectStorage } from '../functions/core/object-storage.ts';

/** Object storage in memory, which can be made to fail. */
export class InMemoryObjectStorage implements ObjectStorage {
  readonly objects = new Map<string, StoredObject>();
  /** Every call throws this while it is set. */
  failure: Error | undefined;

  async find(objectKey: string): Promise<StoredObject | undefined> {
    if (this.failure) throw this.failure;
    return this.objects.get(objectKey);
  }
}
