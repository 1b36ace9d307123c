import type { FunctionRow } from '../../functions/manifest.ts';
import { isHttpResult, parsedJson, readableResult } from './call-handler.ts';
import { type Call, sentMessages, toPlain, withoutSecrets } from './call-log.ts';
import type { Outcome } from './run.ts';

/** An invocation and its result. */
export interface Invocation {
  readonly row: FunctionRow;
  readonly target: string;
  readonly event: object;
  readonly outcome: Outcome;
  readonly calls: readonly Call[];
}

/** Values of calls are cut at this length. */
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

function responseText({ response, error }: Outcome): string {
  if (error) return `Error\n${(error.stack ?? error.message).replaceAll(/^/gm, '  ')}\n`;
  if (isHttpResult(response))
    return `Response: ${response.statusCode}\n${indented(parsedJson(response.body))}`;
  return `Response\n${indented(response ?? null)}`;
}

/** The invocation as text, for people. */
export function reportText({ row, target, outcome, calls }: Invocation): string {
  const sent = sentMessages(calls).map(({ topic, message }) => `  ${topic}\n${indented(message)}`);
  const log = outcome.log.map((line) => `  ${line}\n`);
  const section = (title: string, entries: readonly string[]): string =>
    `\n${title}${entries.length > 0 ? '' : ': none'}\n${entries.join('')}`;
  return [
    `${row.name}, ${target}, ${milliseconds(outcome.durationInMilliseconds)}\n\n`,
    responseText(outcome),
    ...(sent.length > 0 ? [section('Sent to devices', sent)] : []),
    section('Log', log),
    section('Calls', calls.map(callLines)),
  ].join('');
}

/** The invocation as JSON, for programs; nothing is cut. */
export const reportJson = ({ row, target, event, outcome, calls }: Invocation): string =>
  `${JSON.stringify(
    {
      function: row.name,
      target,
      event,
      ...(outcome.error
        ? { error: { name: outcome.error.name, message: outcome.error.message } }
        : { response: toPlain(readableResult(outcome.response)) }),
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
