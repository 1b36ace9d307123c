import type { FunctionRow } from '../../functions/manifest.ts';
import type { Call } from './call-log.ts';
import type { EventInput, EventOrigin } from './events.ts';

/** What a function runs against: the running local stack, or ports in memory. */
export interface Target {
  /** Shown in the first line of the output. */
  readonly title: string;
  readonly origin: EventOrigin;
  /** Creates what the event refers to, and fills in the options that were not given. */
  prepare(input: EventInput): Promise<EventInput>;
  /** Throws a `UsageError` that lists what exists, when the event refers to something that does not. */
  check(input: EventInput, row: FunctionRow): Promise<void>;
  /** Calls from now on are the function's. */
  begin(): void;
  /** The calls that the function has made so far. */
  calls(): readonly Call[];
}
