/** A template that the local stack cannot run. The message says where and why. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** What references in a template resolve to. */
export interface ResolutionScope {
  /**
   * The result of `Ref`: for a parameter, a pseudo parameter or a resource. Throws when there is no such
   * name.
   */
  reference(name: string): unknown;
  /** The result of `Fn::GetAtt`. Throws when the resource or attribute does not exist. */
  attribute(logicalId: string, attribute: string): unknown;
  /** A row of the template's `Mappings`. Throws when there is none. */
  mapping(map: string, topLevelKey: string, secondLevelKey: string): unknown;
  /** A condition by its name. Throws when there is none. */
  condition(name: string): boolean;
}

/** The value of `AWS::NoValue`: a property with it is left out. */
export const NO_VALUE = Symbol('AWS::NoValue');

type Intrinsic = (argument: unknown, scope: ResolutionScope, path: string) => unknown;

const INTRINSICS: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, scope, path) => scope.reference(textOf(argument, path)),
  'Fn::GetAtt': (argument, scope, path) => {
    const [logicalId, ...attribute] =
      typeof argument === 'string'
        ? argument.split('.')
        : listOf(argument, path).map((part) => textOf(resolve(part, scope, path), path));
    return scope.attribute(logicalId ?? '', attribute.join('.'));
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, scope, path) => {
    const [separator, parts] = pairOf(argument, path);
    return listOf(resolve(parts, scope, path), path)
      .map((part) => textOf(part, path))
      .join(textOf(separator, path));
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, list] = pairOf(argument, path);
    const resolved = listOf(resolve(list, scope, path), path);
    const position = Number(resolve(index, scope, path));
    if (!(position in resolved))
      throw new TemplateError(`${path}: there is no element ${position} in a list of ${resolved.length}`);
    return resolved[position];
  },
  'Fn::Split': (argument, scope, path) => {
    const [separator, text] = pairOf(argument, path);
    return textOf(resolve(text, scope, path), path).split(textOf(separator, path));
  },
  // Of the region that the template runs in; other regions are not here.
  'Fn::GetAZs': (_argument, scope) =>
    ['a', 'b', 'c'].map((zone) => `${scope.reference('AWS::Region')}${zone}`),
  'Fn::Base64': (argument, scope, path) =>
    Buffer.from(textOf(resolve(argument, scope, path), path)).toString('base64'),
  'Fn::FindInMap': (argument, scope, path) => {
    const [map, top, second] = listOf(argument, path).map((part) => textOf(resolve(part, scope, path), path));
    return scope.mapping(map ?? '', top ?? '', second ?? '');
  },
  'Fn::If': (argument, scope, path) => {
    const [name, whenTrue, whenFalse] = listOf(argument, path);
    return resolveOrNoValue(scope.condition(textOf(name, path)) ? whenTrue : whenFalse, scope, path);
  },
  'Fn::Equals': (argument, scope, path) => {
    const [left, right] = pairOf(argument, path).map((side) => resolve(side, scope, path));
    return String(left) === String(right);
  },
  'Fn::Not': (argument, scope, path) =>
    !listOf(argument, path).every((part) => resolveCondition(part, scope, path)),
  'Fn::And': (argument, scope, path) =>
    listOf(argument, path).every((part) => resolveCondition(part, scope, path)),
  'Fn::Or': (argument, scope, path) =>
    listOf(argument, path).some((part) => resolveCondition(part, scope, path)),
};

/** The supported intrinsic functions. */
export const INTRINSIC_FUNCTIONS: readonly string[] = Object.keys(INTRINSICS);

/** Resolves all intrinsic functions in a value of the template. `path` is the place that errors name. */
export function resolve(value: unknown, scope: ResolutionScope, path: string): unknown {
  const resolved = resolveOrNoValue(value, scope, path);
  return resolved === NO_VALUE ? undefined : resolved;
}

/** The value of a condition, which may refer to other conditions. */
export function resolveCondition(expression: unknown, scope: ResolutionScope, path: string): boolean {
  const [name, argument] = onlyEntry(expression) ?? [];
  if (name === 'Condition') return scope.condition(textOf(argument, path));
  const resolved = resolve(expression, scope, path);
  if (typeof resolved !== 'boolean') throw new TemplateError(`${path} is not a condition`);
  return resolved;
}

function resolveOrNoValue(value: unknown, scope: ResolutionScope, path: string): unknown {
  if (Array.isArray(value)) {
    return value
      .map((element, index) => resolveOrNoValue(element, scope, `${path}[${index}]`))
      .filter((element) => element !== NO_VALUE);
  }
  if (!isRecord(value)) return value;
  const entry = onlyEntry(value);
  if (entry && isIntrinsic(entry[0])) {
    const [name, argument] = entry;
    const intrinsic = INTRINSICS[name];
    if (!intrinsic)
      throw new TemplateError(`${path}: the local stack does not support the intrinsic function ${name}`);
    return intrinsic(argument, scope, path);
  }
  const resolved: Record<string, unknown> = {};
  for (const [key, element] of Object.entries(value)) {
    if (key.startsWith('Fn::')) throw new TemplateError(`${path}: ${key} stands beside other keys`);
    const resolvedElement = resolveOrNoValue(element, scope, `${path}.${key}`);
    if (resolvedElement !== NO_VALUE) resolved[key] = resolvedElement;
  }
  return resolved;
}

/**
 * `${Name}`, `${Resource.Attribute}`, names of the function's own map, and `${!Literal}`, which becomes
 * `${Literal}`.
 */
function substitute(argument: unknown, scope: ResolutionScope, path: string): string {
  const [text, map] = typeof argument === 'string' ? [argument, {}] : pairOf(argument, path);
  const own = isRecord(map) ? map : {};
  return textOf(text, path).replaceAll(/\$\{([^}]+)\}/g, (_whole, placeholder: string) => {
    const name = placeholder.trim();
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (Object.hasOwn(own, name)) return textOf(resolve(own[name], scope, path), path);
    const [resource, ...attribute] = name.split('.');
    return textOf(
      attribute.length > 0 ? scope.attribute(resource ?? '', attribute.join('.')) : scope.reference(name),
      path,
    );
  });
}

function isIntrinsic(key: string): boolean {
  return key === 'Ref' || key.startsWith('Fn::');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function onlyEntry(value: unknown): [string, unknown] | undefined {
  const entries = isRecord(value) ? Object.entries(value) : [];
  return entries.length === 1 ? entries[0] : undefined;
}

function textOf(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${path}: expected a text, found ${JSON.stringify(value) ?? String(value)}`);
}

function listOf(value: unknown, path: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new TemplateError(`${path}: expected a list, found ${JSON.stringify(value) ?? String(value)}`);
}

function pairOf(value: unknown, path: string): [unknown, unknown] {
  const list = listOf(value, path);
  if (list.length !== 2) throw new TemplateError(`${path}: expected two arguments, found ${list.length}`);
  return [list[0], list[1]];
}
