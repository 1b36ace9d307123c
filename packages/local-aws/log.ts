/** A line of the log of functions and services. */
export interface LogEntry {
  /** A function's label, `access`, or the name of a service. */
  readonly source: string;
  readonly line: string;
  /** `error` on the one line that tells of a failure. @default 'info' */
  readonly level?: 'info' | 'error';
}

/** Takes the lines of functions and services. */
export type Log = (entry: LogEntry) => void;
