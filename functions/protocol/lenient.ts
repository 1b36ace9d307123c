import * as v from 'valibot';

/** Issues of this type name a field that was left out. All others refuse the message. */
const IGNORED = 'ignored';

const lenientSchemas = new WeakSet<object>();

/**
 * A field that integrity does not depend on. When it is missing or null, or has another type or shape, it is
 * undefined. In the latter case the message is accepted with an issue that names the field; {@link isIgnored}
 * recognises it.
 *
 * Valibot does not transform values with issues, so no pipe around a lenient field may transform an object or
 * list.
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

/** A list whose invalid entries are left out. One issue names the list, no matter how many there are. */
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

/** Whether all issues of a value are about fields that were left out. */
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

/** Whether an issue is about a field that was left out. */
export const isIgnored = ({ type }: v.BaseIssue<unknown>): boolean => type === IGNORED;

/** Whether a schema accepts any value. */
export const isLenient = (schema: object): boolean => lenientSchemas.has(schema);
