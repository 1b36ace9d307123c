import type { Role } from '../../iam/identities.ts';
import type { PolicyDocument } from '../../iam/policy.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import { generatedName, type Resource, type ResourceTypes, stableId } from '../resource.ts';

const ROLE = 'AWS::IAM::Role';
const POLICY = 'AWS::IAM::Policy';
const MANAGED_POLICY = 'AWS::IAM::ManagedPolicy';

/** The supported managed policies of AWS. */
const MANAGED_BY_AWS: Readonly<Record<string, PolicyDocument>> = {
  'service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  },
};

/** Roles and the policies attached to them. */
export const IAM_TYPES: ResourceTypes = {
  [ROLE]: {
    physicalId: (role) => String(role.property('RoleName') ?? generatedName(role)),
    attributes: {
      Arn: (role) => {
        const { partition, accountId } = role.environment;
        return `arn:${partition}:iam::${accountId}:role${role.property('Path') ?? '/'}${role.physicalId}`;
      },
      RoleId: (role) => `AROA${stableId(role, 17).toUpperCase()}`,
    },
    properties: [
      'AssumeRolePolicyDocument',
      'Description',
      'ManagedPolicyArns',
      'MaxSessionDuration',
      'Path',
      'Policies',
      'RoleName',
      'Tags',
    ],
  },
  [POLICY]: {
    physicalId: (policy) => generatedName(policy),
    properties: ['PolicyDocument', 'PolicyName', 'Roles'],
  },
  [MANAGED_POLICY]: {
    physicalId: (policy) => {
      const { partition, accountId } = policy.environment;
      const name = policy.property('ManagedPolicyName') ?? generatedName(policy);
      return `arn:${partition}:iam::${accountId}:policy${policy.property('Path') ?? '/'}${name}`;
    },
    attributes: { PolicyArn: (policy) => policy.physicalId },
    properties: ['Description', 'ManagedPolicyName', 'Path', 'PolicyDocument', 'Roles'],
  },
};

/** The supported managed policies of AWS. */
export const MANAGED_POLICIES: readonly string[] = Object.keys(MANAGED_BY_AWS);

/** The roles of the template, with all policies that it attaches to them. */
export function readRoles(template: InterpretedTemplate): Role[] {
  const policies = [...template.ofType(POLICY), ...template.ofType(MANAGED_POLICY)];
  const roles = template.ofType(ROLE);
  for (const policy of policies) {
    const unknown = policy.properties.texts('Roles').find((name) => !template.find(ROLE, name));
    if (unknown !== undefined) throw new TemplateError(`${policy.logicalId}: there is no role ${unknown}`);
  }
  return roles.map((role) => ({
    arn: role.attribute('Arn'),
    name: role.physicalId,
    trustPolicy: policyDocument(role, 'AssumeRolePolicyDocument'),
    policies: [
      ...role.properties
        .objects('Policies')
        .map((inline) => inline.value('PolicyDocument') as PolicyDocument),
      ...role.properties.texts('ManagedPolicyArns').map((arn) => managedPolicy(template, role, arn)),
      ...policies
        .filter((policy) => policy.properties.texts('Roles').includes(role.physicalId))
        .map((policy) => policyDocument(policy, 'PolicyDocument')),
    ],
    maxSessionDurationInSeconds: role.properties.optionalNumber('MaxSessionDuration') ?? 3600,
  }));
}

function managedPolicy(template: InterpretedTemplate, role: Resource, arn: string): PolicyDocument {
  const own = template.find(MANAGED_POLICY, arn);
  if (own) return policyDocument(own, 'PolicyDocument');
  const [, name = ''] = /^arn:[^:]+:iam::aws:policy\/(.+)$/.exec(arn) ?? [];
  const known = Object.hasOwn(MANAGED_BY_AWS, name) ? MANAGED_BY_AWS[name] : undefined;
  if (known) return known;
  throw new TemplateError(`${role.logicalId}: the local AWS does not support the managed policy ${arn}`);
}

function policyDocument(resource: Resource, property: string): PolicyDocument {
  return resource.properties.object(property).toJSON() as unknown as PolicyDocument;
}
