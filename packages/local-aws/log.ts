/** A line of the log of functions and services. */
export interface LogEntry {
  /** A function's label, `access`, or the name of a service. */
  readonly source: string;
  readonly line: string;
  /** `error` for a line that reports a failure. @default 'info' */
  readonly level?: 'info' | 'error';
}

/** Receives the log lines of functions and services. */
export type Log = (entry: LogEntry) => void;

/** Control characters, but for the tab that Lambda's own lines contain, and Unicode's line separators. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to find
const UNPRINTABLE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/g;

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A log that gets one printable line for each entry. Client ids, topics and object keys in lines come from
 * clients: a line break in one would begin a line of the client's own, and an escape sequence would reach the
 * terminal.
 */
export const singleLines =
  (log: Log): Log =>
  (entry) =>
    log({ ...entry, line: entry.line.replaceAll(UNPRINTABLE, escaped) });
