import type * as v from 'valibot';
import type { UpChannel } from './topics.ts';

/** Any schema that decodes one message, or describes one answer. */
export type Schema<Output = unknown> = v.GenericSchema<unknown, Output>;

/**
 * What an HTTP function and its callers have agreed on. The handler takes its schema and its types from here, and
 * `functions/manifest.ts` adds what the stack must know, so none of the two can say something else.
 */
export interface HttpContract {
  /** File in `functions/http/`, and the function's name in logs. */
  readonly name: string;
  /** API Gateway route keys. */
  readonly routes: readonly string[];
  /**
   * Who may call: `workspace`, whose token lists the workspace in the path; `token`, who has any valid token; `open`,
   * everybody. API Gateway checks the token before the function runs.
   */
  readonly access: 'workspace' | 'token' | 'open';
  /** Of the body; of a GET, its query: every name with the list of its values. Absent where neither is read. */
  readonly input?: Schema;
  /** Of the envelope's `data`. */
  readonly output: Schema;
  /**
   * The largest body, in bytes.
   * @default BODY_LIMIT_IN_BYTES
   */
  readonly bodyLimitInBytes?: number;
}

/** What the function behind an MQTT method and the devices have agreed on. */
export interface DockContract {
  /** File in `functions/dock/`, and the function's name in logs. */
  readonly name: string;
  readonly method: string;
  /** The last level of the topic that devices say it on. The reply goes to that channel's reply channel, if it has one. */
  readonly channel: UpChannel;
  /** Whether the function also takes what comes on the channel without a method. @default false */
  readonly takesUnnamed?: boolean;
  /** Of `data`. */
  readonly input: Schema;
  /** Of the reply's `output`. Absent where a reply has none. */
  readonly output?: Schema;
  /** Whether the reply's `data` is the output alone, without `result`. @default false */
  readonly bareReply?: boolean;
}

/** What a contract's input schema makes of a message. */
export type InputOf<Contract> = Contract extends { readonly input: infer Input extends Schema }
  ? v.InferOutput<Input>
  : undefined;

/** What a contract's output schema describes; nothing where it has none. */
export type OutputOf<Contract> = Contract extends { readonly output: infer Output extends Schema }
  ? v.InferOutput<Output>
  : // biome-ignore lint/suspicious/noConfusingVoidType: a handler without an output returns nothing
    void;

/** Ten thousand tiny fingerprints fit. */
export const BODY_LIMIT_IN_BYTES = 1_000_000;

/** A report is kept whole beside what was made of it, and a DynamoDB item holds 400 KB. */
export const REPORT_LIMIT_IN_BYTES = 128_000;
