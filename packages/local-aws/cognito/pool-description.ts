import * as v from 'valibot';
import { AwsError } from '../http/aws-error.ts';
import type { Operation } from '../json/operations.ts';
import type { DefineAdministration } from './administration.ts';
import type { UserPool } from './user-pool.ts';

/** Operations that describe the pool of the template. */
export function descriptionOperations(define: DefineAdministration): Record<string, Operation> {
  return {
    DescribeUserPool: define({}, async (pool) => ({ UserPool: describePool(pool) })),
    DescribeUserPoolClient: define({ ClientId: v.string() }, async (pool, input) => ({
      UserPoolClient: describeClient(pool, input.ClientId),
    })),
  };
}

function describePool(pool: UserPool): object {
  const policy = pool.passwordPolicy;
  return {
    Id: pool.id,
    Name: pool.name,
    Arn: pool.arn,
    EstimatedNumberOfUsers: pool.state.users.size,
    MfaConfiguration: 'OFF',
    Policies: {
      PasswordPolicy: {
        MinimumLength: policy.minimumLength,
        RequireUppercase: policy.requireUppercase,
        RequireLowercase: policy.requireLowercase,
        RequireNumbers: policy.requireNumbers,
        RequireSymbols: policy.requireSymbols,
        TemporaryPasswordValidityDays: policy.temporaryPasswordValidityInDays,
      },
    },
  };
}

function describeClient(pool: UserPool, clientId: string): object {
  const client = pool.clients.get(clientId);
  if (!client)
    throw new AwsError('ResourceNotFoundException', `User pool client ${clientId} does not exist.`);
  return {
    UserPoolId: pool.id,
    ClientId: client.id,
    ClientName: client.name,
    ExplicitAuthFlows: client.explicitAuthFlows,
    AccessTokenValidity: client.accessTokenValidityInSeconds,
    IdTokenValidity: client.idTokenValidityInSeconds,
    RefreshTokenValidity: client.refreshTokenValidityInSeconds,
    TokenValidityUnits: { AccessToken: 'seconds', IdToken: 'seconds', RefreshToken: 'seconds' },
    PreventUserExistenceErrors: client.preventUserExistenceErrors ? 'ENABLED' : 'LEGACY',
    EnableTokenRevocation: client.enableTokenRevocation,
    AllowedOAuthFlowsUserPoolClient: false,
  };
}
