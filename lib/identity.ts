import { AccountRecovery, FeaturePlan, Mfa, UserPool, type UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Aws, CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { USER_POOL_CLIENT_ID, USER_POOL_ID, WORKSPACES_CLAIM } from '../functions/environment.ts';
import type { Configuration } from './configuration.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/** Who vouches for people. */
export interface IdentityProps
  extends Pick<Configuration, 'oidcIssuer' | 'oidcAudience' | 'workspacesClaim'> {}

/**
 * Whose tokens the API takes: those of a Cognito user pool, in which a group is a workspace and bears its id, or those
 * of an OIDC issuer by configuration. Users and groups are made by administration, not here.
 */
export class Identity extends Construct {
  /** Address that a token's `iss` names. */
  readonly issuer: string;
  /** A token names one of these. */
  readonly audience: string[];
  private readonly workspacesClaim: string;
  private readonly pool: UserPool | undefined;
  private readonly client: UserPoolClient | undefined;

  constructor(scope: Construct, id: string, { oidcIssuer, oidcAudience, workspacesClaim }: IdentityProps) {
    super(scope, id);
    this.workspacesClaim = workspacesClaim;
    if (oidcIssuer && oidcAudience) {
      this.issuer = oidcIssuer;
      this.audience = oidcAudience;
      return;
    }
    const pool = this.userPool();
    this.pool = pool;
    this.client = clientOf(pool);
    this.issuer = `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}/${pool.userPoolId}`;
    this.audience = [this.client.userPoolClientId];
    new CfnOutput(this, 'PoolId', { value: pool.userPoolId }).overrideLogicalId('UserPoolId');
    new CfnOutput(this, 'ClientId', { value: this.client.userPoolClientId }).overrideLogicalId(
      'UserPoolClientId',
    );
  }

  /** Whether people sign in here, and not with an issuer of their own. */
  get signsIn(): boolean {
    return this.client !== undefined;
  }

  /** Tells the function which claim lists a user's workspaces. */
  grantWorkspaces(endpoint: EndpointFunction): void {
    endpoint.addEnvironment(WORKSPACES_CLAIM, this.workspacesClaim);
  }

  /** Tells the function which client to sign in with. Cognito takes those calls from anybody: there is nothing to allow. */
  grantSignIn(endpoint: EndpointFunction): void {
    if (this.client) endpoint.addEnvironment(USER_POOL_CLIENT_ID, this.client.userPoolClientId);
  }

  /** Allows the function to read what people call a workspace. With an issuer of their own there is nothing to read. */
  grantReadWorkspaces(endpoint: EndpointFunction): void {
    if (!this.pool) return;
    endpoint.addToRolePolicy(
      new PolicyStatement({ actions: ['cognito-idp:GetGroup'], resources: [this.pool.userPoolArn] }),
    );
    endpoint.addEnvironment(USER_POOL_ID, this.pool.userPoolId);
  }

  private userPool(): UserPool {
    const pool = new UserPool(this, 'UserPool', {
      selfSignUpEnabled: false,
      signInAliases: { username: true },
      signInCaseSensitive: false,
      featurePlan: FeaturePlan.ESSENTIALS,
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      mfa: Mfa.OFF,
      accountRecovery: AccountRecovery.NONE,
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(pool).acknowledge(
      {
        id: 'AwsSolutions-COG2',
        reason:
          "DJI's login is one request with a user name and a password: a device could not answer a second factor. With oidcIssuer, people sign in where there is one.",
      },
      {
        id: 'AwsSolutions-COG8',
        reason:
          'The plus plan is priced by user and adds threat protection. Routes that sign in are throttled, and nobody can sign up.',
      },
    );
    return pool;
  }
}

/** Pilot is a public client: a secret in an app is none. */
const clientOf = (pool: UserPool): UserPoolClient =>
  pool.addClient('Client', {
    generateSecret: false,
    disableOAuth: true,
    authFlows: { userPassword: true },
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.hours(1),
    idTokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.days(30),
  });
