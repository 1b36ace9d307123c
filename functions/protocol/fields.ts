import * as v from 'valibot';

/** Longest text that a field may have, in UTF-16 code units: names and paths of S3 keys fit four times. */
const TEXT_LIMIT = 4096;

const NOT_EMPTY = 'something not empty';

const atMost = (limit: number) => v.maxLength<string, number, string>(limit, `at most ${limit} characters`);

/** Half a surrogate pair fits in JSON, but in no address, key or table. */
const wellFormed = v.transform((value: string) => value.toWellFormed());

const text = v.pipe(v.string(), atMost(TEXT_LIMIT), wellFormed);

/** A text that must be there and not be empty. */
export const RequiredText = v.pipe(v.string(), v.nonEmpty(NOT_EMPTY), atMost(TEXT_LIMIT), wellFormed);

/** A text that may be missing, null or empty: all three mean that there is none. */
export const OptionalText = v.optional(
  v.pipe(
    v.nullable(text),
    v.transform((value) => value || undefined),
  ),
);

/** DynamoDB's numbers begin at 1e-130, and no measure of a drone is that fine. */
const SMALLEST_NUMBER = 1e-100;

/** Undefined for what is no number and for what nobody measures: the SDK refuses to write more than a double holds exactly. */
const numberOf = (value: string | number): number | undefined => {
  if (typeof value === 'string' && value.trim() === '') return undefined;
  const number = Number(value);
  if (Math.abs(number) < SMALLEST_NUMBER) return 0;
  return Math.abs(number) <= Number.MAX_SAFE_INTEGER ? number : undefined;
};

/** Longest identifier, in UTF-16 code units: it becomes part of a DynamoDB key, which holds 2048 bytes. */
const IDENTIFIER_LIMIT = 256;

/** An identifier that must be there. */
export const RequiredIdentifier = v.pipe(
  v.string(),
  v.regex(/\S/, NOT_EMPTY),
  atMost(IDENTIFIER_LIMIT),
  wellFormed,
);

/** As {@link OptionalText}, for what becomes part of a key; nothing but space is none either. */
export const OptionalIdentifier = v.optional(
  v.pipe(
    v.nullable(v.pipe(v.string(), atMost(IDENTIFIER_LIMIT), wellFormed)),
    v.transform((value) => (value?.trim() ? value : undefined)),
  ),
);

/** A number that may be missing, null or written as text. Text that is no number is kept raw only. */
export const OptionalNumber = v.optional(
  v.pipe(
    v.nullable(v.union([v.number(), text])),
    v.transform((value) => (value === null ? undefined : numberOf(value))),
  ),
);

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
  v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,9}$/, AN_INTEGER))]),
  v.transform(Number),
  v.integer(AN_INTEGER),
  v.minValue(0),
  v.maxValue(1_000_000_000),
);

/** A boolean, seen as 0 and 1 and as text. Other numbers and texts count as not told. */
export const OptionalBoolean = v.optional(
  v.pipe(
    v.nullable(v.union([v.boolean(), v.number(), text])),
    v.transform((value) => {
      const word = String(value).toLowerCase();
      if (word === 'true' || word === '1') return true;
      if (word === 'false' || word === '0') return false;
      return undefined;
    }),
  ),
);

/** An object that may be missing or null; fields that nobody knows yet are let through. */
export const optionalObject = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.optional(
    v.pipe(
      v.nullable(v.object(entries)),
      v.transform((value) => value ?? undefined),
    ),
  );
