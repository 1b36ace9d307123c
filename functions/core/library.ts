import type { DigestQueue, EventPublisher, FlightWatch } from './library-events.ts';
import type { MediaCatalog } from './media-catalog.ts';
import type { ObjectDigester, ObjectStorage } from './object-storage.ts';

/** What the rules of the library work with. */
export interface Library {
  readonly catalog: MediaCatalog;
  readonly storage: ObjectStorage;
  readonly events: EventPublisher;
  readonly watch: FlightWatch;
}

/** What the rules of arrivals need besides. */
export interface LibraryWithDigests extends Library {
  readonly digests: DigestQueue;
}

/** What it takes to read bytes besides. */
export interface LibraryWithDigester extends Library {
  readonly digester: ObjectDigester;
}
