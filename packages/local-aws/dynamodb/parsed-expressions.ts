import type { AttributeValue } from './item.ts';

/** What dynalite passes to its parsers with an expression, and what they read from it. */
interface Context {
  readonly attrNames?: Readonly<Record<string, string>> | undefined;
  readonly attrVals?: Readonly<Record<string, AttributeValue>> | undefined;
  /** Names that no expression has used yet: a parser deletes those that it reads. */
  readonly unusedAttrNames: Record<string, true>;
  readonly unusedAttrVals: Record<string, true>;
}

/** A parser of dynalite. Returns a tree, or an error message. */
export interface ExpressionParser {
  parse(text: string, options: { readonly context: Context }): unknown;
}

/** A tree without values, and the names and values that it uses. */
interface Parsed {
  readonly tree: unknown;
  readonly names: readonly string[];
  readonly values: readonly string[];
}

/** Apps have tens of expressions, unless they write values into them. */
const MAX_PARSED = 500;

/** In these, values are checked and not only their types. */
const CHECKS_VALUES = /attribute_type|between/i;

/** The path of a value in a tree. */
class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/**
 * Caches the results of a parser: parsing took two thirds of the time of a write. A result depends on the
 * text, on the names, and on the types of the values. The values are put into a copy of the tree.
 */
export function remembering(parser: ExpressionParser): ExpressionParser['parse'] {
  const parse = parser.parse.bind(parser);
  const known = new Map<string, Parsed>();
  return (text, { context }) => {
    const { attrNames = {}, attrVals = {}, unusedAttrNames, unusedAttrVals } = context;
    if (CHECKS_VALUES.test(text)) return parse(text, { context });
    const key = keyOf(text, attrNames, attrVals);
    const before = known.get(key);
    if (before) {
      for (const name of before.names) delete unusedAttrNames[name];
      for (const name of before.values) delete unusedAttrVals[name];
      return filled(before.tree, attrVals);
    }
    const own = { ...context, unusedAttrNames: present(attrNames), unusedAttrVals: present(attrVals) };
    const answer = parse(text, { context: own });
    const names = Object.keys(attrNames).filter((name) => !Object.hasOwn(own.unusedAttrNames, name));
    const values = Object.keys(attrVals).filter((name) => !Object.hasOwn(own.unusedAttrVals, name));
    for (const name of names) delete unusedAttrNames[name];
    for (const name of values) delete unusedAttrVals[name];
    if (typeof answer === 'string') return answer;
    const places = new Map<unknown, Place>(values.map((name) => [attrVals[name], new Place(name)]));
    if (known.size >= MAX_PARSED) known.clear();
    known.set(key, { tree: emptied(answer, places), names, values });
    return answer;
  };
}

function keyOf(
  text: string,
  names: Readonly<Record<string, string>>,
  values: Readonly<Record<string, AttributeValue>>,
): string {
  const types = Object.keys(values).map((name) => [name, Object.keys(values[name] ?? {})]);
  return JSON.stringify([text, names, types]);
}

function present(entries: Readonly<Record<string, unknown>>): Record<string, true> {
  return Object.fromEntries(Object.keys(entries).map((name) => [name, true]));
}

function emptied(node: unknown, places: ReadonlyMap<unknown, Place>): unknown {
  return places.get(node) ?? copied(node, (child) => emptied(child, places));
}

function filled(node: unknown, values: Readonly<Record<string, AttributeValue>>): unknown {
  return node instanceof Place ? values[node.name] : copied(node, (child) => filled(child, values));
}

function copied(node: unknown, copy: (child: unknown) => unknown): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (Array.isArray(node)) return node.map(copy);
  // dynalite's trees have objects without a prototype, where any name is safe.
  const result: Record<string, unknown> = Object.create(Object.getPrototypeOf(node));
  for (const [name, child] of Object.entries(node)) result[name] = copy(child);
  return result;
}
