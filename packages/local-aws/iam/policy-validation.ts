import { checkConditionOperator } from './condition.ts';
import { listOf, type PolicyDocument, type PolicyKind } from './policy-document.ts';

/** A policy that IAM would reject, or that is not supported here. */
export class MalformedPolicy extends Error {
  override name = 'MalformedPolicy';
}

const VERSIONS: readonly unknown[] = [undefined, '2008-10-17', '2012-10-17'];

const DOCUMENT_ELEMENTS = new Set(['Version', 'Id', 'Statement']);

/** Without `NotPrincipal`, which is not supported: ignoring it would widen a policy. */
const STATEMENT_ELEMENTS = new Set([
  'Sid',
  'Effect',
  'Principal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]);

const validated: Record<PolicyKind, WeakSet<object>> = {
  identity: new WeakSet(),
  resource: new WeakSet(),
  trust: new WeakSet(),
};

/** Throws `MalformedPolicy` unless the document is a policy of this kind with supported elements only. */
export function checkPolicy(document: unknown, kind: PolicyKind): asserts document is PolicyDocument {
  if (!isObject(document)) throw new MalformedPolicy('A policy is a JSON object');
  if (validated[kind].has(document)) return;
  for (const element of Object.keys(document)) {
    if (!DOCUMENT_ELEMENTS.has(element)) throw new MalformedPolicy(`A policy has no element "${element}"`);
  }
  if (!VERSIONS.includes(document['Version'])) {
    throw new MalformedPolicy(`"${document['Version']}" is not a policy version`);
  }
  const statements = listOf(document['Statement']);
  if (statements.length === 0) throw new MalformedPolicy('A policy has at least one statement');
  for (const statement of statements) checkStatement(statement, kind);
  validated[kind].add(document);
}

function checkStatement(statement: unknown, kind: PolicyKind): void {
  if (!isObject(statement)) throw new MalformedPolicy('A policy statement is a JSON object');
  for (const element of Object.keys(statement)) {
    if (!STATEMENT_ELEMENTS.has(element)) {
      throw new MalformedPolicy(`The local stack does not support the policy element "${element}"`);
    }
  }
  const { Effect: effect } = statement;
  if (effect !== 'Allow' && effect !== 'Deny') throw new MalformedPolicy('Effect is "Allow" or "Deny"');
  checkOneOf(statement, 'Action', 'NotAction');
  if (kind === 'trust') {
    if ('Resource' in statement || 'NotResource' in statement) {
      throw new MalformedPolicy('A trust policy has no Resource');
    }
  } else {
    checkOneOf(statement, 'Resource', 'NotResource');
  }
  checkPrincipal(statement['Principal'], kind);
  checkConditions(statement['Condition']);
}

function checkOneOf(statement: Record<string, unknown>, name: string, opposite: string): void {
  if (name in statement === opposite in statement) {
    throw new MalformedPolicy(`A policy statement has either ${name} or ${opposite}`);
  }
  const patterns = listOf(statement[name] ?? statement[opposite]);
  if (patterns.length === 0 || !patterns.every((pattern) => typeof pattern === 'string' && pattern !== '')) {
    throw new MalformedPolicy(`${name} and ${opposite} are strings`);
  }
}

function checkPrincipal(principal: unknown, kind: PolicyKind): void {
  if (kind === 'identity') {
    if (principal !== undefined) throw new MalformedPolicy('A policy of a role or session has no Principal');
    return;
  }
  const understood =
    principal === '*' ||
    (isObject(principal) &&
      Object.values(principal).every((names) => listOf(names).every((name) => typeof name === 'string')));
  if (!understood) throw new MalformedPolicy('Principal is "*" or names by kind');
}

function checkConditions(conditions: unknown): void {
  if (conditions === undefined) return;
  if (!isObject(conditions)) throw new MalformedPolicy('Condition is a JSON object');
  for (const [operator, keys] of Object.entries(conditions)) {
    try {
      checkConditionOperator(operator);
    } catch (cause) {
      throw new MalformedPolicy((cause as Error).message, { cause });
    }
    if (!isObject(keys)) throw new MalformedPolicy(`Condition ${operator} is a JSON object`);
    for (const [key, values] of Object.entries(keys)) {
      if (!listOf(values).every((value) => ['string', 'number', 'boolean'].includes(typeof value))) {
        throw new MalformedPolicy(`The values of the condition ${operator} ${key} are strings`);
      }
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
