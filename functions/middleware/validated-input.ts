import * as v from 'valibot';
import { MalformedRequestError } from '../core/errors.ts';
import type { HttpRequestState } from './http-event.ts';

/** Any schema that decodes one message. */
export type InputSchema<Output = unknown> = v.GenericSchema<unknown, Output>;

/** The innermost issues: what a union says of its parts is more use than "none of them fits". */
const leavesOf = (issue: v.BaseIssue<unknown>): v.BaseIssue<unknown>[] =>
  issue.issues?.length ? issue.issues.flatMap(leavesOf) : [issue];

/** Says where and what was expected; never what came, which may be a password. */
const describe = (issue: v.BaseIssue<unknown>): string =>
  `${v.getDotPath(issue) ?? 'body'}: expected ${issue.expected ?? issue.requirement ?? 'something else'}`;

/** Decodes a device's message. Throws `MalformedRequestError` with the field and what it may be. */
export function decode<Output>(schema: InputSchema<Output>, message: unknown): Output {
  const result = v.safeParse(schema, message);
  if (result.success) return result.output;
  const told = [...new Set(result.issues.flatMap(leavesOf).map(describe))].slice(0, 5);
  throw new MalformedRequestError(told.join('; '));
}

/** Replaces the body by what the schema makes of it. */
export const validatedInput = (schema: InputSchema) => {
  const validatedInputBefore = ({ event }: HttpRequestState): void => {
    event.body = decode(schema, event.body);
  };
  return { before: validatedInputBefore };
};
