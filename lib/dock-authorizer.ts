import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAuthorizer } from 'aws-cdk-lib/aws-iot';
import { Construct } from 'constructs';
import type { LibraryFunctions } from './library-functions.ts';

/** Lets registered devices in with their serial number and password, and pins each to its own topics. */
export class DockAuthorizer extends Construct {
  /** What AWS IoT knows it as. */
  readonly authorizer: CfnAuthorizer;

  constructor(scope: Construct, id: string, functions: LibraryFunctions) {
    super(scope, id);
    const [signIn, ...others] = functions.of('mqtt-sign-in');
    if (!signIn || others.length > 0) throw new Error('One function decides which devices come in');
    this.authorizer = new CfnAuthorizer(this, 'Authorizer', {
      authorizerFunctionArn: signIn.endpoint.functionArn,
      status: 'ACTIVE',
      // What would be signed is a token, and docks send a password.
      signingDisabled: true,
      enableCachingForHttp: false,
    });
    signIn.endpoint.addPermission('Iot', {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceArn: this.authorizer.attrArn,
    });
  }
}
