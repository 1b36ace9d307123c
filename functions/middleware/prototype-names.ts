/** Escapes too: they can spell the names. */
const MAY_HOLD_A_NAME = /__proto__|constructor|\\u/;

/** All strings of a JSON text, with the colon of keys. The time is linear in the length of the text. */
const STRINGS = /("[^"\\]*(?:\\.[^"\\]*)*"?)(\s*:)?/gs;

const UNICODE_ESCAPE = /\\u([0-9a-f]{4})/gi;

const spelledOut = (text: string): string =>
  text.replace(UNICODE_ESCAPE, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/**
 * Renames the keys `__proto__` and `constructor` in a JSON text. The parser refuses a body with one of them,
 * and a report must not fail because of an unknown field.
 */
export function withoutPrototypeNames(json: string): string {
  if (!MAY_HOLD_A_NAME.test(json)) return json;
  return json.replace(STRINGS, (token, text: string, colon: string | undefined) => {
    if (colon === undefined) return token;
    const name = spelledOut(text);
    return name === '"__proto__"' || name === '"constructor"' ? `"(ignored)"${colon}` : token;
  });
}
