import * as v from 'valibot';
import { lenient } from './lenient.ts';

/** Longest text of a field, in UTF-16 code units: four times what fits into an S3 key. */
const TEXT_LIMIT = 4096;

const NOT_EMPTY = 'something not empty';

const atMost = (limit: number) => v.maxLength<string, number, string>(limit, `at most ${limit} characters`);

/** Unpaired surrogates are valid in JSON, but not in addresses, keys and tables. */
const wellFormed = v.transform((value: string) => value.toWellFormed());

const text = v.pipe(v.string(), atMost(TEXT_LIMIT), wellFormed);

/** A text that must be present and not empty. */
export const RequiredText = v.pipe(v.string(), v.nonEmpty(NOT_EMPTY), atMost(TEXT_LIMIT), wellFormed);

/** A text that may be missing, null or empty. Anything else is refused. */
export const OptionalText = v.optional(
  v.pipe(
    v.nullable(text),
    v.transform((value) => value || undefined),
  ),
);

/** Some clients send serial numbers and ids as numbers. Larger numbers have lost digits in JSON. */
const wholeNumberAsText = v.pipe(v.number(), v.safeInteger(), v.transform(String));

/** Like {@link OptionalText}, but numbers are accepted, and other types are left out. */
export const LenientText = lenient(
  v.union([
    v.pipe(
      text,
      v.transform((value) => value || undefined),
    ),
    wholeNumberAsText,
  ]),
);

/**
 * Longest identifier, in UTF-16 code units. It becomes part of a DynamoDB key, whose limit is 2,048 bytes.
 */
const IDENTIFIER_LIMIT = 256;

const identifier = v.pipe(v.string(), atMost(IDENTIFIER_LIMIT), wellFormed);

/** An identifier that must be present. */
export const RequiredIdentifier = v.pipe(
  v.string(),
  v.regex(/\S/, NOT_EMPTY),
  atMost(IDENTIFIER_LIMIT),
  wellFormed,
);

/** Like {@link RequiredIdentifier}, from devices that may send a number. */
export const RequiredDeviceIdentifier = v.union([RequiredIdentifier, wholeNumberAsText]);

/** Like {@link OptionalText}, for parts of keys. Blank text counts as missing. */
export const OptionalIdentifier = v.optional(
  v.pipe(
    v.nullable(identifier),
    v.transform((value) => (value?.trim() ? value : undefined)),
  ),
);

/** Like {@link OptionalIdentifier}, but numbers are accepted, and other types are left out. */
export const LenientIdentifier = lenient(
  v.union([
    v.pipe(
      identifier,
      v.transform((value) => (value.trim() ? value : undefined)),
    ),
    wholeNumberAsText,
  ]),
);

/** DynamoDB's smallest number is 1e-130. No measurement of a drone is that small. */
const SMALLEST_NUMBER = 1e-100;

/** The SDK refuses numbers that a double cannot hold exactly. No measurement is that large. */
const LARGEST_NUMBER = Number.MAX_SAFE_INTEGER;

/** A number, which may be text. Empty text counts as missing. Numbers beyond the limit are left out. */
export const lenientNumber = (limit = LARGEST_NUMBER) =>
  lenient(
    v.pipe(
      v.union([v.number(), text]),
      v.rawTransform<string | number, number | undefined>(({ dataset: { value }, addIssue, NEVER }) => {
        if (typeof value === 'string' && value.trim() === '') return undefined;
        const number = Number(value);
        if (Math.abs(number) < SMALLEST_NUMBER) return 0;
        if (Math.abs(number) <= limit) return number;
        addIssue();
        return NEVER;
      }),
    ),
  );

export const LenientNumber = lenientNumber();

const AN_INTEGER = 'an integer';

/** An integer, which may be text. Missing or null is 0. */
export const IntegerOrZero = v.nullish(
  v.pipe(
    v.union([
      v.pipe(v.number(), v.safeInteger(AN_INTEGER)),
      v.pipe(v.string(), v.regex(/^-?\d{1,9}$/, AN_INTEGER)),
    ]),
    v.transform(Number),
  ),
  0,
);

/** DJI's `result`: 0 is success. */
export const Result = IntegerOrZero;

/** A count of files: an integer from 0 on, which may be text. */
export const Count = v.pipe(
  v.union([
    v.pipe(v.number(), v.integer(AN_INTEGER), v.minValue(0), v.maxValue(1_000_000_000)),
    v.pipe(v.string(), v.regex(/^\d{1,9}$/, AN_INTEGER)),
  ]),
  v.transform(Number),
);

/** Like {@link Count}; other values are left out. */
export const LenientCount = lenient(Count);

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
  ['', undefined],
]);

/** A boolean, which may be 0, 1 or text. Empty text counts as missing. */
export const LenientBoolean = lenient(
  v.pipe(
    v.union([v.boolean(), v.number(), text]),
    v.rawTransform<string | number | boolean, boolean | undefined>(
      ({ dataset: { value }, addIssue, NEVER }) => {
        const word = String(value).toLowerCase();
        if (BOOLEANS.has(word)) return BOOLEANS.get(word);
        addIssue();
        return NEVER;
      },
    ),
  ),
);

/** An object that may be missing or null; other types are left out. Unknown fields are accepted. */
export const lenientObject = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  lenient(notAList(v.object(entries)));

/** valibot accepts lists as objects. */
function notAList<const Schema extends v.GenericSchema>(schema: Schema): Schema {
  return {
    ...schema,
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      const value = Array.isArray(dataset.value) ? undefined : dataset.value;
      return schema['~run']({ value }, config);
    },
  };
}
