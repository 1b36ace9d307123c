import type { FunctionRow } from '../../functions/manifest.ts';
import { isHttpResult, parsedJson, readableResult } from './call-handler.ts';
import { type Call, sentMessages, toPlain, withoutSecrets } from './call-log.ts';
import type { Outcome } from './run.ts';

/** An invocation from its beginning to its end. */
export interface Invocation {
  readonly row: FunctionRow;
  readonly target: string;
  readonly event: object;
  readonly outcome: Outcome;
  readonly calls: readonly Call[];
}

/** Longer values of calls are cut. */
const VALUE_LENGTH = 300;

const indented = (value: unknown): string =>
  JSON.stringify(value, null, 2)
    .split('\n')
    .map((line) => `  ${line}\n`)
    .join('');

const milliseconds = (duration: number): string => `${duration.toFixed(1)} ms`;

function shortened(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(withoutSecrets(value));
  return text.length <= VALUE_LENGTH ? text : `${text.slice(0, VALUE_LENGTH)}… (${text.length} characters)`;
}

function callLines({ name, input, output, error, durationInMilliseconds }: Call): string {
  const result = error ? `${error.name}: ${error.message}` : shortened(output);
  return `  ${name}  ${milliseconds(durationInMilliseconds)}\n    ${shortened(input)}\n    → ${result}\n`;
}

function answerText({ answer, error }: Outcome): string {
  if (error) return `Error\n${(error.stack ?? error.message).replaceAll(/^/gm, '  ')}\n`;
  if (isHttpResult(answer)) return `Answer: ${answer.statusCode}\n${indented(parsedJson(answer.body))}`;
  return `Answer\n${indented(answer ?? null)}`;
}

/** The invocation for a person to read. */
export function reportText({ row, target, outcome, calls }: Invocation): string {
  const sent = sentMessages(calls).map(({ topic, message }) => `  ${topic}\n${indented(message)}`);
  const log = outcome.log.map((line) => `  ${line}\n`);
  const section = (title: string, entries: readonly string[]): string =>
    `\n${title}${entries.length > 0 ? '' : ': none'}\n${entries.join('')}`;
  return [
    `${row.name}, ${target}, ${milliseconds(outcome.durationInMilliseconds)}\n\n`,
    answerText(outcome),
    ...(sent.length > 0 ? [section('Sent to devices', sent)] : []),
    section('Log', log),
    section('Calls', calls.map(callLines)),
  ].join('');
}

/** The invocation for a program to read; nothing is cut. */
export const reportJson = ({ row, target, event, outcome, calls }: Invocation): string =>
  `${JSON.stringify(
    {
      function: row.name,
      target,
      event,
      ...(outcome.error
        ? { error: { name: outcome.error.name, message: outcome.error.message } }
        : { answer: toPlain(readableResult(outcome.answer)) }),
      sent: sentMessages(calls),
      log: outcome.log.map(parsedJson),
      calls: calls.map(({ name, input, output, error, durationInMilliseconds }) => ({
        name,
        input: withoutSecrets(input),
        output: withoutSecrets(output),
        error,
        duration_in_milliseconds: durationInMilliseconds,
      })),
      duration_in_milliseconds: outcome.durationInMilliseconds,
    },
    null,
    2,
  )}\n`;
