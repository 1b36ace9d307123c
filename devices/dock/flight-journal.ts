/**
 * What a dock remembers of a flight: which objects it has stored, and which of them the library has acknowledged. A
 * real dock deletes those; the player leaves them where they are and writes them down, one line a step, so that a
 * run that was killed is continued where it was.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { FoundFile } from '../common/files.ts';
import { JournalFile, type OpenedJournal } from '../common/journal-file.ts';
import type { MessageIds } from './messages.ts';

/** An object in the bucket, and the message that reports it. */
export interface StoredFile extends MessageIds {
  readonly objectKey: string;
  readonly acknowledged: boolean;
}

/** Whose flight, and the library that it is uploaded to: another one knows nothing of what this one acknowledged. */
export interface FlightIdentity {
  readonly library: LibraryIdentity;
  readonly sn: string;
  readonly flightId: string;
}

/** What tells libraries apart, whatever address their broker is reached at. */
export interface LibraryIdentity {
  /** Host name of the object storage: bucket names are unique there. */
  readonly storage: string;
  readonly bucket: string;
  readonly workspaceId: string;
}

interface JournalLine extends Partial<StoredFile> {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtInMilliseconds: number;
}

/** A file that was changed since is another file. */
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

/** The journal of one flight, appended to as it goes on. */
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

  /** What is known of a file as it is now. */
  find(file: FoundFile): StoredFile | undefined {
    const line = this.#lines.get(file.path);
    if (!line || !isSame(line, file)) return undefined;
    const { objectKey, tid, bid, acknowledged = false } = line;
    return objectKey && tid && bid ? { objectKey, tid, bid, acknowledged } : undefined;
  }

  /** Remembers an object before it is reported, or that it was acknowledged. */
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
