import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnAuthorizer } from 'aws-cdk-lib/aws-iot';
import { Duration } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { AUTHORIZER } from './bundles.ts';
import { EndpointFunction, type EndpointFunctionSettings } from './endpoint-function.ts';
import type { MediaTable } from './media-table.ts';

/** What the authorizer of docks needs. */
export interface DockAuthorizerProps {
  /** Where devices are registered. */
  readonly table: MediaTable;
  /** What functions have in common. */
  readonly functions: EndpointFunctionSettings;
}

/** Lets registered devices in with their serial number and password, and pins each to its own topics. */
export class DockAuthorizer extends Construct {
  /** The function that decides. */
  readonly function: EndpointFunction;
  /** What AWS IoT knows it as. */
  readonly authorizer: CfnAuthorizer;

  constructor(scope: Construct, id: string, { table, functions }: DockAuthorizerProps) {
    super(scope, id);
    this.function = new EndpointFunction(this, 'Function', {
      name: AUTHORIZER,
      does: 'lets registered docks in',
      // AWS IoT waits five seconds.
      timeout: Duration.seconds(4),
      // Half of a vCPU: a password's hash is costly, and after an outage of the network all docks come at once.
      memorySize: 1024,
      ...functions,
    });
    table.grant(this.function, 'Query');

    this.authorizer = new CfnAuthorizer(this, 'Authorizer', {
      authorizerFunctionArn: this.function.functionArn,
      status: 'ACTIVE',
      // What would be signed is a token, and docks send a password.
      signingDisabled: true,
      enableCachingForHttp: false,
    });
    this.function.addPermission('Iot', {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceArn: this.authorizer.attrArn,
    });
  }
}
