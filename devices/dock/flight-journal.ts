/**
 * What a dock remembers of a flight: which objects it has stored, and which of them the library has acknowledged. A
 * real dock deletes those; the player leaves them where they are and writes them down, one line a step, so that a
 * run that was killed is continued where it was.
 */
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FoundFile } from '../common/files.ts';
import type { MessageIds } from './messages.ts';

/** An object in the bucket, and the message that reports it. */
export interface StoredFile extends MessageIds {
  readonly objectKey: string;
  readonly acknowledged: boolean;
}

/** Whose flight, and where it is uploaded to: another library knows nothing of what this one acknowledged. */
export interface FlightIdentity {
  readonly host: string;
  readonly sn: string;
  readonly flightId: string;
}

interface JournalLine extends Partial<StoredFile> {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedAtMs: number;
}

/** A file that was changed since is another file. */
const isSame = (line: JournalLine, file: FoundFile): boolean =>
  line.bytes === file.bytes && line.modifiedAtMs === file.modifiedAtMs;

function parseLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off when the power went: what it said is done again.
    return undefined;
  }
}

/** The journal of one flight, appended to as it goes on. */
export class FlightJournal {
  readonly #handle: FileHandle;
  readonly #lines: Map<string, JournalLine>;

  private constructor(handle: FileHandle, lines: Map<string, JournalLine>) {
    this.#handle = handle;
    this.#lines = lines;
  }

  /** Opens `<data folder>/dock-player/<sn>-<flight>.jsonl`, anew when it is another library's. */
  static async open(dataDirectory: string, flight: FlightIdentity): Promise<FlightJournal> {
    const path = join(dataDirectory, 'dock-player', `${flight.sn}-${flight.flightId}.jsonl`);
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    const [header, ...rest] = text.split('\n').filter(Boolean).map(parseLine);
    const head = { version: 1, ...flight };
    const continues = JSON.stringify(header) === JSON.stringify(head);
    const lines = new Map<string, JournalLine>();
    for (const line of continues ? (rest as (JournalLine | undefined)[]) : [])
      if (line) lines.set(line.path, line);
    await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, continues ? 'a' : 'w');
    if (!continues) await handle.appendFile(`${JSON.stringify(head)}\n`);
    else if (!text.endsWith('\n')) await handle.appendFile('\n');
    return new FlightJournal(handle, lines);
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
    const { path, bytes, modifiedAtMs } = file;
    const line = { path, bytes, modifiedAtMs, ...stored };
    this.#lines.set(path, line);
    try {
      await this.#handle.appendFile(`${JSON.stringify(line)}\n`);
    } catch (error) {
      throw new Error(`the journal cannot be written: ${(error as Error).message}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
