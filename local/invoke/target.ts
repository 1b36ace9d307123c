import type { FunctionRow } from '../../functions/manifest.ts';
import type { Call } from './call-log.ts';
import type { EventInput, EventOrigin } from './events.ts';

/** What a function runs against: the running local stack, or ports in memory. */
export interface Target {
  /** In the output's first line. */
  readonly title: string;
  readonly origin: EventOrigin;
  /** Makes what the event is about, and fills in what the command line leaves out. */
  prepare(input: EventInput): Promise<EventInput>;
  /** Throws a `UsageError` that says what there is when the event would be about nothing. */
  check(input: EventInput, row: FunctionRow): Promise<void>;
  /** From now on calls are the function's. */
  begin(): void;
  /** The calls that the function has made so far. */
  calls(): readonly Call[];
}
