import type * as v from 'valibot';
import type { UpChannel } from './topics.ts';

/** A schema that decodes a message, or describes a response. */
export type Schema<Output = unknown> = v.GenericSchema<unknown, Output>;

/**
 * The contract between an HTTP function and its callers. The handler takes its schema and types from here,
 * and `functions/manifest.ts` adds what the stack needs, so the two cannot differ.
 */
export interface HttpContract {
  /** File in `functions/http/`, and name of the function in logs. */
  readonly name: string;
  /** API Gateway route keys. */
  readonly routes: readonly string[];
  /**
   * Who may call: `workspace` needs a token that lists the workspace in the path, `token` any valid token,
   * `open` none. API Gateway checks the token before the function runs.
   */
  readonly access: 'workspace' | 'token' | 'open';
  /**
   * Of the body; for a GET, of the query, where each name has a list of values. Absent when neither is read.
   */
  readonly input?: Schema;
  /** Of the `data` in the envelope. */
  readonly output: Schema;
  /**
   * The largest body, in bytes.
   * @default BODY_LIMIT_IN_BYTES
   */
  readonly bodyLimitInBytes?: number;
}

/** The contract between the function of an MQTT method and devices. */
export interface DockContract {
  /** File in `functions/dock/`, and name of the function in logs. */
  readonly name: string;
  /** Absent: all methods of the channel that no other function handles, when a message asks for a reply. */
  readonly method?: string;
  /**
   * The last level of the topic of the message. The reply goes to that channel's reply channel, if there is
   * one.
   */
  readonly channel: UpChannel;
  /** Whether the function also gets messages of the channel without a method. @default false */
  readonly takesUnnamed?: boolean;
  /** Whether the function also takes a message without `tid`, to which there is no reply. @default false */
  readonly takesUnanswerable?: boolean;
  /** Of `data`. */
  readonly input: Schema;
  /** Of the reply's `output`. Absent when replies have none. */
  readonly output?: Schema;
  /** Whether the reply's `data` is the output itself, without `result`. @default false */
  readonly bareReply?: boolean;
}

/** What the input schema makes of a message. */
export type InputOf<Contract> = Contract extends { readonly input: infer Input extends Schema }
  ? v.InferOutput<Input>
  : undefined;

/** What the output schema describes; nothing without one. */
export type OutputOf<Contract> = Contract extends { readonly output: infer Output extends Schema }
  ? v.InferOutput<Output>
  : // biome-ignore lint/suspicious/noConfusingVoidType: a handler without an output returns nothing
    void;

/** Room for ten thousand tiny fingerprints. */
export const BODY_LIMIT_IN_BYTES = 1_000_000;

/** A report is stored whole beside its fields, and DynamoDB's limit for an item is 400 KB. */
export const REPORT_LIMIT_IN_BYTES = 128_000;
