import fc from 'fast-check';

/**
 * JSON of which values are kept as text. An object may have a key twice, or the key `__proto__`, which values
 * of JavaScript cannot.
 */
export type Tree =
  | string
  | readonly Tree[]
  | { readonly entries: readonly (readonly [name: string, value: Tree])[] };

/** The tree of a value. */
export function toTree(value: unknown): Tree {
  if (Array.isArray(value)) return value.map(toTree);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return { entries: Object.entries(value).map(([name, inner]) => [name, toTree(inner)] as const) };
}

/** The text of a tree. */
export function toText(tree: Tree): string {
  if (typeof tree === 'string') return tree;
  if (isList(tree)) return `[${tree.map(toText).join(',')}]`;
  return `{${tree.entries.map(([name, value]) => `${JSON.stringify(name)}:${toText(value)}`).join(',')}}`;
}

const isList = (tree: Tree): tree is readonly Tree[] => Array.isArray(tree);

/** One change somewhere in a message. */
interface Mutation {
  readonly kind: 'replace' | 'delete' | 'retype' | 'nest' | 'add' | 'repeat';
  /** Chooses the place. Any number is valid. */
  readonly pick: number;
  readonly name: string;
  readonly junk: Tree;
  readonly depth: number;
}

/** Names: of JavaScript, of devices, and unknown ones. */
const anyName = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '__defineGetter__',
    'length',
    'then',
  ),
  fc.constantFrom(
    'ext',
    'metadata',
    'sn',
    'flight_id',
    'lat',
    'latitude',
    'created_time',
    'tinny_fingerprint',
    'path',
    '',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** Values as text: known ones of devices, possible ones, and malicious ones. */
const anyLeaf = fc.oneof(
  fc.constantFrom(
    'null',
    'true',
    'false',
    '0',
    '-0',
    '1e400',
    '-1e400',
    '1e-320',
    '12345678901234567890',
    '0.1',
    '-91.4',
  ),
  fc.constantFrom(
    '""',
    '" "',
    '"NaN"',
    '"Infinity"',
    '"0x10"',
    '"1e999"',
    '"1,5"',
    '"unknown"',
    '"null"',
    '"[object Object]"',
  ),
  fc.constantFrom(
    '"2024/05/16 11:42:07"',
    '"1715845327000"',
    '"2024-02-30 11:42:07"',
    '"2024-05-16T11:42:07+99:99"',
    '1715845327',
  ),
  fc.constantFrom(
    String.raw`"\ud800"`,
    String.raw`"a\udfffb"`,
    String.raw`"\u0000"`,
    String.raw`"a\nb\t\\"`,
    '"💧\u2028"',
  ),
  fc.constantFrom(
    JSON.stringify('x'.repeat(5000)),
    JSON.stringify('上'.repeat(300)),
    JSON.stringify('../'.repeat(50)),
  ),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => JSON.stringify(text)),
  fc.double().filter(Number.isFinite).map(String),
);

const anyJunk: fc.Arbitrary<Tree> = fc.oneof(
  { weight: 3, arbitrary: anyLeaf },
  { weight: 1, arbitrary: fc.array(anyLeaf, { maxLength: 3 }) },
  {
    weight: 1,
    arbitrary: fc.array(fc.tuple(anyName, anyLeaf), { maxLength: 3 }).map((entries) => ({ entries })),
  },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }).map(toTree) },
);

const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('replace', 'delete', 'retype', 'nest', 'add', 'repeat'),
  pick: fc.nat(),
  name: anyName,
  junk: anyJunk,
  depth: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant(300)),
});

/** A path in a message: names and positions. */
interface Place {
  readonly names: readonly string[];
  readonly path: readonly number[];
  readonly value: Tree;
}

function placesIn(value: Tree, names: readonly string[] = [], path: readonly number[] = []): Place[] {
  const here = { names, path, value };
  if (typeof value === 'string') return [here];
  const inner: (readonly [string, Tree])[] = isList(value)
    ? value.map((entry, index) => [String(index), entry])
    : [...value.entries];
  return [
    here,
    ...inner.flatMap(([name, entry], index) => placesIn(entry, [...names, name], [...path, index])),
  ];
}

type Entries = readonly (readonly [name: string, value: Tree])[];

/** Replaces the entry at a path with the result of `change`: none, one or several. */
function changeAt(
  tree: Tree,
  [index = 0, ...deeper]: readonly number[],
  change: (entry: Entries[number]) => Entries,
): Tree {
  if (typeof tree === 'string') return tree;
  const entries: Entries = isList(tree) ? tree.map((value) => ['', value]) : tree.entries;
  const changed = entries.flatMap((entry, at) => {
    if (at !== index) return [entry];
    if (deeper.length === 0) return change(entry);
    return [[entry[0], changeAt(entry[1], deeper, change)] as const];
  });
  return isList(tree) ? changed.map(([, value]) => value) : { entries: changed };
}

/** The same text as another type: quoted, unquoted, in a list. */
function retyped(value: Tree): Tree {
  if (typeof value !== 'string') return JSON.stringify(toText(value));
  if (!value.startsWith('"')) return JSON.stringify(value);
  const text: string = JSON.parse(value);
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? text : [value];
}

function nested(value: Tree, name: string, depth: number): Tree {
  let tree = value;
  for (let level = 0; level < depth; level++) tree = level % 2 ? [tree] : { entries: [[name, tree]] };
  return tree;
}

/** The kinds of changes of an entry. */
function mutate([name, value]: Entries[number], { kind, junk, name: other, depth }: Mutation): Entries {
  switch (kind) {
    case 'delete':
      return [];
    case 'retype':
      return [[name, retyped(value)]];
    case 'nest':
      return [[name, nested(value, other, depth)]];
    case 'repeat':
      return [
        [name, value],
        [name, junk],
      ];
    default:
      return [[name, junk]];
  }
}

function applyTo(message: Tree, mutation: Mutation, strict: readonly string[]): Tree {
  const isStrict = (names: readonly string[]) => strict.includes(names.join('.'));
  const holdsStrict = (names: readonly string[]) =>
    names.length === 0 || strict.some((name) => name.startsWith(`${names.join('.')}.`));
  const places = placesIn(message).filter(({ names }) => !isStrict(names));
  const isObject = ({ value }: Place) => typeof value !== 'string' && !isList(value);

  if (mutation.kind === 'add') {
    const added = (names: readonly string[]) => [...names, mutation.name];
    const targets = places.filter(
      (place) => isObject(place) && !isStrict(added(place.names)) && !holdsStrict(added(place.names)),
    );
    const target = targets[mutation.pick % targets.length];
    if (!target) return message;
    const add = (tree: Tree): Tree =>
      typeof tree === 'string' || isList(tree)
        ? tree
        : { entries: [...tree.entries, [mutation.name, mutation.junk]] };
    return target.path.length === 0
      ? add(message)
      : changeAt(message, target.path, ([name, value]) => [[name, add(value)]]);
  }
  const targets = places.filter(({ names }) => !holdsStrict(names));
  const target = targets[mutation.pick % targets.length];
  return target ? changeAt(message, target.path, (entry) => mutate(entry, mutation)) : message;
}

/**
 * A message as text, with one to four changes of fields that are not strict. Strict fields are paths with
 * dots; their parents stay objects.
 */
export const mutated = (message: unknown, strict: readonly string[]): fc.Arbitrary<string> =>
  fc
    .array(anyMutation, { minLength: 1, maxLength: 4 })
    .map((mutations) =>
      toText(mutations.reduce((tree, mutation) => applyTo(tree, mutation, strict), toTree(message))),
    );

/** A value of any type, as text. */
export const anySource: fc.Arbitrary<string> = anyJunk.map(toText);
