import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DataFiles, type DataLease } from './data-files.ts';
import { NotSynced, readDocument, readDocuments, removeDocument, writeDocument } from './documents.ts';
import { KeyLocks } from './key-locks.ts';
import { ObjectIndex } from './object-index.ts';
import { NULL_VERSION, type ObjectMetadata, type ObjectVersion } from './object-metadata.ts';
import { Uploads } from './uploads.ts';

/** An object whose bytes are on the disk and which nobody can see yet. */
export type ObjectDraft = Pick<
  ObjectMetadata,
  'key' | 'data' | 'size' | 'eTag' | 'attributes' | 'checksum' | 'uploadId'
>;

/** A version that is being read: its bytes stay until it is disposed of. */
export interface OpenedObject extends Disposable {
  readonly metadata: ObjectMetadata;
  readonly lease: DataLease;
}

/** What a deletion did. */
export type Deletion =
  | { readonly kind: 'removed'; readonly version: ObjectVersion }
  | { readonly kind: 'marked'; readonly version: ObjectVersion }
  | { readonly kind: 'nothing' };

const HEX_DIGITS_OF_SEQUENCE = 14;

/**
 * One bucket on disk:
 *
 * - `data/<id>`: bytes, under a random id;
 * - `objects/<hash of the key>.<version id>.json`: everything about a version, the ids of its data included. Its
 *   appearance under this name is the moment at which the object exists, and its removal the moment at which it
 *   does not, so object and metadata cannot disagree. No key is ever a path;
 * - `uploads/<upload id>/`: multipart uploads under way.
 */
export class BucketStore {
  readonly data: DataFiles;
  readonly uploads: Uploads;
  readonly index: ObjectIndex;
  readonly versioned: boolean;
  readonly #objects: string;
  readonly #clock: () => Date;
  readonly #locks = new KeyLocks();
  #lastSequence = 0;

  constructor(options: {
    directory: string;
    versioned: boolean;
    clock: () => Date;
    log: (line: string) => void;
    lossAdvice?: string | undefined;
  }) {
    this.versioned = options.versioned;
    this.#clock = options.clock;
    this.#objects = join(options.directory, 'objects');
    mkdirSync(this.#objects, { recursive: true });

    const found: Array<{ version: ObjectVersion; dataIds: string[] }> = [];
    const completed = new Set<string>();
    for (const { content } of readDocuments<ObjectMetadata>(this.#objects)) {
      found.push({ version: indexEntry(content), dataIds: content.data.map(({ dataId }) => dataId) });
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
  }

  /** The time now, in milliseconds since the epoch. */
  now(): number {
    return this.#clock().getTime();
  }

  /**
   * Makes a draft the current version of its key. `precondition` sees the version that is current at that moment and
   * throws to keep it; the draft's data is removed then, unless `keepsData`: a failed completion keeps its parts.
   */
  commit(
    draft: ObjectDraft,
    precondition: (latest: ObjectVersion | undefined) => void,
    options: { keepsData?: boolean } = {},
  ): Promise<ObjectMetadata> {
    return this.#locks.run(draft.key, async () => {
      try {
        precondition(this.index.latest(draft.key));
        const stamp = this.#stamp();
        const metadata: ObjectMetadata = { ...draft, ...stamp, deleteMarker: false };
        await this.#publish(metadata);
        return metadata;
      } catch (error) {
        if (!options.keepsData && !(error instanceof NotSynced)) await this.data.remove(draft.data);
        throw error;
      }
    });
  }

  /** Opens a version for reading, the current one by default. Undefined when there is none; delete markers count. */
  open(key: string, versionId?: string): Promise<OpenedObject | undefined> {
    return this.#locks.run(key, async () => {
      const version = versionId === undefined ? this.index.latest(key) : this.index.find(key, versionId);
      if (!version) return undefined;
      const metadata = await readDocument<ObjectMetadata>(this.#objects, documentName(version));
      const lease = this.data.lease(metadata.data);
      return { metadata, lease, [Symbol.dispose]: () => lease[Symbol.dispose]() };
    });
  }

  /**
   * With a version id: removes that version for good. Without: puts a delete marker on top where versions are kept,
   * and removes the object where they are not.
   */
  delete(key: string, versionId?: string): Promise<Deletion> {
    return this.#locks.run(key, async () => {
      const keepsVersions =
        this.versioned || this.index.versions(key).some((version) => version.versionId !== NULL_VERSION);
      if (versionId === undefined && keepsVersions) {
        const marker = this.#deleteMarker(key);
        await this.#publish(marker);
        return { kind: 'marked', version: marker };
      }
      const version = this.index.find(key, versionId ?? NULL_VERSION);
      if (!version) return { kind: 'nothing' };
      const { data } = await readDocument<ObjectMetadata>(this.#objects, documentName(version));
      await removeDocument(this.#objects, documentName(version));
      this.index.remove(key, version.versionId);
      await this.data.remove(data);
      return { kind: 'removed', version };
    });
  }

  /** The caller holds the lock of the key. */
  async #publish(metadata: ObjectMetadata): Promise<void> {
    const replaced = this.index.find(metadata.key, metadata.versionId);
    const replacedData = replaced
      ? (await readDocument<ObjectMetadata>(this.#objects, documentName(replaced))).data
      : [];
    try {
      await writeDocument(this.#objects, documentName(metadata), metadata);
    } catch (error) {
      // The version is there, and so is its document: the index says so though the client hears of a fault.
      if (error instanceof NotSynced) this.index.put(indexEntry(metadata));
      throw error;
    }
    this.index.put(indexEntry(metadata));
    await this.data.remove(replacedData);
  }

  #deleteMarker(key: string): ObjectMetadata {
    return {
      key,
      ...this.#stamp(),
      deleteMarker: true,
      size: 0,
      eTag: '',
      data: [],
      attributes: { headers: {}, userMetadata: {} },
    };
  }

  /** Sequences grow even when the clock is set back, over a restart too. */
  #stamp(): Pick<ObjectVersion, 'sequence' | 'lastModified' | 'versionId'> {
    const lastModified = this.now();
    const sequence = Math.max(this.#lastSequence + 1, lastModified * 1000);
    this.#lastSequence = sequence;
    return { sequence, lastModified, versionId: this.versioned ? newVersionId(sequence) : NULL_VERSION };
  }
}

/** The sequence of a version by its id, whether or not the version is still there; undefined for foreign ids. */
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

/** What the index keeps: no reference to the rest, which can be large. */
function indexEntry(metadata: ObjectMetadata): ObjectVersion {
  const { key, versionId, sequence, lastModified, deleteMarker, size, eTag } = metadata;
  return { key, versionId, sequence, lastModified, deleteMarker, size, eTag };
}
