import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ChangeCause } from '../definitions.ts';
import { NotSynced, readDocuments, removeDocument, writeDocument } from './documents.ts';
import type { ObjectVersion } from './object-metadata.ts';

/** A version was created or removed. */
export interface Change {
  readonly version: ObjectVersion;
  /** The sequence of the change. For a removal, it is not that of the version. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cause: ChangeCause;
}

/** Gets the changes. When it fails, it is called again. */
export interface ChangeListener {
  /** What the listener is made from. */
  readonly configuration: string;
  /** Called once when the configuration differs from the one before. */
  configured(): Promise<void>;
  changed(change: Change): Promise<void>;
}

/** How to announce the changes of a bucket. */
export interface AnnouncementsOptions {
  /** A folder for this purpose only. */
  readonly directory: string;
  /** Changes up to this sequence were announced. */
  readonly announced: number;
  /** Versions that were created after it. */
  readonly missed: readonly Change[];
  /** Whether the version exists: its removal may have failed. */
  readonly isStillThere: (version: ObjectVersion) => boolean;
  readonly listener: ChangeListener;
  readonly log: (line: string) => void;
}

const ANNOUNCED_FILE = 'announced';
const CONFIGURATION_FILE = 'configuration';
const NOTES_FOLDER = 'notes';
/** Fixed width for all sequences: the file never grows, so it can be written on a full disk. */
const ANNOUNCED_DIGITS = 20;
const RETRY_AFTER_IN_MILLISECONDS = 1_000;

/**
 * Announces every change at least once, also when the process is killed between a change and its
 * announcement.
 *
 * Versions are documents on disk with growing sequences: those after the last announced sequence are
 * announced at the next start. A removal leaves no document, so a note of it is written first. The same is
 * done when a version is removed before it was announced.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  readonly #notes: string;
  readonly #announcedFile: number;
  /** Sequences that were assigned and are not announced yet. */
  readonly #expected = new Set<number>();
  /** Sequences with a note on disk. */
  readonly #noted = new Set<number>();
  readonly #attempts = new Map<number, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #latest: number;
  #missed: readonly Change[];
  #closed = false;

  constructor(options: AnnouncementsOptions) {
    const { directory, announced, missed } = options;
    this.#options = options;
    this.#latest = announced;
    this.#notes = join(directory, NOTES_FOLDER);
    mkdirSync(this.#notes, { recursive: true });
    this.#announcedFile = openSync(join(directory, ANNOUNCED_FILE), constants.O_RDWR | constants.O_CREAT);
    this.#missed = [...missed, ...this.#missedNotes()].sort((one, other) => one.sequence - other.sequence);
    for (const { sequence } of missed) this.expect(sequence);
    if (fstatSync(this.#announcedFile).size === 0) this.#note();
  }

  /** Announces changes that a killed process did not, and a changed configuration. */
  announceMissed(): void {
    const missed = this.#missed;
    this.#missed = [];
    if (!this.#isKnown()) void this.#untilItWorks('its configuration', () => this.#configure());
    for (const change of missed) this.announce(change);
  }

  /** A version with this sequence is about to be created. */
  expect(sequence: number): void {
    this.#expected.add(sequence);
    this.#latest = Math.max(this.#latest, sequence);
  }

  /** The version was not created. */
  cancel(sequence: number): void {
    this.#done(sequence);
  }

  /** Announces a change that is on disk. */
  announce(change: Change): void {
    const { sequence, cause, version } = change;
    const attempt = this.#untilItWorks(`${cause.name} of ${version.key}`, async () => {
      await this.#options.listener.changed(change);
      this.#done(sequence);
      if (this.#noted.delete(sequence)) await removeDocument(this.#notes, noteName(change));
    });
    this.#attempts.set(sequence, attempt);
    void attempt.finally(() => this.#attempts.delete(sequence));
  }

  /** Resolves after the first attempt to announce a change. */
  async attempted(sequence: number): Promise<void> {
    await this.#attempts.get(sequence);
  }

  /** Removes the version that `creation` made, and announces the removal. */
  async removal(change: Change, creation: Change, remove: () => Promise<void>): Promise<void> {
    await this.leave(creation);
    await this.#write(change);
    try {
      await remove();
    } catch (error) {
      // When that fails too, the note stays: the next start sees that the version exists.
      this.#noted.delete(change.sequence);
      await removeDocument(this.#notes, noteName(change)).catch(() => {});
      throw error;
    }
    this.announce(change);
  }

  /** The version that this change made is about to be removed. Its creation is still announced. */
  async leave(creation: Change): Promise<void> {
    if (this.#expected.has(creation.sequence)) await this.#write(creation);
  }

  async #write(change: Change): Promise<void> {
    this.#noted.add(change.sequence);
    await writeDocument(this.#notes, noteName(change), change).catch((error: unknown) => {
      // It is in place, which is enough when the process is killed.
      if (!(error instanceof NotSynced)) throw error;
    });
  }

  /** Resolves when all running announcements have ended. Failed ones are repeated at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#retries) clearTimeout(timer);
    await Promise.all(this.#running);
    closeSync(this.#announcedFile);
  }

  /** Never rejects. Resolves after the first attempt. */
  #untilItWorks(what: string, tell: () => Promise<void>): Promise<void> {
    const attempt = tell()
      .catch((error: unknown) => {
        this.#options.log(`A listener failed on ${what}, and is called again: ${String(error)}`);
        if (this.#closed) return;
        const timer = setTimeout(() => {
          this.#retries.delete(timer);
          void this.#untilItWorks(what, tell);
        }, RETRY_AFTER_IN_MILLISECONDS).unref();
        this.#retries.add(timer);
      })
      .finally(() => this.#running.delete(attempt));
    this.#running.add(attempt);
    return attempt;
  }

  #done(sequence: number): void {
    if (this.#expected.delete(sequence)) this.#note();
  }

  /** Not synced to disk: after a power failure, some changes are announced twice. */
  #note(): void {
    const announced = this.#expected.size > 0 ? Math.min(...this.#expected) - 1 : this.#latest;
    writeSync(this.#announcedFile, String(announced).padStart(ANNOUNCED_DIGITS, '0'), 0);
  }

  #missedNotes(): Change[] {
    const changes: Change[] = [];
    for (const { name, content } of readDocuments<Change>(this.#notes)) {
      if (this.#options.isStillThere(content.version)) {
        rmSync(join(this.#notes, name));
      } else {
        this.#noted.add(content.sequence);
        changes.push(content);
      }
    }
    return changes;
  }

  #isKnown(): boolean {
    try {
      const { directory, listener } = this.#options;
      const known = readFileSync(join(directory, CONFIGURATION_FILE), 'utf8');
      return known === JSON.stringify(listener.configuration);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #configure(): Promise<void> {
    const { directory, listener } = this.#options;
    await listener.configured();
    await writeDocument(directory, CONFIGURATION_FILE, listener.configuration);
  }
}

/** The last sequence that was announced for a bucket; undefined when there is none. */
export function readAnnounced(directory: string): number | undefined {
  try {
    const text = readFileSync(join(directory, ANNOUNCED_FILE), 'utf8');
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** For a bucket without notifications: changes of this time are never announced. */
export function forgetAnnounced(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function noteName({ sequence }: Change): string {
  return `${sequence}.json`;
}
