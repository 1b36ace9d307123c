import type {
  PasswordPolicy,
  UserPoolClientDefinition,
  UserPoolDefinition,
} from '../../cognito/definitions.ts';
import type { InterpretedTemplate } from '../interpreter.ts';
import { TemplateError } from '../intrinsics.ts';
import {
  arnOf,
  generatedName,
  type Properties,
  type Resource,
  type ResourceTypes,
  stableId,
} from '../resource.ts';

const USER_POOL = 'AWS::Cognito::UserPool';
const CLIENT = 'AWS::Cognito::UserPoolClient';
const GROUP = 'AWS::Cognito::UserPoolGroup';

const SECONDS_PER_UNIT: Readonly<Record<string, number>> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
};

/** User pools, their app clients and their groups. */
export const COGNITO_TYPES: ResourceTypes = {
  [USER_POOL]: {
    physicalId: (pool) => `${pool.environment.region}_${stableId(pool, 9)}`,
    attributes: {
      Arn: (pool) => arnOf(pool, 'cognito-idp', `userpool/${pool.physicalId}`),
      UserPoolId: (pool) => pool.physicalId,
      ProviderName: providerName,
      ProviderURL: (pool) => `https://${providerName(pool)}`,
    },
    properties: [
      'AccountRecoverySetting',
      'AdminCreateUserConfig',
      'DeletionProtection',
      'EmailVerificationMessage',
      'EmailVerificationSubject',
      'MfaConfiguration',
      'Policies',
      'SmsVerificationMessage',
      'UserPoolName',
      'UserPoolTier',
      'UsernameConfiguration',
      'VerificationMessageTemplate',
    ],
  },
  [CLIENT]: {
    physicalId: (client) => stableId(client, 26),
    attributes: { ClientId: (client) => client.physicalId },
    // OAuth is for hosted sign-in pages, which need a domain, and that type is not supported.
    properties: [
      'AccessTokenValidity',
      'AllowedOAuthFlows',
      'AllowedOAuthFlowsUserPoolClient',
      'AllowedOAuthScopes',
      'AuthSessionValidity',
      'CallbackURLs',
      'ClientName',
      'DefaultRedirectURI',
      'EnableTokenRevocation',
      'ExplicitAuthFlows',
      'GenerateSecret',
      'IdTokenValidity',
      'LogoutURLs',
      'PreventUserExistenceErrors',
      'ReadAttributes',
      'RefreshTokenValidity',
      'SupportedIdentityProviders',
      'TokenValidityUnits',
      'UserPoolId',
      'WriteAttributes',
    ],
  },
  [GROUP]: {
    physicalId: (group) => String(group.property('GroupName') ?? generatedName(group)),
    properties: ['Description', 'GroupName', 'UserPoolId'],
  },
};

/** The user pools of the template. */
export function readUserPools(template: InterpretedTemplate): UserPoolDefinition[] {
  return template.ofType(USER_POOL).map((pool) => {
    const { properties } = pool;
    const mfa = properties.optionalText('MfaConfiguration') ?? 'OFF';
    if (mfa !== 'OFF')
      throw new TemplateError(`${pool.logicalId}: the local stack does not support MfaConfiguration ${mfa}`);
    const own = (type: string) =>
      template.ofType(type).filter((one) => one.properties.text('UserPoolId') === pool.physicalId);
    const policies = properties.object('Policies');
    return {
      id: pool.physicalId,
      name: properties.optionalText('UserPoolName') ?? pool.logicalId,
      passwordPolicy: policies.has('PasswordPolicy')
        ? passwordPolicy(policies.object('PasswordPolicy'))
        : undefined,
      clients: own(CLIENT).map(clientOf),
      groups: own(GROUP).map((group) => group.physicalId),
    };
  });
}

/** The user pool that issues tokens with this issuer; undefined for any other issuer. */
export function userPoolOfIssuer(template: InterpretedTemplate, issuer: string): string | undefined {
  return template.ofType(USER_POOL).find((pool) => pool.attribute('ProviderURL') === issuer)?.physicalId;
}

function clientOf({ logicalId, physicalId, properties }: Resource): UserPoolClientDefinition {
  if (properties.optionalFlag('GenerateSecret')) {
    throw new TemplateError(`${logicalId}: the local stack supports clients without a secret only`);
  }
  const units = properties.object('TokenValidityUnits');
  const validityInSeconds = (token: string, defaultUnit: string): number | undefined => {
    const amount = properties.optionalNumber(`${token}Validity`);
    const unit = units.optionalText(token) ?? defaultUnit;
    const seconds = SECONDS_PER_UNIT[unit];
    if (seconds === undefined) throw new TemplateError(`${logicalId}: ${unit} is not a unit of time`);
    return amount === undefined ? undefined : amount * seconds;
  };
  return {
    id: physicalId,
    name: properties.optionalText('ClientName'),
    explicitAuthFlows: properties.texts('ExplicitAuthFlows'),
    accessTokenValidityInSeconds: validityInSeconds('AccessToken', 'hours'),
    idTokenValidityInSeconds: validityInSeconds('IdToken', 'hours'),
    refreshTokenValidityInSeconds: validityInSeconds('RefreshToken', 'days'),
    // The default for clients made by API or CloudFormation is the old behaviour.
    preventUserExistenceErrors: properties.optionalText('PreventUserExistenceErrors') === 'ENABLED',
    enableTokenRevocation: properties.optionalFlag('EnableTokenRevocation'),
  };
}

function passwordPolicy(policy: Properties): PasswordPolicy {
  return {
    minimumLength: policy.optionalNumber('MinimumLength') ?? 8,
    requireLowercase: policy.optionalFlag('RequireLowercase') ?? false,
    requireUppercase: policy.optionalFlag('RequireUppercase') ?? false,
    requireNumbers: policy.optionalFlag('RequireNumbers') ?? false,
    requireSymbols: policy.optionalFlag('RequireSymbols') ?? false,
    temporaryPasswordValidityInDays: policy.optionalNumber('TemporaryPasswordValidityDays'),
  };
}

function providerName(pool: Resource): string {
  return `cognito-idp.${pool.environment.region}.${pool.environment.urlSuffix}/${pool.physicalId}`;
}
