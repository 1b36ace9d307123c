import { AwsError } from '../http/aws-error.ts';
import { type AssumeRoleInput, validationError } from './assume-role-input.ts';
import type { Identities, Identity, Role } from './identities.ts';
import { type AccessRequest, type ConditionContext, evaluate, evaluateResourcePolicy } from './policy.ts';
import { refuse } from './refusals.ts';

/** AWS's limit for a session that was made by another session (role chaining): one hour. */
const MAX_CHAINED_IN_SECONDS = 3600;

/**
 * Creates a session of a role, if the role's trust policy and the caller's policies allow it:
 * `sts:AssumeRole`, with tags also `sts:TagSession`, and with a source identity also `sts:SetSourceIdentity`.
 */
export function assumeRole(
  identities: Identities,
  caller: Identity,
  input: AssumeRoleInput,
  now: Date,
): Identity {
  const { roleArn, roleSessionName, durationInSeconds, sessionPolicy } = input;
  const inherited = inheritedTags(caller, input);
  const tags = { ...inherited, ...input.tags };
  const transitiveTagKeys = [...Object.keys(inherited), ...input.transitiveTagKeys];
  const sourceIdentity = input.sourceIdentity ?? caller.sourceIdentity;

  const actions = ['sts:AssumeRole'];
  if (Object.keys(tags).length > 0) actions.push('sts:TagSession');
  if (sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity');
  const context = requestContext(input, { tags, transitiveTagKeys, sourceIdentity });
  const role = identities.findRole(roleArn);
  // An unknown role gets the same response as one that does not trust the caller, so it does not reveal which
  // roles exist.
  const refused = actions.find(
    (action) => !role || !mayAssume(role, caller, { action, resource: roleArn, context, now }),
  );
  if (!role || refused !== undefined) {
    const message = `User: ${caller.principalArn} is not authorized to perform: ${refused} on resource: ${roleArn}`;
    throw refuse('query', 'access-denied', message);
  }
  if (caller.sourceIdentity !== undefined && caller.sourceIdentity !== sourceIdentity) {
    throw refuse(
      'query',
      'access-denied',
      'The source identity of a session cannot be changed by role chaining.',
    );
  }
  checkDuration(durationInSeconds, role, caller);
  return identities.mintForRole(roleArn, {
    sessionName: roleSessionName,
    durationInSeconds,
    sessionPolicies: sessionPolicy ? [sessionPolicy] : [],
    tags,
    transitiveTagKeys,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  });
}

function mayAssume(role: Role, caller: Identity, request: AccessRequest): boolean {
  return (
    evaluateResourcePolicy(role.trustPolicy, caller, request, 'trust') === 'allow' &&
    evaluate(caller, request) === 'allow'
  );
}

/** The transitive tags of the caller's session. A request cannot change them. */
function inheritedTags(caller: Identity, { tags }: AssumeRoleInput): Record<string, string> {
  const keys = caller.transitiveTagKeys ?? [];
  const requested = Object.keys(tags).map((key) => key.toLowerCase());
  const overridden = keys.find((key) => requested.includes(key.toLowerCase()));
  if (overridden !== undefined) {
    const message = `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${overridden}`;
    throw new AwsError('InvalidParameterValue', message);
  }
  return Object.fromEntries(keys.map((key) => [key, caller.principalTags[key] ?? '']));
}

function requestContext(
  { roleSessionName, externalId }: AssumeRoleInput,
  session: { tags: Record<string, string>; transitiveTagKeys: string[]; sourceIdentity: string | undefined },
): ConditionContext {
  const requestTags = Object.entries(session.tags).map(([key, value]) => [`aws:RequestTag/${key}`, value]);
  return {
    ...Object.fromEntries(requestTags),
    'aws:TagKeys': Object.keys(session.tags),
    'aws:SecureTransport': 'true',
    'sts:TransitiveTagKeys': session.transitiveTagKeys,
    'sts:RoleSessionName': roleSessionName,
    'sts:SourceIdentity': session.sourceIdentity,
    'sts:ExternalId': externalId,
  };
}

function checkDuration(durationInSeconds: number, role: Role, caller: Identity): void {
  if (caller.roleArn !== undefined && durationInSeconds > MAX_CHAINED_IN_SECONDS) {
    const message =
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining';
    throw validationError(message);
  }
  if (durationInSeconds > role.maxSessionDurationInSeconds) {
    throw validationError('The requested DurationSeconds exceeds the MaxSessionDuration set for this role.');
  }
}
