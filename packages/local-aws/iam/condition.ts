import { listOf, type PolicyConditions } from './policy-document.ts';
import {
  matchesArnPattern,
  matchesPattern,
  substituteVariables,
  type VariableLookup,
} from './policy-pattern.ts';

/** Values of condition keys for a request. As in IAM, case does not matter in names. */
export type ConditionContext = Readonly<Record<string, string | readonly string[] | undefined>>;

interface Operator {
  /**
   * Whether a value of the request matches a value of the policy; `undefined` when the latter has an unset
   * variable.
   */
  readonly test: (requestValue: string, policyValue: string, lookup?: VariableLookup) => boolean | undefined;
  /** `…Not…` operators are true when no value of the policy matches. */
  readonly negated: boolean;
}

type Comparison = (left: number, right: number) => boolean;

const is = (test: Operator['test']): Operator => ({ test, negated: false });
const isNot = (test: Operator['test']): Operator => ({ test, negated: true });

const sameText: Operator['test'] = (requestValue, policyValue, lookup) => {
  const expected = substituteVariables(policyValue, lookup);
  return expected === undefined ? undefined : requestValue === expected;
};

const sameTextIgnoringCase: Operator['test'] = (requestValue, policyValue, lookup) => {
  const expected = substituteVariables(policyValue, lookup);
  return expected === undefined ? undefined : requestValue.toLowerCase() === expected.toLowerCase();
};

const like: Operator['test'] = (requestValue, policyValue, lookup) =>
  matchesPattern(policyValue, requestValue, lookup);

const arnLike: Operator['test'] = (requestValue, policyValue, lookup) =>
  matchesArnPattern(policyValue, requestValue, lookup);

const ordered =
  (toNumber: (text: string) => number, compare: Comparison): Operator['test'] =>
  (requestValue, policyValue, lookup) => {
    const written = substituteVariables(policyValue, lookup);
    if (written === undefined) return undefined;
    const expected = toNumber(written);
    if (Number.isNaN(expected))
      throw new Error(`"${written}" in a policy condition is neither a number nor a date`);
    const actual = toNumber(requestValue);
    return !Number.isNaN(actual) && compare(actual, expected);
  };

const numberOf = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

/** Milliseconds of an ISO 8601 date, or of epoch seconds. */
const timeOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));

const equal: Comparison = (left, right) => left === right;
const less: Comparison = (left, right) => left < right;
const lessOrEqual: Comparison = (left, right) => left <= right;
const greater: Comparison = (left, right) => left > right;
const greaterOrEqual: Comparison = (left, right) => left >= right;

const OPERATORS: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', is(sameText)],
  ['StringNotEquals', isNot(sameText)],
  ['StringEqualsIgnoreCase', is(sameTextIgnoringCase)],
  ['StringNotEqualsIgnoreCase', isNot(sameTextIgnoringCase)],
  ['StringLike', is(like)],
  ['StringNotLike', isNot(like)],
  ['ArnEquals', is(arnLike)],
  ['ArnLike', is(arnLike)],
  ['ArnNotEquals', isNot(arnLike)],
  ['ArnNotLike', isNot(arnLike)],
  ['Bool', is(sameTextIgnoringCase)],
  ['NumericEquals', is(ordered(numberOf, equal))],
  ['NumericNotEquals', isNot(ordered(numberOf, equal))],
  ['NumericLessThan', is(ordered(numberOf, less))],
  ['NumericLessThanEquals', is(ordered(numberOf, lessOrEqual))],
  ['NumericGreaterThan', is(ordered(numberOf, greater))],
  ['NumericGreaterThanEquals', is(ordered(numberOf, greaterOrEqual))],
  ['DateEquals', is(ordered(timeOf, equal))],
  ['DateNotEquals', isNot(ordered(timeOf, equal))],
  ['DateLessThan', is(ordered(timeOf, less))],
  ['DateLessThanEquals', is(ordered(timeOf, lessOrEqual))],
  ['DateGreaterThan', is(ordered(timeOf, greater))],
  ['DateGreaterThanEquals', is(ordered(timeOf, greaterOrEqual))],
]);

interface ParsedOperator extends Operator {
  readonly quantifier: 'all' | 'any' | undefined;
  readonly ifExists: boolean;
}

/** Throws unless the operator is supported. */
export function checkConditionOperator(name: string): void {
  if (name !== 'Null') parseOperator(name);
}

/** Whether all conditions of a statement are true. `failClosed` is false in `Deny` statements. */
export function conditionsHold(
  conditions: PolicyConditions | undefined,
  context: ConditionContext,
  options: { lookup?: VariableLookup | undefined; failClosed: boolean },
): boolean {
  return Object.entries(conditions ?? {}).every(([operatorName, keys]) =>
    Object.entries(keys).every(([key, written]) => {
      const requestValues = contextValues(context, key);
      const policyValues = listOf(written).map(String);
      if (operatorName === 'Null') {
        return policyValues.some(
          (value) => (value.toLowerCase() === 'true') === (requestValues.length === 0),
        );
      }
      return conditionHolds(parseOperator(operatorName), requestValues, policyValues, options);
    }),
  );
}

/** The values of a condition key. Empty when the request does not have it. */
export function contextValues(context: ConditionContext, key: string): readonly string[] {
  const exact = Object.hasOwn(context, key) ? context[key] : undefined;
  if (exact !== undefined) return listOf(exact);
  const wanted = key.toLowerCase();
  return listOf(
    Object.entries(context).find(
      ([name, value]) => value !== undefined && name.toLowerCase() === wanted,
    )?.[1],
  );
}

function conditionHolds(
  { test, negated, quantifier, ifExists }: ParsedOperator,
  requestValues: readonly string[],
  policyValues: readonly string[],
  { lookup, failClosed }: { lookup?: VariableLookup | undefined; failClosed: boolean },
): boolean {
  if (requestValues.length === 0) {
    // IAM: a missing key is true for `IfExists` and `ForAllValues`, and otherwise only for "not" operators.
    return ifExists || quantifier === 'all' || (quantifier === undefined && negated);
  }
  const valueHolds = (requestValue: string): boolean => {
    const outcomes = policyValues.map((policyValue) => test(requestValue, policyValue, lookup));
    // An unset variable never equals anything, but "not equal to an unknown value" must not grant access
    // either.
    if (negated && failClosed && outcomes.includes(undefined)) return false;
    return outcomes.includes(true) !== negated;
  };
  // Without a quantifier, several values count like IAM's single value: one must match; for "not", all must
  // differ.
  const all = quantifier === undefined ? negated : quantifier === 'all';
  return all ? requestValues.every(valueHolds) : requestValues.some(valueHolds);
}

function parseOperator(name: string): ParsedOperator {
  const [, quantifier, base = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(.*?)(IfExists)?$/.exec(name) ?? [];
  const operator = OPERATORS.get(base);
  if (!operator) throw new Error(`The local stack does not support the policy condition operator "${name}"`);
  return {
    ...operator,
    quantifier: quantifier === 'ForAllValues' ? 'all' : quantifier === 'ForAnyValue' ? 'any' : undefined,
    ifExists: ifExists !== undefined,
  };
}
