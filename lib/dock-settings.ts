import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnOutput, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { DOCK_SETTINGS_SECRET_ARN } from '../functions/environment.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/**
 * What the secret holds until an operator fills in DJI's licence. It must stay as it is: when it changes, CloudFormation puts it in the place
 * of what the operator wrote.
 */
const UNTIL_FILLED_IN = JSON.stringify({
  // Amazon's, for everybody. pool.ntp.org asks products not to have it as their default.
  ntp_server_host: 'time.aws.com',
  ntp_server_port: 123,
  app_id: '',
  app_key: '',
  app_license: '',
});

/** What docks ask for before they work with a cloud: time server and DJI licence, in a secret that operators fill in. It outlives the stack. */
export class DockSettings extends Construct {
  private readonly secret: CfnSecret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Level 1: CDK's Secret takes text only, or makes up a password that nobody needs.
    this.secret = new CfnSecret(this, 'Secret', {
      description: 'Time server and DJI licence for docks; docs/operations.md says how to fill it in',
      secretString: UNTIL_FILLED_IN,
    });
    this.secret.applyRemovalPolicy(RemovalPolicy.RETAIN);
    new CfnOutput(this, 'Arn', { value: this.secret.ref }).overrideLogicalId('DockSettingsSecretArn');
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'DJI gives out the licence, and nothing here could replace it with another.',
    });
  }

  /** Allows the function to read this one secret. */
  grantRead(endpoint: EndpointFunction): void {
    endpoint.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [this.secret.ref] }),
    );
    endpoint.addEnvironment(DOCK_SETTINGS_SECRET_ARN, this.secret.ref);
  }
}
