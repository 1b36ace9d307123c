import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ChangeCause } from '../definitions.ts';
import {
  Announcements,
  type Change,
  type ChangeListener,
  forgetAnnounced,
  readAnnounced,
} from './announcements.ts';
import { DataFiles, type DataLease } from './data-files.ts';
import { NotSynced, readDocument, readDocuments, removeDocument, writeDocument } from './documents.ts';
import { KeyLocks } from './key-locks.ts';
import { ObjectIndex } from './object-index.ts';
import { NULL_VERSION, type ObjectMetadata, type ObjectVersion } from './object-metadata.ts';
import { Uploads } from './uploads.ts';

/** An object whose bytes are on disk, and which is not visible yet. */
export type ObjectDraft = Pick<
  ObjectMetadata,
  'key' | 'data' | 'size' | 'eTag' | 'attributes' | 'checksum' | 'uploadId' | 'cause'
>;

/** A version that is being read. Its bytes stay until it is disposed of. */
export interface OpenedObject extends Disposable {
  readonly metadata: ObjectMetadata;
  readonly lease: DataLease;
}

/** The result of a deletion. */
export type Deletion =
  | { readonly kind: 'removed'; readonly version: ObjectVersion }
  | { readonly kind: 'marked'; readonly version: ObjectVersion }
  | { readonly kind: 'nothing' };

/** The causes of a deletion, for either result. */
export interface RemovalCauses {
  readonly removal: ChangeCause;
  readonly marker: ChangeCause;
}

const HEX_DIGITS_OF_SEQUENCE = 14;

/** The number of versions whose documents are cached. Clients often use an object again. */
const MAX_DOCUMENTS_IN_MEMORY = 500;
/** The document of an object with ten thousand parts is long, so it is not cached. */
const MAX_PARTS_IN_MEMORY = 16;

/**
 * A bucket on disk:
 *
 * - `data/<id>`: bytes, under a random id;
 * - `objects/<hash of the key>.<version id>.json`: all about a version, with the ids of its data. The object
 *   exists from the moment this file has its name, until it is removed, so object and metadata cannot
 *   disagree. Keys are never used as paths;
 * - `uploads/<upload id>/`: multipart uploads that are not completed;
 * - `announcements/`: which changes have been announced, in a bucket with notifications.
 */
export class BucketStore {
  readonly data: DataFiles;
  readonly uploads: Uploads;
  readonly index: ObjectIndex;
  readonly versioned: boolean;
  readonly #objects: string;
  readonly #clock: () => Date;
  readonly #locks = new KeyLocks();
  readonly #announcements: Announcements | undefined;
  readonly #documents = new Map<string, ObjectMetadata>();
  #lastSequence = 0;

  constructor(options: {
    directory: string;
    versioned: boolean;
    clock: () => Date;
    log: (line: string) => void;
    lossAdvice?: string | undefined;
    /** Gets the changes. @default none */
    listener?: ChangeListener | undefined;
  }) {
    this.versioned = options.versioned;
    this.#clock = options.clock;
    this.#objects = join(options.directory, 'objects');
    mkdirSync(this.#objects, { recursive: true });

    const announcements = join(options.directory, 'announcements');
    const announced = options.listener && readAnnounced(announcements);
    const found: Array<{ version: ObjectVersion; dataIds: string[]; change?: Change }> = [];
    const completed = new Set<string>();
    for (const { content } of readDocuments<ObjectMetadata>(this.#objects)) {
      const version = indexEntry(content);
      const isMissed = announced !== undefined && content.sequence > announced;
      found.push({
        version,
        dataIds: content.data.map(({ dataId }) => dataId),
        ...(isMissed && { change: changeOf(content) }),
      });
      if (content.uploadId !== undefined) completed.add(content.uploadId);
      this.#lastSequence = Math.max(this.#lastSequence, content.sequence);
    }
    this.data = new DataFiles(join(options.directory, 'data'));
    this.uploads = new Uploads({ directory: join(options.directory, 'uploads'), data: this.data, completed });
    const referred = new Set([...found.flatMap(({ dataIds }) => dataIds), ...this.uploads.dataIds()]);
    const present = this.data.sweep(referred);
    const isWhole = ({ dataIds }: (typeof found)[number]) => dataIds.every((dataId) => present.has(dataId));
    const lost = found.filter((object) => !isWhole(object));
    for (const { version } of lost) {
      options.log(`${version.key} (${version.versionId}) is left out: its data file is missing`);
    }
    if (lost.length > 0 && options.lossAdvice !== undefined) options.log(options.lossAdvice);
    this.index = new ObjectIndex(found.filter(isWhole).map(({ version }) => version));
    if (options.listener) {
      this.#announcements = new Announcements({
        directory: announcements,
        announced: announced ?? this.#lastSequence,
        missed: found.filter(isWhole).flatMap(({ change }) => change ?? []),
        isStillThere: ({ key, versionId, sequence }) =>
          this.index.find(key, versionId)?.sequence === sequence,
        listener: options.listener,
        log: options.log,
      });
    } else {
      forgetAnnounced(announcements);
    }
  }

  /** Announces changes that a killed process did not. */
  announceMissed(): void {
    this.#announcements?.announceMissed();
  }

  /** Resolves when all running announcements have ended. */
  async close(): Promise<void> {
    await this.#announcements?.close();
  }

  /** The present time, in milliseconds since the epoch. */
  now(): number {
    return this.#clock().getTime();
  }

  /**
   * Makes a draft the current version of its key. `precondition` gets the present version and may throw to
   * keep it. Then the draft's data is removed, unless `keepsData` is set: a failed completion keeps its
   * parts.
   */
  async commit(
    draft: ObjectDraft,
    precondition: (latest: ObjectVersion | undefined) => void,
    options: { keepsData?: boolean } = {},
  ): Promise<ObjectMetadata> {
    const object = await this.#locks.run(draft.key, async () => {
      try {
        precondition(this.index.latest(draft.key));
        const metadata: ObjectMetadata = { ...draft, ...this.#stamp(), deleteMarker: false };
        await this.#publish(metadata);
        return metadata;
      } catch (error) {
        if (!options.keepsData && !(error instanceof NotSynced)) await this.data.remove(draft.data);
        throw error;
      }
    });
    await this.#announcements?.attempted(object.sequence);
    return object;
  }

  /**
   * Opens a version for reading, by default the current one. Undefined when there is none. Delete markers
   * count.
   */
  open(key: string, versionId?: string): Promise<OpenedObject | undefined> {
    return this.#locks.run(key, async () => {
      const version = versionId === undefined ? this.index.latest(key) : this.index.find(key, versionId);
      if (!version) return undefined;
      const metadata = await this.#document(version);
      const lease = this.data.lease(metadata.data);
      return { metadata, lease, [Symbol.dispose]: () => lease[Symbol.dispose]() };
    });
  }

  /**
   * With a version id: removes that version permanently. Without: adds a delete marker in a versioned bucket,
   * and removes the object in any other.
   */
  async delete(key: string, versionId: string | undefined, causes: RemovalCauses): Promise<Deletion> {
    const { sequence, ...deletion } = await this.#locks.run(key, () => this.#delete(key, versionId, causes));
    await this.#announcements?.attempted(sequence);
    return deletion;
  }

  /** The caller must hold the lock of the key. */
  async #delete(
    key: string,
    versionId: string | undefined,
    causes: RemovalCauses,
  ): Promise<Deletion & { readonly sequence: number }> {
    const keepsVersions =
      this.versioned || this.index.versions(key).some((version) => version.versionId !== NULL_VERSION);
    if (versionId === undefined && keepsVersions) {
      const marker = this.#deleteMarker(key, causes.marker);
      await this.#publish(marker);
      return { kind: 'marked', version: marker, sequence: marker.sequence };
    }
    const version = this.index.find(key, versionId ?? NULL_VERSION);
    if (!version) return { kind: 'nothing', sequence: 0 };
    const metadata = await this.#document(version);
    const { sequence, lastModified: time } = this.#stamp();
    const change: Change = { version, sequence, time, cause: causes.removal };
    const remove = async (): Promise<void> => {
      this.#documents.delete(documentName(version));
      await removeDocument(this.#objects, documentName(version));
      this.index.remove(key, version.versionId);
    };
    await (this.#announcements ? this.#announcements.removal(change, changeOf(metadata), remove) : remove());
    await this.data.remove(metadata.data);
    return { kind: 'removed', version, sequence };
  }

  /** Of a version that exists. The caller must hold the lock of its key. */
  async #document(version: ObjectVersion): Promise<ObjectMetadata> {
    const name = documentName(version);
    const document = this.#documents.get(name) ?? (await readDocument<ObjectMetadata>(this.#objects, name));
    this.#remember(name, document);
    return document;
  }

  #remember(name: string, document: ObjectMetadata): void {
    if (document.data.length > MAX_PARTS_IN_MEMORY) return;
    // Last in the order of the map: the first entry is the least recently used.
    this.#documents.delete(name);
    this.#documents.set(name, document);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size > MAX_DOCUMENTS_IN_MEMORY && oldest !== undefined)
      this.#documents.delete(oldest);
  }

  /** The caller must hold the lock of the key. */
  async #publish(metadata: ObjectMetadata): Promise<void> {
    const { sequence } = metadata;
    this.#announcements?.expect(sequence);
    try {
      const replaced = this.index.find(metadata.key, metadata.versionId);
      const replacedMetadata = replaced && (await this.#document(replaced));
      if (replacedMetadata) await this.#announcements?.leave(changeOf(replacedMetadata));
      this.#documents.delete(documentName(metadata));
      await writeDocument(this.#objects, documentName(metadata), metadata);
      this.#appear(metadata);
      this.#remember(documentName(metadata), metadata);
      await this.data.remove(replacedMetadata?.data ?? []);
    } catch (error) {
      // The document of the version is in place, so it is in the index, even though the client gets an error.
      if (error instanceof NotSynced) this.#appear(metadata);
      else this.#announcements?.cancel(sequence);
      throw error;
    }
  }

  #appear(metadata: ObjectMetadata): void {
    this.index.put(indexEntry(metadata));
    this.#announcements?.announce(changeOf(metadata));
  }

  #deleteMarker(key: string, cause: ChangeCause): ObjectMetadata {
    return {
      key,
      cause,
      ...this.#stamp(),
      deleteMarker: true,
      size: 0,
      eTag: '',
      data: [],
      attributes: { headers: {}, userMetadata: {} },
    };
  }

  /** Sequences grow even when the clock is set back, also over a restart. */
  #stamp(): Pick<ObjectVersion, 'sequence' | 'lastModified' | 'versionId'> {
    const lastModified = this.now();
    const sequence = Math.max(this.#lastSequence + 1, lastModified * 1000);
    this.#lastSequence = sequence;
    return { sequence, lastModified, versionId: this.versioned ? newVersionId(sequence) : NULL_VERSION };
  }
}

/** The sequence in a version id, whether or not the version exists; undefined for ids of others. */
export function sequenceOfVersionId(versionId: string): number | undefined {
  return /^[0-9a-f]{32}$/.test(versionId)
    ? Number.parseInt(versionId.slice(0, HEX_DIGITS_OF_SEQUENCE), 16)
    : undefined;
}

function newVersionId(sequence: number): string {
  return sequence.toString(16).padStart(HEX_DIGITS_OF_SEQUENCE, '0') + randomBytes(9).toString('hex');
}

function documentName({ key, versionId }: ObjectVersion): string {
  return `${createHash('sha256').update(key).digest('hex')}.${versionId}.json`;
}

function changeOf(metadata: ObjectMetadata): Change {
  const { sequence, lastModified: time, cause } = metadata;
  return { version: indexEntry(metadata), sequence, time, cause };
}

/** The part that the index stores, without references to the rest, which can be large. */
function indexEntry(metadata: ObjectMetadata): ObjectVersion {
  const { key, versionId, sequence, lastModified, deleteMarker, size, eTag } = metadata;
  return { key, versionId, sequence, lastModified, deleteMarker, size, eTag };
}
