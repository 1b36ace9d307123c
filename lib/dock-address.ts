import { CfnDomainConfiguration, type CfnDomainConfigurationProps } from 'aws-cdk-lib/aws-iot';
import { CfnOutput, RemovalPolicy } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Configuration } from './configuration.ts';
import type { DockAuthorizer } from './dock-authorizer.ts';

/** Where docks connect to, and the authorizer there. */
export interface DockAddressProps extends Pick<Configuration, 'dock'> {
  readonly authorizer: DockAuthorizer;
}

/**
 * The address that sign-in returns to Pilot: the configured one, else that of the bridge, else the custom domain;
 * empty when it is known only after deployment.
 */
export function mqttAddressOf({
  mqttAddress,
  bridge,
  dock,
}: Pick<Configuration, 'mqttAddress' | 'bridge' | 'dock'>): string {
  const domainName = bridge.domainName ?? (dock.certificateArn && dock.domainName);
  return mqttAddress || (domainName ? `ssl://${domainName}:8883` : '');
}

/**
 * The MQTT address that docks connect to: one that AWS makes for this stack, a custom domain, or the
 * account's default address, where a dock names the authorizer in its user name.
 */
export class DockAddress extends Construct {
  constructor(scope: Construct, id: string, { dock, authorizer: { authorizer } }: DockAddressProps) {
    super(scope, id);
    const letsDocksIn = {
      authenticationType: 'CUSTOM_AUTH',
      applicationProtocol: 'SECURE_MQTT',
      authorizerConfig: { defaultAuthorizerName: authorizer.ref, allowAuthorizerOverride: false },
      serviceType: 'DATA',
    } satisfies CfnDomainConfigurationProps;

    const { domainName, certificateArn, validationCertificateArn } = dock;
    if (domainName && certificateArn) {
      new CfnDomainConfiguration(this, 'CustomDomain', {
        ...letsDocksIn,
        domainName,
        serverCertificateArns: [certificateArn],
        ...(validationCertificateArn && { validationCertificateArn }),
      });
    }

    if (dock.endpoint === 'managed-domain') {
      const domain = new CfnDomainConfiguration(this, 'ManagedDomain', letsDocksIn);
      // AWS deletes such a domain only when it has been disabled for seven days. Otherwise the stack could
      // not be deleted.
      domain.applyRemovalPolicy(RemovalPolicy.RETAIN);
      new CfnOutput(this, 'Domain', {
        value: domain.ref,
        description:
          'The MQTT address: aws iot describe-domain-configuration --query domainName --domain-configuration-name …',
      }).overrideLogicalId('MqttDomainConfiguration');
    }

    if (dock.endpoint === 'account-default')
      new CfnOutput(this, 'Authorizer', {
        value: authorizer.ref,
        description: 'A dock names it in its user name: <serial number>?x-amz-customauthorizer-name=…',
      }).overrideLogicalId('MqttAuthorizer');
  }
}
