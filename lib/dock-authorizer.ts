import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAuthorizer } from 'aws-cdk-lib/aws-iot';
import { RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { LibraryFunctions } from './library-functions.ts';

/** Authenticates registered devices by serial number and password, and limits each to its own topics. */
export class DockAuthorizer extends Construct {
  /** Its `ref` is its name for AWS IoT. */
  readonly authorizer: CfnAuthorizer;

  constructor(scope: Construct, id: string, functions: LibraryFunctions) {
    super(scope, id);
    const [signIn, ...others] = functions.of('mqtt-sign-in');
    if (!signIn || others.length > 0) throw new Error('Exactly one function authenticates devices');
    this.authorizer = new CfnAuthorizer(this, 'Authorizer', {
      authorizerFunctionArn: signIn.endpoint.functionArn,
      status: 'ACTIVE',
      // Signing is for tokens, and docks send a password.
      signingDisabled: true,
      enableCachingForHttp: false,
    });
    // AWS deletes no authorizer that a domain names, and one that AWS made may be there for a week after the
    // configuration has changed to another.
    this.authorizer.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    signIn.endpoint.addPermission('Iot', {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceArn: this.authorizer.attrArn,
    });
  }
}
