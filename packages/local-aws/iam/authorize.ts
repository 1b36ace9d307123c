import type { Identity } from './identities.ts';
import { type AccessRequest, evaluate, type PolicyDocument } from './policy.ts';
import { protocolOf, refuse } from './refusals.ts';

/** Throws the service's "access denied" error unless the identity has the permission. */
export function authorize(
  service: string,
  identity: Identity,
  request: AccessRequest,
  resourcePolicy?: PolicyDocument,
): void {
  const decision = evaluate(identity, request, resourcePolicy);
  if (decision === 'allow') return;
  const { action, resource } = request;
  const reason =
    decision === 'explicit-deny'
      ? 'with an explicit deny'
      : `because no policy that applies allows the ${action} action`;
  throw refuse(
    protocolOf(service),
    'access-denied',
    `User: ${identity.principalArn} is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
  );
}
