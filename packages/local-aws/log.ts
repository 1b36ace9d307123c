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
