import type { SecretDefinition } from '../../secrets-manager/secrets-manager.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { arnOf, generatedName, type Resource, type ResourceTypes, stableId } from '../resource.ts';

const SECRET = 'AWS::SecretsManager::Secret';

type Named = Pick<Resource, 'environment' | 'logicalId' | 'property'>;

const secretName = (secret: Named): string => String(secret.property('Name') ?? generatedName(secret));

/** Secrets. `Ref` returns the ARN, which ends in six characters chosen by Secrets Manager. */
export const SECRETS_MANAGER_TYPES: ResourceTypes = {
  [SECRET]: {
    physicalId: (secret) =>
      arnOf(secret, 'secretsmanager', `secret:${secretName(secret)}-${stableId(secret, 6)}`),
    attributes: { Id: (secret) => secret.physicalId },
    properties: ['Description', 'Name', 'SecretString', 'Tags'],
  },
};

/** The secrets of the template. */
export function readSecrets(template: InterpretedTemplate): SecretDefinition[] {
  return template.ofType(SECRET).map((secret) => ({
    name: secretName(secret),
    arn: secret.physicalId,
    initialValue: secret.properties.optionalText('SecretString'),
    description: secret.properties.optionalText('Description'),
  }));
}
