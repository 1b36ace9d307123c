/** Escapes too: they can spell the names. */
const MAY_HOLD_A_NAME = /__proto__|constructor|\\u/;

/** Every string of a JSON text, and the colon that makes it a key. Linear in time whatever the text is. */
const STRINGS = /("[^"\\]*(?:\\.[^"\\]*)*"?)(\s*:)?/gs;

const UNICODE_ESCAPE = /\\u([0-9a-f]{4})/gi;

const spelledOut = (text: string): string =>
  text.replace(UNICODE_ESCAPE, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

/**
 * Renames the keys `__proto__` and `constructor` in a JSON text. The parser refuses a whole body for one of them, and a
 * report must not fail because of a field that nobody reads.
 */
export function withoutPrototypeNames(json: string): string {
  if (!MAY_HOLD_A_NAME.test(json)) return json;
  return json.replace(STRINGS, (token, text: string, colon: string | undefined) => {
    if (colon === undefined) return token;
    const name = spelledOut(text);
    return name === '"__proto__"' || name === '"constructor"' ? `"(ignored)"${colon}` : token;
  });
}
