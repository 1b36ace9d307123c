import { type ConditionContext, conditionsHold, contextValues } from './condition.ts';
import type { Identity } from './identity.ts';
import {
  listOf,
  type PolicyDocument,
  type PolicyKind,
  type PolicyPrincipal,
  type PolicyStatement,
} from './policy-document.ts';
import { matchesArnPattern, matchesPattern, type VariableLookup } from './policy-pattern.ts';
import { checkPolicy } from './policy-validation.ts';

export type { ConditionContext } from './condition.ts';
export type { PolicyDocument, PolicyStatement } from './policy-document.ts';

/** An action that needs a permission. */
export interface AccessRequest {
  /** Such as `s3:PutObject`. */
  readonly action: string;
  /** ARN of the resource. All of its characters are literal. */
  readonly resource: string;
  /** Condition keys of the service, such as `s3:prefix`. Those of the caller are added. */
  readonly context?: ConditionContext;
  /** @default the present */
  readonly now?: Date;
}

/** The caller, as resource and trust policies name it. */
export type Caller = Identity | { readonly service: string };

/** `explicit-deny` wins over everything. `implicit-deny` means that nothing allows the action. */
export type Decision = 'allow' | 'implicit-deny' | 'explicit-deny';

/**
 * Whether the identity has the permission: the policies of its role or of the resource allow it, its session
 * policies allow it as well, and none denies it. Root needs no permission, but a resource policy can deny it.
 *
 * Here, a resource policy never widens a session policy. On AWS, some forms of principal do that.
 */
export function evaluate(
  identity: Identity,
  request: AccessRequest,
  resourcePolicy?: PolicyDocument,
): Decision {
  if (identity.servicePrincipal) {
    const { service, context } = identity.servicePrincipal;
    if (!resourcePolicy) return 'implicit-deny';
    const ofService = { ...request, context: { ...request.context, ...context } };
    return evaluateResourcePolicy(resourcePolicy, { service }, ofService);
  }
  const byResource = resourcePolicy
    ? decideForPrincipal(resourcePolicy, 'resource', identity, request, 'caller')
    : 'implicit-deny';
  if (byResource === 'explicit-deny') return 'explicit-deny';
  if (identity.root) return 'allow';

  const context = fullContext(identity, request);
  const byRole = decide(identity.rolePolicies, 'identity', request, context);
  const bySession =
    identity.sessionPolicies.length === 0
      ? 'allow'
      : decide(identity.sessionPolicies, 'identity', request, context);
  if (byRole === 'explicit-deny' || bySession === 'explicit-deny') return 'explicit-deny';
  return bySession === 'allow' && (byRole === 'allow' || byResource === 'allow') ? 'allow' : 'implicit-deny';
}

/**
 * What a resource or trust policy by itself says about a caller. `'trust'` policies have no `Resource`, and
 * in them a principal that is the whole account means the caller too; in a bucket policy it only means "as
 * its own policies say".
 */
export function evaluateResourcePolicy(
  policy: PolicyDocument,
  caller: Caller,
  request: AccessRequest,
  kind: 'resource' | 'trust' = 'resource',
): Decision {
  return decideForPrincipal(policy, kind, caller, request, kind === 'trust' ? 'account' : 'caller');
}

function decideForPrincipal(
  policy: PolicyDocument,
  kind: 'resource' | 'trust',
  caller: Caller,
  request: AccessRequest,
  allowedBy: 'caller' | 'account',
): Decision {
  return decide(
    [policy],
    kind,
    request,
    fullContext(caller, request),
    ({ Principal: principal, Effect: effect }) =>
      matchesPrincipal(principal, caller, effect === 'Deny' || allowedBy === 'account'),
  );
}

function decide(
  policies: readonly PolicyDocument[],
  kind: PolicyKind,
  request: AccessRequest,
  context: ConditionContext,
  concerns: (statement: PolicyStatement) => boolean = () => true,
): Decision {
  let decision: Decision = 'implicit-deny';
  for (const policy of policies) {
    checkPolicy(policy, kind);
    // Variables exist since policy version 2012-10-17. In earlier ones, `${` is plain text.
    const lookup = policy.Version === '2012-10-17' ? variablesFrom(context) : undefined;
    for (const statement of listOf(policy.Statement)) {
      if (!concerns(statement) || !statementMatches(statement, request, context, lookup)) continue;
      if (statement.Effect === 'Deny') return 'explicit-deny';
      decision = 'allow';
    }
  }
  return decision;
}

function statementMatches(
  statement: PolicyStatement,
  { action, resource }: AccessRequest,
  context: ConditionContext,
  lookup: VariableLookup | undefined,
): boolean {
  return (
    actionMatches(statement, action) &&
    resourceMatches(statement, resource, lookup) &&
    conditionsHold(statement.Condition, context, { lookup, failClosed: statement.Effect === 'Allow' })
  );
}

function actionMatches({ Action: actions, NotAction: exceptions }: PolicyStatement, action: string): boolean {
  const matchesAny = listOf(actions ?? exceptions).some((pattern) =>
    matchesPattern(pattern.toLowerCase(), action.toLowerCase()),
  );
  return matchesAny === (actions !== undefined);
}

function resourceMatches(
  { Resource: resources, NotResource: exceptions, Effect: effect }: PolicyStatement,
  resource: string,
  lookup: VariableLookup | undefined,
): boolean {
  const outcomes = listOf(resources ?? exceptions).map((pattern) =>
    matchesArnPattern(pattern, resource, lookup),
  );
  // A trust policy names no resource: its resource is its own role.
  if (outcomes.length === 0) return true;
  if (resources !== undefined) return outcomes.includes(true);
  // An exception with an unset variable does not limit a Deny, and must not grant access either.
  return !outcomes.includes(true) && !(effect === 'Allow' && outcomes.includes(undefined));
}

function matchesPrincipal(
  principal: PolicyPrincipal | undefined,
  caller: Caller,
  accountCounts: boolean,
): boolean {
  if (principal === '*') return true;
  if (principal === undefined) return false;
  if ('service' in caller) return listOf(principal['Service']).includes(caller.service);
  const account = accountOf(caller.principalArn);
  return listOf(principal['AWS']).some((name) => {
    if (name === '*' || name === caller.principalArn || name === caller.roleArn) return true;
    return (
      accountCounts && (name === account || /^arn:[^:]*:iam::(\d{12}):root$/.exec(name)?.[1] === account)
    );
  });
}

/** The condition keys of the service, and those of the caller, which win. */
function fullContext(caller: Caller, { context, now = new Date() }: AccessRequest): ConditionContext {
  return {
    ...context,
    'aws:CurrentTime': now.toISOString(),
    'aws:EpochTime': String(Math.floor(now.getTime() / 1000)),
    ...('service' in caller ? {} : callerContext(caller)),
  };
}

function callerContext(identity: Identity): ConditionContext {
  const tags = Object.entries(identity.principalTags).map(([key, value]) => [
    `aws:PrincipalTag/${key}`,
    value,
  ]);
  return {
    ...Object.fromEntries(tags),
    // As on AWS, this is the ARN of the session's role.
    'aws:PrincipalArn': identity.roleArn ?? identity.principalArn,
    'aws:PrincipalAccount': accountOf(identity.principalArn),
    'aws:PrincipalType': identity.roleArn === undefined ? 'Account' : 'AssumedRole',
    'aws:userid': identity.userId,
    'aws:SourceIdentity': identity.sourceIdentity,
  };
}

function accountOf(arn: string): string | undefined {
  return arn.split(':')[4];
}

function variablesFrom(context: ConditionContext): VariableLookup {
  return (name) => {
    const values = contextValues(context, name);
    return values.length === 1 ? values[0] : undefined;
  };
}
