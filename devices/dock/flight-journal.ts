/**
 * What a dock remembers of a flight: which objects it has stored, and which of them the library has
 * acknowledged. A real dock deletes those files. The player keeps them and writes a journal, a line for each
 * step, so that a run that was killed can continue.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoundFile } from '../common/files.ts';
import { JournalFile, type OpenedJournal } from '../common/journal-file.ts';
import type { MessageIds } from './messages.ts';

/** An object in the bucket, and the ids of the message that reports it. */
export interface StoredFile extends MessageIds {
  readonly objectKey: string;
  readonly acknowledged: boolean;
}

/**
 * The flight, and the library that it is uploaded to. Acknowledgements of one library do not count for
 * another.
 */
export interface FlightIdentity {
  readonly library: LibraryIdentity;
  readonly sn: string;
  readonly flightId: string;
}

/** What identifies a library, whatever the address of its broker. */
export interface LibraryIdentity {
  /** Host name of the object storage. Bucket names are unique there. */
  readonly storage: string;
  readonly bucket: string;
  readonly workspaceId: string;
}

interface JournalLine extends Partial<StoredFile> {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtInMilliseconds: number;
}

/** A changed file counts as another file. */
const isSame = (line: JournalLine, file: FoundFile): boolean =>
  line.bytes === file.bytes && line.modifiedAtInMilliseconds === file.modifiedAtInMilliseconds;

async function openJournal(path: string, head: object): Promise<OpenedJournal> {
  try {
    return await JournalFile.open(path, head);
  } catch (error) {
    throw new Error(`the journal cannot be opened: ${(error as Error).message}`, { cause: error });
  }
}

const nameOf = (library: LibraryIdentity): string =>
  createHash('sha256').update(JSON.stringify(library)).digest('hex').slice(0, 16);

/** The journal of one flight. */
export class FlightJournal {
  readonly #journal: JournalFile;
  readonly #lines: Map<string, JournalLine>;

  private constructor(journal: JournalFile, lines: Map<string, JournalLine>) {
    this.#journal = journal;
    this.#lines = lines;
  }

  /** Opens `<data folder>/dock-player/<library>/<sn>-<flight>.jsonl`. */
  static async open(
    dataDirectory: string,
    { library, sn, flightId }: FlightIdentity,
  ): Promise<FlightJournal> {
    const path = join(dataDirectory, 'dock-player', nameOf(library), `${sn}-${flightId}.jsonl`);
    const { journal, lines } = await openJournal(path, { version: 2, ...library, sn, flightId });
    return new FlightJournal(journal, new Map((lines as JournalLine[]).map((line) => [line.path, line])));
  }

  /** What is known of a file in its present state. */
  find(file: FoundFile): StoredFile | undefined {
    const line = this.#lines.get(file.path);
    if (!line || !isSame(line, file)) return undefined;
    const { objectKey, tid, bid, acknowledged = false } = line;
    return objectKey && tid && bid ? { objectKey, tid, bid, acknowledged } : undefined;
  }

  /** Remembers that an object is stored, or that it was acknowledged. */
  async remember(file: FoundFile, stored: StoredFile): Promise<void> {
    const { path, bytes, modifiedAtInMilliseconds } = file;
    const line = { path, bytes, modifiedAtInMilliseconds, ...stored };
    this.#lines.set(path, line);
    try {
      await this.#journal.append(line);
    } catch (error) {
      throw new Error(`the journal cannot be written: ${(error as Error).message}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#journal.close();
  }
}
