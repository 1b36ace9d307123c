import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnSecret } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnOutput, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { DOCK_SETTINGS_SECRET_ARN } from '../functions/environment.ts';
import type { EndpointFunction } from './endpoint-function.ts';

/**
 * What the secret holds until an operator fills in DJI's licence. Never change it: CloudFormation would
 * overwrite what the operator wrote.
 */
const UNTIL_FILLED_IN = JSON.stringify({
  // Amazon's public NTP server. pool.ntp.org asks vendors not to use it as a default.
  ntp_server_host: 'time.aws.com',
  ntp_server_port: 123,
  app_id: '',
  app_key: '',
  app_license: '',
});

/**
 * What docks ask for before they work with a cloud: NTP server and DJI licence. They are in a secret that
 * operators fill in, and which stays when the stack is deleted.
 */
export class DockSettings extends Construct {
  private readonly secret: CfnSecret;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    // Level 1: CDK's Secret takes only text, or generates a password that is not needed.
    this.secret = new CfnSecret(this, 'Secret', {
      description: 'Time server and DJI licence for docks; docs/operations.md says how to fill it in',
      secretString: UNTIL_FILLED_IN,
    });
    this.secret.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    new CfnOutput(this, 'Arn', { value: this.secret.ref }).overrideLogicalId('DockSettingsSecretArn');
    Validations.of(this.secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'DJI issues the licence: there is nothing to rotate it to.',
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
