/**
 * MD5s of files that were read before, and which libraries have confirmed them. With it, a second run over a
 * card reads very little and sends few requests.
 */
import { join } from 'node:path';
import type { FoundFile } from './files.ts';
import { JournalFile } from './journal-file.ts';

const HEAD = { journal: 'fingerprints', version: 1 };
/** Outdated lines are removed when they are more than the others, and at least this many. */
const LINES_WORTH_COMPACTING = 1_000;

/** FAT stores times in steps of 2 s; other file systems in steps of a few milliseconds. */
const COARSE_CLOCK_IN_MILLISECONDS = 2_000;
const FINE_CLOCK_IN_MILLISECONDS = 20;

/** A file as it was when it was read. */
interface KnownFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtInMilliseconds: number;
  readonly changedAtInMilliseconds: number;
  readonly inode: number;
  readonly md5: string;
  /** Libraries that have these bytes under this file's tiny fingerprint. */
  readonly libraries: readonly string[];
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';

function toKnownFile(line: object): KnownFile | undefined {
  const { path, bytes, modifiedAtInMilliseconds, changedAtInMilliseconds, inode, md5, libraries } =
    line as Record<string, unknown>;
  const complete =
    isText(path) &&
    [bytes, modifiedAtInMilliseconds, changedAtInMilliseconds, inode].every(isNumber) &&
    isText(md5) &&
    /^[0-9a-f]{32}$/.test(md5) &&
    Array.isArray(libraries) &&
    libraries.every(isText);
  return complete ? (line as KnownFile) : undefined;
}

const isSame = (known: KnownFile, file: FoundFile): boolean =>
  known.bytes === file.bytes &&
  known.modifiedAtInMilliseconds === file.modifiedAtInMilliseconds &&
  known.changedAtInMilliseconds === file.changedAtInMilliseconds &&
  known.inode === file.inode;

/**
 * Whether a change after `readAtInMilliseconds` would show in the file's times: their clock must have ticked
 * since the last change.
 */
function showsLaterChanges({ modifiedAtInMilliseconds }: FoundFile, readAtInMilliseconds: number): boolean {
  const tickInMilliseconds =
    modifiedAtInMilliseconds % 1_000 === 0 ? COARSE_CLOCK_IN_MILLISECONDS : FINE_CLOCK_IN_MILLISECONDS;
  return readAtInMilliseconds > modifiedAtInMilliseconds + tickInMilliseconds;
}

/** Remembers MD5s by path, size, times and inode. */
export class FingerprintJournal {
  readonly #journal: JournalFile | undefined;
  readonly #known: Map<string, KnownFile>;
  readonly #onTrouble: (text: string) => void;
  #troubled = false;

  private constructor(
    journal: JournalFile | undefined,
    known: Map<string, KnownFile>,
    onTrouble: (text: string) => void,
  ) {
    this.#journal = journal;
    this.#known = known;
    this.#onTrouble = onTrouble;
  }

  /**
   * Opens `<data folder>/uploader/fingerprints.jsonl`. Without a data folder, nothing is remembered after the
   * run. A journal that cannot be read or written only costs time, so `onTrouble` is called and the run goes
   * on.
   */
  static async open(
    dataDirectory: string | undefined,
    onTrouble: (text: string) => void,
  ): Promise<FingerprintJournal> {
    if (dataDirectory === undefined) return new FingerprintJournal(undefined, new Map(), onTrouble);
    try {
      const path = join(dataDirectory, 'uploader', 'fingerprints.jsonl');
      const { journal, lines } = await JournalFile.open(path, HEAD);
      const known = new Map<string, KnownFile>();
      for (const line of lines) {
        const file = toKnownFile(line);
        if (file) known.set(file.path, file);
      }
      if (lines.length > 2 * known.size + LINES_WORTH_COMPACTING) await journal.replace([...known.values()]);
      return new FingerprintJournal(journal, known, onTrouble);
    } catch (error) {
      onTrouble(`MD5s are not remembered: ${(error as Error).message}`);
      return new FingerprintJournal(undefined, new Map(), onTrouble);
    }
  }

  /** The MD5 of a file, if it has not changed since it was read. */
  md5Of(file: FoundFile): string | undefined {
    return this.#find(file)?.md5;
  }

  /** Whether this library has confirmed that it has the file's bytes. It may have lost them since. */
  isConfirmed(file: FoundFile, library: string): boolean {
    return this.#find(file)?.libraries.includes(library) ?? false;
  }

  /** Remembers an MD5. `readAtInMilliseconds` is when reading the file began. */
  async remember(file: FoundFile, md5: string, readAtInMilliseconds: number): Promise<void> {
    if (showsLaterChanges(file, readAtInMilliseconds)) await this.#write(file, md5, []);
  }

  /** Remembers that a library has these bytes. */
  async confirm(file: FoundFile, library: string): Promise<void> {
    const known = this.#find(file);
    if (!known || known.libraries.includes(library)) return;
    await this.#write(file, known.md5, [...known.libraries, library]);
  }

  async close(): Promise<void> {
    await this.#journal?.close();
  }

  #find(file: FoundFile): KnownFile | undefined {
    const known = this.#known.get(file.absolutePath);
    return known && isSame(known, file) ? known : undefined;
  }

  async #write(file: FoundFile, md5: string, libraries: readonly string[]): Promise<void> {
    const { absolutePath: path, bytes, modifiedAtInMilliseconds, changedAtInMilliseconds, inode } = file;
    const known: KnownFile = {
      path,
      bytes,
      modifiedAtInMilliseconds,
      changedAtInMilliseconds,
      inode,
      md5,
      libraries,
    };
    this.#known.set(path, known);
    try {
      await this.#journal?.append(known);
    } catch (error) {
      if (!this.#troubled) this.#onTrouble(`MD5s are not remembered: ${(error as Error).message}`);
      this.#troubled = true;
    }
  }
}
