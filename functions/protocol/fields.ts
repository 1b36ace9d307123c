import * as v from 'valibot';
import { lenient } from './lenient.ts';

/** Longest text that a field may have, in UTF-16 code units: names and paths of S3 keys fit four times. */
const TEXT_LIMIT = 4096;

const NOT_EMPTY = 'something not empty';

const atMost = (limit: number) => v.maxLength<string, number, string>(limit, `at most ${limit} characters`);

/** Half a surrogate pair fits in JSON, but in no address, key or table. */
const wellFormed = v.transform((value: string) => value.toWellFormed());

const text = v.pipe(v.string(), atMost(TEXT_LIMIT), wellFormed);

/** A text that must be there and not be empty. */
export const RequiredText = v.pipe(v.string(), v.nonEmpty(NOT_EMPTY), atMost(TEXT_LIMIT), wellFormed);

/** A text that may be missing, null or empty: all three mean that there is none. Anything else is refused. */
export const OptionalText = v.optional(
  v.pipe(
    v.nullable(text),
    v.transform((value) => value || undefined),
  ),
);

/** Some clients write serial numbers and ids as numbers. Larger ones have lost their last digits in JSON. */
const wholeNumberAsText = v.pipe(v.number(), v.safeInteger(), v.transform(String));

/** As {@link OptionalText}, a number too; what is no text is left out. */
export const LenientText = lenient(
  v.union([
    v.pipe(
      text,
      v.transform((value) => value || undefined),
    ),
    wholeNumberAsText,
  ]),
);

/** Longest identifier, in UTF-16 code units: it becomes part of a DynamoDB key, which holds 2048 bytes. */
const IDENTIFIER_LIMIT = 256;

const identifier = v.pipe(v.string(), atMost(IDENTIFIER_LIMIT), wellFormed);

/** An identifier that must be there. */
export const RequiredIdentifier = v.pipe(
  v.string(),
  v.regex(/\S/, NOT_EMPTY),
  atMost(IDENTIFIER_LIMIT),
  wellFormed,
);

/** As {@link RequiredIdentifier}, from devices that may write it as a number. */
export const RequiredDeviceIdentifier = v.union([RequiredIdentifier, wholeNumberAsText]);

/** As {@link OptionalText}, for what becomes part of a key; nothing but space is none either. */
export const OptionalIdentifier = v.optional(
  v.pipe(
    v.nullable(identifier),
    v.transform((value) => (value?.trim() ? value : undefined)),
  ),
);

/** As {@link OptionalIdentifier}, a number too; what is no identifier is left out. */
export const LenientIdentifier = lenient(
  v.union([
    v.pipe(
      identifier,
      v.transform((value) => (value.trim() ? value : undefined)),
    ),
    wholeNumberAsText,
  ]),
);

/** DynamoDB's numbers begin at 1e-130, and no measure of a drone is that fine. */
const SMALLEST_NUMBER = 1e-100;

/** The SDK refuses to write more than a double holds exactly; no measure comes near it. */
const LARGEST_NUMBER = Number.MAX_SAFE_INTEGER;

/** A number, written as text by some; empty text means that there is none. Beyond the limit it is no measure and left out. */
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

/** An integer, as text from some; missing or null means 0. */
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

/** A count of files: an integer of at least 0, as text from some. */
export const Count = v.pipe(
  v.union([
    v.pipe(v.number(), v.integer(AN_INTEGER), v.minValue(0), v.maxValue(1_000_000_000)),
    v.pipe(v.string(), v.regex(/^\d{1,9}$/, AN_INTEGER)),
  ]),
  v.transform(Number),
);

/** As {@link Count}, where nothing depends on it. */
export const LenientCount = lenient(Count);

const BOOLEANS = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
  ['', undefined],
]);

/** A boolean, seen as 0 and 1 and as text; empty text means that it is not told. */
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

/** An object that may be missing, null, or something else and then left out. Fields that nobody knows yet are let through. */
export const lenientObject = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  lenient(notAList(v.object(entries)));

/** To valibot a list is an object too. */
function notAList<const Schema extends v.GenericSchema>(schema: Schema): Schema {
  return {
    ...schema,
    '~run'(dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) {
      const value = Array.isArray(dataset.value) ? undefined : dataset.value;
      return schema['~run']({ value }, config);
    },
  };
}
