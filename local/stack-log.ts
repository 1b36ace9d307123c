import { createWriteStream, renameSync, statSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../packages/local-aws/index.ts';

/** A log of this size is put aside when the stack starts again, in place of the one before it. */
const LIMIT_IN_BYTES = 20 * 1024 * 1024;

/** The same complaint is told on the terminal once in this time. */
const REPEAT_AFTER_IN_MILLISECONDS = 10_000;

/** Everything that functions and services write, in `stack.log` of the data folder; what fails, on the terminal too. */
export class StackLog {
  readonly #complain: (line: string) => void;
  readonly #told = new Map<string, number>();
  readonly #early: LogEntry[] = [];
  #file: WriteStream | undefined;
  #quiet = false;

  constructor(complain: (line: string) => void) {
    this.#complain = complain;
  }

  /** Begins to write, with what came before the folder was known. Answers the file's name. */
  open(dataDirectory: string): string {
    const path = join(dataDirectory, 'stack.log');
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > LIMIT_IN_BYTES) renameSync(path, `${path}.1`);
    this.#file = createWriteStream(path, { flags: 'a', mode: 0o600 });
    // A full disk must not end the stack; the terminal tells of it when the services fail.
    this.#file.on('error', () => {});
    for (const entry of this.#early.splice(0)) this.#write(entry);
    return path;
  }

  readonly log = (entry: LogEntry): void => {
    this.#write(entry);
    const complaint = complaintOf(entry);
    if (!complaint || this.#quiet) return;
    const { requestId, text } = complaint;
    // A function that logs its failure and then throws it fails once.
    if ((requestId !== undefined && this.#isRepeated(requestId)) || this.#isRepeated(text)) return;
    this.#complain(text);
  };

  /** From now on for the file only: what fails because everything stops is no news. */
  quiet(): void {
    this.#quiet = true;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#file) this.#file.end(() => resolve());
      else resolve();
    });
  }

  #isRepeated(told: string): boolean {
    const now = Date.now();
    for (const [earlier, at] of this.#told) {
      if (now - at >= REPEAT_AFTER_IN_MILLISECONDS) this.#told.delete(earlier);
    }
    const repeated = this.#told.has(told);
    if (!repeated) this.#told.set(told, now);
    return repeated;
  }

  #write(entry: LogEntry): void {
    if (this.#file) this.#file.write(`${new Date().toISOString()} ${entry.source} ${entry.line}\n`);
    else this.#early.push(entry);
  }
}

/** A failure in one short line. */
export interface Complaint {
  readonly text: string;
  /** Of the invocation that failed, where it is known. */
  readonly requestId?: string | undefined;
}

/** What a line of the log complains about; undefined when it does not. */
export function complaintOf({ source, line, level }: LogEntry): Complaint | undefined {
  const entry = jsonLine(line);
  if (level !== 'error' && entry?.['level'] !== 'ERROR') return undefined;
  const { errorType, errorMessage, message, error } = entry ?? {};
  const cause = error as { readonly name?: unknown; readonly message?: unknown } | undefined;
  const parts =
    errorType === undefined
      ? [entry ? message : line, cause && [cause.name, cause.message].filter(Boolean).join(': ')]
      : [`${errorType}: ${errorMessage}`];
  const text = parts.filter(Boolean).join(': ').replaceAll(/\s+/g, ' ');
  const requestId = entry?.['function_request_id'] ?? entry?.['requestId'];
  return {
    text: `${source}: ${text.length > 200 ? `${text.slice(0, 199)}…` : text}`,
    ...(typeof requestId === 'string' ? { requestId } : {}),
  };
}

function jsonLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
