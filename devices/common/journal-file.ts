/**
 * What a device remembers between its runs: a file of JSON lines. The first line says what the journal is
 * about. Each step adds a line, so a run that was killed can continue.
 */
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

/** For its owner only: it contains names of files and libraries. */
const MODE = 0o600;

const textOf = (lines: readonly object[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

function parseLine(text: string): object | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    // Cut off by a crash. What it recorded is done again.
    return undefined;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** An open journal, and its contents. */
export interface OpenedJournal {
  readonly journal: JournalFile;
  /** In the order in which they were written, without the first. They may have any shape. */
  readonly lines: readonly object[];
}

/** A file of lines that only grows, until it is replaced. */
export class JournalFile {
  readonly #path: string;
  readonly #head: object;
  #handle: FileHandle;

  private constructor(path: string, head: object, handle: FileHandle) {
    this.#path = path;
    this.#head = head;
    this.#handle = handle;
  }

  /** Opens the journal, or starts a new one when its first line is not `head`. */
  static async open(path: string, head: object): Promise<OpenedJournal> {
    await mkdir(dirname(path), { recursive: true });
    const text = await readText(path);
    const [first, ...rest] = text.split('\n').filter(Boolean).map(parseLine);
    const continues = JSON.stringify(first) === JSON.stringify(head);
    if (!continues) await writeFileAtomic(path, textOf([head]), { mode: MODE });
    const handle = await open(path, 'a');
    if (continues && !text.endsWith('\n')) await handle.appendFile('\n');
    const lines = continues ? rest.filter((line) => line !== undefined) : [];
    return { journal: new JournalFile(path, head, handle), lines };
  }

  async append(line: object): Promise<void> {
    await this.#handle.appendFile(textOf([line]));
  }

  /** Replaces all lines atomically: after a kill the file has either the old lines or the new ones. */
  async replace(lines: readonly object[]): Promise<void> {
    await writeFileAtomic(this.#path, textOf([this.#head, ...lines]), { mode: MODE });
    await this.#handle.close();
    this.#handle = await open(this.#path, 'a');
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}
