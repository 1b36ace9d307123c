import * as v from 'valibot';

/** Issues of this type name a field that was left out; all others refuse the message. */
const IGNORED = 'ignored';

const lenientSchemas = new WeakSet<object>();

/**
 * A field that truth does not rest on. Missing, null, or of another type or shape, it is undefined; in the last case the
 * message passes with an issue that names the field, which {@link isIgnored} tells from a refusal.
 *
 * Valibot does not transform what has issues: no pipe may transform an object or a list around a lenient field.
 */
export function lenient<const Schema extends v.GenericSchema>(
  schema: Schema,
): v.OptionalSchema<Schema, undefined> {
  const tolerant: v.OptionalSchema<Schema, undefined> = {
    ...v.optional(schema),
    '~run'({ value }, config) {
      if (value === undefined || value === null) return { typed: true, value: undefined };
      const read = schema['~run']({ value }, config);
      if (isTaken(read)) return read;
      return { typed: true, value: undefined, issues: [ignoredIssue()] };
    },
  };
  lenientSchemas.add(tolerant);
  return tolerant;
}

/** A list whose entries are left out when they do not fit. One issue names the list, however many they are. */
export function lenientList<const Item extends v.GenericSchema>(item: Item): v.ArraySchema<Item, undefined> {
  return {
    ...v.array(item),
    '~run'({ value }, config) {
      if (!Array.isArray(value)) return v.array(item)['~run']({ value }, config);
      const entries: v.InferOutput<Item>[] = [];
      let isWhole = true;
      for (const entry of value) {
        const read = item['~run']({ value: entry }, config);
        if (isTaken(read)) entries.push(read.value);
        if (read.issues) isWhole = false;
      }
      return isWhole
        ? { typed: true, value: entries }
        : { typed: true, value: entries, issues: [ignoredIssue()] };
    },
  };
}

/** Whether nothing but fields that were left out stands against a value. */
const isTaken = <Output>(
  read: v.OutputDataset<Output, v.BaseIssue<unknown>>,
): read is v.SuccessDataset<Output> | v.PartialDataset<Output, v.BaseIssue<unknown>> =>
  read.typed && (read.issues?.every(isIgnored) ?? true);

const ignoredIssue = (): v.BaseIssue<unknown> => ({
  kind: 'schema',
  type: IGNORED,
  input: undefined,
  expected: null,
  received: '',
  message: '',
});

/** Whether an issue names a field that was left out, and refuses nothing. */
export const isIgnored = ({ type }: v.BaseIssue<unknown>): boolean => type === IGNORED;

/** Whether a schema takes anything, and reads what it understands. */
export const isLenient = (schema: object): boolean => lenientSchemas.has(schema);
