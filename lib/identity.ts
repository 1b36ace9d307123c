import { AccountRecovery, FeaturePlan, Mfa, UserPool, type UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Aws, CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { USER_POOL_CLIENT_ID, USER_POOL_ID, WORKSPACES_CLAIM } from '../functions/environment.ts';
import type { Configuration } from './configuration.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/** The scope of access tokens that a user pool issues for a password. */
const USER_POOL_SCOPE = 'aws.cognito.signin.user.admin';

/** Who issues the tokens of users. */
export interface IdentityProps
  extends Pick<Configuration, 'oidcIssuer' | 'oidcAudience' | 'workspacesClaim' | 'tokens'> {}

/**
 * Whose tokens the API accepts: those of a Cognito user pool, where each group is a workspace and has its id
 * as name, or those of a configured OIDC issuer. `npm run admin` makes users and groups.
 */
export class Identity extends Construct {
  /** The `iss` of tokens. */
  readonly issuer: string;
  /** A token must name one of these. */
  readonly audience: string[];
  /**
   * A token must have one of these, unless the list is empty. ID tokens of a user pool have no scope, and
   * access tokens of users who signed in with a password have this one.
   */
  readonly scopes: string[];
  private readonly workspacesClaim: string;
  private readonly pool: UserPool | undefined;
  private readonly client: UserPoolClient | undefined;

  constructor(
    scope: Construct,
    id: string,
    { oidcIssuer, oidcAudience, workspacesClaim, tokens }: IdentityProps,
  ) {
    super(scope, id);
    this.workspacesClaim = workspacesClaim;
    if (oidcIssuer && oidcAudience) {
      this.issuer = oidcIssuer;
      this.audience = oidcAudience;
      this.scopes = [];
      return;
    }
    const pool = this.userPool();
    this.pool = pool;
    this.client = clientOf(pool, tokens);
    this.issuer = `https://cognito-idp.${Aws.REGION}.${Aws.URL_SUFFIX}/${pool.userPoolId}`;
    this.audience = [this.client.userPoolClientId];
    this.scopes = [USER_POOL_SCOPE];
    new CfnOutput(this, 'PoolId', { value: pool.userPoolId }).overrideLogicalId('UserPoolId');
    new CfnOutput(this, 'ClientId', { value: this.client.userPoolClientId }).overrideLogicalId(
      'UserPoolClientId',
    );
  }

  /** Whether users sign in through this API, and not with an OIDC issuer. */
  get signsIn(): boolean {
    return this.client !== undefined;
  }

  /** Tells the function which claim lists a user's workspaces. */
  grantWorkspaces(endpoint: EndpointFunction): void {
    endpoint.addEnvironment(WORKSPACES_CLAIM, this.workspacesClaim);
  }

  /**
   * Tells the function which client to sign in with. Cognito accepts these calls from everybody, so they need
   * no permission.
   */
  grantSignIn(endpoint: EndpointFunction): void {
    if (this.client) endpoint.addEnvironment(USER_POOL_CLIENT_ID, this.client.userPoolClientId);
  }

  /** Allows the function to read the names of workspaces. With an OIDC issuer there are none. */
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
      // Also after a failed first deployment: its rollback could not delete what is protected, and would
      // fail.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(pool).acknowledge(
      {
        id: 'AwsSolutions-COG2',
        reason:
          "DJI's login is one request with user name and password: a device cannot give a second factor. Use oidcIssuer for an issuer that asks for one.",
      },
      {
        id: 'AwsSolutions-COG8',
        reason:
          'The plus plan adds threat protection and is priced by user. The sign-in routes are throttled, and there is no sign-up.',
      },
    );
    return pool;
  }
}

/**
 * Pilot is a public client: a secret in an app would not be secret. Cognito's refresh tokens stay on the
 * server and are not rotated: a session would be lost with the answer that holds the next one.
 */
const clientOf = (pool: UserPool, tokens: Configuration['tokens']): UserPoolClient =>
  pool.addClient('Client', {
    generateSecret: false,
    disableOAuth: true,
    authFlows: { userPassword: true },
    preventUserExistenceErrors: true,
    enableTokenRevocation: true,
    accessTokenValidity: Duration.hours(tokens.accessInHours),
    // Nothing takes ID tokens.
    idTokenValidity: Duration.hours(1),
    refreshTokenValidity: Duration.days(tokens.sessionInDays),
  });
