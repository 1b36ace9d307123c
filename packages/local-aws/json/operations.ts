import * as v from 'valibot';
import { AwsError, notImplemented } from '../http/aws-error.ts';
import type { JsonCall } from './json-service.ts';

/** An operation of a service. It checks its input. */
export type Operation = (call: JsonCall) => Promise<object>;

/** An operation with a strict schema for its input: unknown parameters are refused by name. */
export function operation<Schema extends v.GenericSchema>(
  schema: Schema,
  invalidInput: string,
  run: (input: v.InferOutput<Schema>, call: JsonCall) => Promise<object>,
): Operation {
  return async (call) => {
    const parsed = v.safeParse(schema, call.input);
    if (parsed.success) return run(parsed.output, call);
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue) ?? '';
    if (issue.type === 'strict_object' && issue.expected === 'never') {
      throw notImplemented(`${path} of ${call.operation}`);
    }
    throw new AwsError(invalidInput, `1 validation error detected: ${path}: ${issue.message}`);
  };
}

/** Runs the operation of a call. Throws `NotImplemented` when it is not in the table. */
export function dispatch(
  operations: Readonly<Record<string, Operation>>,
  service: string,
): (call: JsonCall) => Promise<object> {
  return async (call) => {
    const run = Object.hasOwn(operations, call.operation) ? operations[call.operation] : undefined;
    if (!run) throw notImplemented(`${call.operation} of ${service}`);
    return run(call);
  };
}
