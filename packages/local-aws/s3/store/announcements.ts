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

/** A version came or went. */
export interface Change {
  readonly version: ObjectVersion;
  /** Of the change: of a removal it is not the version's own. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly cause: ChangeCause;
}

/** Who is told of changes. What fails is told again. */
export interface ChangeListener {
  /** What the listener is made from. */
  readonly configuration: string;
  /** Told once of each other configuration than before. */
  configured(): Promise<void>;
  changed(change: Change): Promise<void>;
}

/** What the announcements of a bucket are made of. */
export interface AnnouncementsOptions {
  /** A folder for this alone. */
  readonly directory: string;
  /** Everything up to this sequence was announced. */
  readonly announced: number;
  /** Versions that came after it. */
  readonly missed: readonly Change[];
  /** Whether a version that was to be removed was not. */
  readonly isStillThere: (version: ObjectVersion) => boolean;
  readonly listener: ChangeListener;
  readonly log: (line: string) => void;
}

const ANNOUNCED_FILE = 'announced';
const CONFIGURATION_FILE = 'configuration';
const NOTES_FOLDER = 'notes';
/** Room for every sequence: the file never grows, so a full disk does not keep it from being written. */
const ANNOUNCED_DIGITS = 20;
const RETRY_MILLISECONDS = 1_000;

/**
 * Tells a listener of every change at least once, also when the process is killed between a change and its announcement.
 *
 * Versions are documents on the disk, with sequences that grow: those after the last one that was announced are announced
 * at the next start. A removal leaves nothing behind that could be compared, so a note of it is on the disk before. So is
 * one of a version that goes before it was announced.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  readonly #notes: string;
  readonly #announcedFile: number;
  /** Stamped, and not announced yet. */
  readonly #expected = new Set<number>();
  /** With a note on the disk. */
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

  /** Announces what a killed process could not announce any more, and a configuration that is another than before. */
  announceMissed(): void {
    const missed = this.#missed;
    this.#missed = [];
    if (!this.#isKnown()) void this.#untilItWorks('its configuration', () => this.#configure());
    for (const change of missed) this.announce(change);
  }

  /** A version with this sequence is about to come. */
  expect(sequence: number): void {
    this.#expected.add(sequence);
    this.#latest = Math.max(this.#latest, sequence);
  }

  /** It did not come. */
  cancel(sequence: number): void {
    this.#done(sequence);
  }

  /** Announces a change that is on the disk. */
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

  /** Resolves when the listener was told of a change, or could not be for the first time. */
  async attempted(sequence: number): Promise<void> {
    await this.#attempts.get(sequence);
  }

  /** Removes a version, which `creation` made, and announces that. */
  async removal(change: Change, creation: Change, remove: () => Promise<void>): Promise<void> {
    await this.leave(creation);
    await this.#write(change);
    try {
      await remove();
    } catch (error) {
      // Left where it is when that fails as well: the next start sees that the version is still there.
      this.#noted.delete(change.sequence);
      await removeDocument(this.#notes, noteName(change)).catch(() => {});
      throw error;
    }
    this.announce(change);
  }

  /** The version that this change made is about to go: it is announced all the same. */
  async leave(creation: Change): Promise<void> {
    if (this.#expected.has(creation.sequence)) await this.#write(creation);
  }

  async #write(change: Change): Promise<void> {
    this.#noted.add(change.sequence);
    await writeDocument(this.#notes, noteName(change), change).catch((error: unknown) => {
      // It is in its place, which is enough for a killed process.
      if (!(error instanceof NotSynced)) throw error;
    });
  }

  /** Resolves when nobody is being told any more. What could not be told is told at the next start. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#retries) clearTimeout(timer);
    await Promise.all(this.#running);
    closeSync(this.#announcedFile);
  }

  /** Never rejects; resolves after the first attempt. */
  #untilItWorks(what: string, tell: () => Promise<void>): Promise<void> {
    const attempt = tell()
      .catch((error: unknown) => {
        this.#options.log(`A listener failed on ${what}, and is told again: ${String(error)}`);
        if (this.#closed) return;
        const timer = setTimeout(() => {
          this.#retries.delete(timer);
          void this.#untilItWorks(what, tell);
        }, RETRY_MILLISECONDS).unref();
        this.#retries.add(timer);
      })
      .finally(() => this.#running.delete(attempt));
    this.#running.add(attempt);
    return attempt;
  }

  #done(sequence: number): void {
    if (this.#expected.delete(sequence)) this.#note();
  }

  /** Not synced: what a lost power supply takes away is announced twice. */
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

/** Up to which sequence changes were announced in a bucket's last run; undefined when it announced none. */
export function readAnnounced(directory: string): number | undefined {
  try {
    const text = readFileSync(join(directory, ANNOUNCED_FILE), 'utf8');
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** For a bucket that announces nothing: what happens in it meanwhile is not to be announced later. */
export function forgetAnnounced(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

function noteName({ sequence }: Change): string {
  return `${sequence}.json`;
}
