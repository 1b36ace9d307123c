import type { StoredObject } from './media-file.ts';

/** What the library needs from object storage; implemented in `adapters/`. */
export interface ObjectStorage {
  /** Undefined only when the object is certainly not there: throttling and refusals throw. */
  find(objectKey: string): Promise<StoredObject | undefined>;
}
