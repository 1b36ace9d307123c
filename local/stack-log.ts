import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '../packages/local-aws/index.ts';

/** A larger log is set aside at the next start. It replaces the one set aside before. */
const LIMIT_IN_BYTES = 20 * 1024 * 1024;

/** In place of a file that could not be opened, or was closed. */
const NO_FILE = -1;

/** The terminal shows the same error once in this time. */
const REPEAT_AFTER_IN_MILLISECONDS = 10_000;

/**
 * Writes all lines of functions and services to `stack.log` in the data folder, and errors to the terminal
 * too.
 */
export class StackLog {
  readonly #complain: (line: string) => void;
  readonly #told = new Map<string, number>();
  readonly #early: LogEntry[] = [];
  #file: number | undefined;
  #quiet = false;

  constructor(complain: (line: string) => void) {
    this.#complain = complain;
  }

  /** Opens the file, and writes the lines from before the folder was known. Returns the file's name. */
  open(dataDirectory: string): string {
    const path = join(dataDirectory, 'stack.log');
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > LIMIT_IN_BYTES) renameSync(path, `${path}.1`);
    try {
      this.#file = openSync(path, 'a', 0o600);
    } catch {
      // A full disk must not end the stack. The services report it to the terminal when they fail.
      this.#file = NO_FILE;
    }
    for (const entry of this.#early.splice(0)) this.#write(entry);
    return path;
  }

  readonly log = (entry: LogEntry): void => {
    this.#write(entry);
    const complaint = complaintOf(entry);
    if (!complaint || this.#quiet) return;
    const { requestId, text } = complaint;
    // A function that logs an error and then throws it counts once.
    if ((requestId !== undefined && this.#isRepeated(requestId)) || this.#isRepeated(text)) return;
    this.#complain(text);
  };

  /** From now on lines go to the file only: errors during shutdown are expected. */
  quiet(): void {
    this.#quiet = true;
  }

  close(): void {
    if (this.#file !== undefined && this.#file !== NO_FILE) closeSync(this.#file);
    this.#file = NO_FILE;
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
    if (this.#file === undefined) {
      this.#early.push(entry);
      return;
    }
    if (this.#file === NO_FILE) return;
    try {
      // At once: it takes microseconds, and a tenth of a request's time through Node's threads.
      writeSync(this.#file, `${new Date().toISOString()} ${entry.source} ${entry.line}\n`);
    } catch {
      // As above.
    }
  }
}

/** An error in one short line. */
export interface Complaint {
  readonly text: string;
  /** Of the invocation that failed, when it is known. */
  readonly requestId?: string | undefined;
}

/** The error in a line of the log; undefined when there is none. */
export function complaintOf({ source, line, level }: LogEntry): Complaint | undefined {
  // Most lines tell of no error, and need not be read.
  const entry = level === 'error' || line.includes('ERROR') ? jsonLine(line) : undefined;
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
