import * as v from 'valibot';
import { MalformedRequestError } from '../core/errors.ts';
import type { Schema } from '../protocol/contract.ts';
import { isIgnored } from '../protocol/lenient.ts';
import type { HttpRequestState } from './http-event.ts';
import { reportIgnoredFields } from './ignored-fields.ts';

/** The expectation of a schema without its own message. The received value is never quoted. */
const expectationOf = ({ type, expected }: v.BaseIssue<unknown>): string => {
  // For a missing key, valibot expects its name.
  if (type === 'object' && expected?.startsWith('"')) return 'a value';
  return expected ?? 'something else';
};

const pathOf = ({ path }: v.BaseIssue<unknown>): unknown[] => (path ?? []).map(({ key }) => key);

/** One line for each innermost issue: the issues of a union's parts say more than the union's own. */
const describe = (issue: v.BaseIssue<unknown>, above: readonly unknown[] = []): string[] => {
  const path = [...above, ...pathOf(issue)];
  if (issue.issues?.length) return issue.issues.flatMap((inner) => describe(inner, path));
  return [`${path.join('.') || 'body'}: expected ${issue.message}`];
};

/**
 * Decodes a device's message. Throws `MalformedRequestError` with the field and what is expected. Names of
 * fields that were left out are added to `ignored`.
 */
export function decode<Output>(schema: Schema<Output>, message: unknown, ignored: string[] = []): Output {
  const result = v.safeParse(schema, message, { message: expectationOf });
  const refused = result.issues?.filter((issue) => !isIgnored(issue)) ?? [];
  if (refused.length > 0) {
    const told = [...new Set(refused.flatMap((issue) => describe(issue)))].slice(0, 5);
    throw new MalformedRequestError(told.join('; '));
  }
  if (!result.typed) throw new Error('A schema transforms a value with lenient fields');
  ignored.push(...(result.issues ?? []).map((issue) => pathOf(issue).join('.') || 'body'));
  return result.output;
}

/** Stores the decoded body. */
export const validatedInput = (schema: Schema) => {
  const validatedInputBefore = ({ event }: HttpRequestState): void => {
    const ignored: string[] = [];
    event.input = decode(schema, event.body, ignored);
    reportIgnoredFields(ignored);
  };
  return { before: validatedInputBefore };
};
