import { type Command, InvalidArgumentError, Option } from 'commander';
import { type GatewaySn, isGatewaySn } from '../functions/core/gateway.ts';
import { isWorkspaceId, type WorkspaceId } from '../functions/core/workspace.ts';
import type { Installation } from './installation.ts';
import type { Answer } from './render.ts';

/** What long commands need. */
export interface LongRun {
  /** Prints a line of progress. */
  readonly tell: (line: string) => void;
  /** From now on the command handles Ctrl-C itself, by this signal. */
  readonly interruption: () => AbortSignal;
}

/** Makes the action of a command: opens the installation, does the work and prints the result. */
export type Action = <Options>(
  work: (installation: Installation, options: Options, run: LongRun) => Promise<Answer>,
) => (options: Options, command: Command) => Promise<void>;

/** Adds one command, or a noun and its verbs, to the program. */
export type AddCommand = (program: Command, action: Action) => void;

function parseWorkspaceId(value: string): WorkspaceId {
  if (!isWorkspaceId(value)) throw new InvalidArgumentError('A workspace id is a lower-case UUID.');
  return value;
}

function parseSn(value: string): GatewaySn {
  if (!isGatewaySn(value)) throw new InvalidArgumentError('A serial number is 1 to 64 letters and digits.');
  return value;
}

/** Refuses an empty value of an option. */
export function parseText(value: string): string {
  if (value === '') throw new InvalidArgumentError('It must not be empty.');
  return value;
}

/** `--workspace`, as commands of several nouns take it. */
export const workspaceOption = (): Option =>
  new Option('--workspace <uuid>', 'id of the workspace').argParser(parseWorkspaceId);

/** `--sn` of a dock. */
export const snOption = (): Option =>
  new Option('--sn <serial>', 'serial number of the dock').argParser(parseSn).makeOptionMandatory();
