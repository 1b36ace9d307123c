/** A value or a list of values. Policies can have either. */
export type OneOrMany<T> = T | readonly T[];

/** The principal of a statement in a trust or bucket policy. */
export type PolicyPrincipal = '*' | { readonly [kind: string]: OneOrMany<string> };

/** By operator, then by condition key. */
export type PolicyConditions = {
  readonly [operator: string]: { readonly [key: string]: OneOrMany<string | number | boolean> };
};

/** A statement of a policy. Its references are resolved. */
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

/** What a policy is attached to: a role or session, a resource, or a role as its trust policy. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A list, also when the policy has a single value. */
export function listOf<T>(value: OneOrMany<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
