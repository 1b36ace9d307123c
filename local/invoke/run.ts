import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Context } from 'aws-lambda';
import { entryFileOf, type FunctionRow } from '../../functions/manifest.ts';
import { contextOf } from './call-handler.ts';
import type { EventOrigin } from './events.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

/** How an invocation ended. */
export interface Outcome {
  /** What the handler returned. */
  readonly response?: unknown;
  /** What it threw instead. */
  readonly error?: Error;
  /** What it logged, line by line. */
  readonly log: readonly string[];
  readonly durationInMilliseconds: number;
}

type Handler = (event: object, context: Context) => Promise<unknown>;

/** Replaces this process's variables: the function must not see them, since AWS would not have them. */
function setEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
}

/** Captures what is written to the terminal meanwhile. */
async function captured<Result>(written: string[], work: () => Promise<Result>): Promise<Result> {
  const streams = [process.stdout, process.stderr];
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams) {
    stream.write = (chunk: string | Uint8Array) => {
      written.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
      return true;
    };
  }
  try {
    return await work();
  } finally {
    streams.forEach((stream, index) => {
      stream.write = writes[index] as typeof stream.write;
    });
  }
}

/** Loads a function from its source, in this process, and calls it as Lambda does. */
export async function runFunction(row: FunctionRow, event: object, origin: EventOrigin): Promise<Outcome> {
  setEnvironment(origin.environment);
  const written: string[] = [];
  let startedAt = performance.now();
  let outcome: Pick<Outcome, 'response' | 'error'>;
  try {
    const response = await captured(written, async () => {
      const { handler } = (await import(pathToFileURL(join(PROJECT, entryFileOf(row))).href)) as {
        handler: Handler;
      };
      startedAt = performance.now();
      return await handler(event, contextOf(row, origin));
    });
    outcome = { response };
  } catch (error) {
    outcome = { error: error instanceof Error ? error : new Error(String(error)) };
  }
  return {
    ...outcome,
    log: written
      .join('')
      .split('\n')
      .filter((line) => line !== ''),
    durationInMilliseconds: performance.now() - startedAt,
  };
}
