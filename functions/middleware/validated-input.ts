import * as v from 'valibot';
import { MalformedRequestError } from '../core/errors.ts';
import type { HttpRequestState } from './http-event.ts';

/** Any schema that decodes one message. */
export type InputSchema<Output = unknown> = v.GenericSchema<unknown, Output>;

/** What is said of a refused value where the schema itself says nothing: what was expected, never what came. */
const expectationOf = ({ type, expected }: v.BaseIssue<unknown>): string => {
  // Of a missing key valibot says that it expected its name.
  if (type === 'object' && expected?.startsWith('"')) return 'a value';
  return expected ?? 'something else';
};

/** One line an innermost issue: what a union says of its parts is more use than "none of them fits". */
const describe = (issue: v.BaseIssue<unknown>, above: readonly unknown[] = []): string[] => {
  const path = [...above, ...(issue.path ?? []).map(({ key }) => key)];
  if (issue.issues?.length) return issue.issues.flatMap((inner) => describe(inner, path));
  return [`${path.join('.') || 'body'}: expected ${issue.message}`];
};

/** Decodes a device's message. Throws `MalformedRequestError` with the field and what it may be. */
export function decode<Output>(schema: InputSchema<Output>, message: unknown): Output {
  const result = v.safeParse(schema, message, { message: expectationOf });
  if (result.success) return result.output;
  const told = [...new Set(result.issues.flatMap((issue) => describe(issue)))].slice(0, 5);
  throw new MalformedRequestError(told.join('; '));
}

/** Replaces the body by what the schema makes of it. */
export const validatedInput = (schema: InputSchema) => {
  const validatedInputBefore = ({ event }: HttpRequestState): void => {
    event.body = decode(schema, event.body);
  };
  return { before: validatedInputBefore };
};
