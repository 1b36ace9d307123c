import type { DigestQueue, EventPublisher, FlightWatch } from './library-events.ts';
import type { MediaCatalog } from './media-catalog.ts';
import type { ObjectDigester, ObjectStorage } from './object-storage.ts';

/** The ports of the rules. */
export interface Library {
  readonly catalog: MediaCatalog;
  readonly storage: ObjectStorage;
  readonly events: EventPublisher;
  readonly watch: FlightWatch;
}

/** The ports of the rules about new versions. */
export interface LibraryWithDigests extends Library {
  readonly digests: DigestQueue;
}

/** The ports of the rule that reads bytes. */
export interface LibraryWithDigester extends Library {
  readonly digester: ObjectDigester;
}
