/** One value or a list of them, as policies may be written. */
export type OneOrMany<T> = T | readonly T[];

/** Whom a statement of a trust or bucket policy is about. */
export type PolicyPrincipal = '*' | { readonly [kind: string]: OneOrMany<string> };

/** Condition operator → condition key → values. */
export type PolicyConditions = {
  readonly [operator: string]: { readonly [key: string]: OneOrMany<string | number | boolean> };
};

/** A statement of a policy, references already resolved. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: PolicyPrincipal;
  readonly Action?: OneOrMany<string>;
  readonly NotAction?: OneOrMany<string>;
  readonly Resource?: OneOrMany<string>;
  readonly NotResource?: OneOrMany<string>;
  readonly Condition?: PolicyConditions;
}

/** A policy document as IAM stores it. */
export interface PolicyDocument {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: OneOrMany<PolicyStatement>;
}

/** Where a policy is attached: to a role or session, to a resource, or to a role as its trust policy. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A list, whether the policy wrote one or a single value. */
export function listOf<T>(value: OneOrMany<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
