import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { type IVpc, Peer, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import {
  Cluster,
  ContainerImage,
  FargateService,
  FargateTaskDefinition,
  type ICluster,
  LogDrivers,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import {
  NetworkLoadBalancer,
  NetworkTargetGroup,
  Protocol,
  SslPolicy,
  TargetType,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { CfnOutput, Duration, RemovalPolicy, Validations } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import type { Bridge, Configuration } from './configuration.ts';

/** What the bridge is made from. */
export interface HostedBridgeProps extends Pick<Configuration, 'logRetentionInDays'> {
  readonly bridge: Bridge;
  /** Name of the authorizer, which the bridge names at the account's address of AWS IoT. */
  readonly authorizerName: string;
}

/** Mosquitto's own port, and that of MQTT over TLS. */
const PLAIN_PORT = 1883;
const TLS_PORT = 8883;
/** AWS IoT takes user names and passwords here, with ALPN. */
const IOT_PORT = 443;

const UNTIL_FILLED_IN = '# One dock a line: SERIAL PASSWORD\n';

const TESTED = join(import.meta.dirname, '..', 'docs', 'bridge');
const SCRIPT = join(import.meta.dirname, 'hosted-bridge', 'render.sh');

/** A file of the bridge on site with other lines. Each pattern must be in it. */
function adapted(name: string, changes: readonly (readonly [RegExp, string])[]): string {
  const text = readFileSync(join(TESTED, name), 'utf8').replaceAll(/^#.*\n/gm, '');
  return changes
    .reduce((changed, [pattern, replacement]) => {
      if (changed.search(pattern) < 0) throw new Error(`docs/bridge/${name} has no ${pattern}`);
      return changed.replaceAll(pattern, replacement);
    }, text)
    .replaceAll(/\n{2,}/g, '\n')
    .trim();
}

/** The files of docs/bridge for the container. */
export const bridgeTemplates = (iotEndpoint: string) => ({
  MOSQUITTO_CONF: adapted('mosquitto.conf', [
    [/^pid_file .*\n/gm, ''],
    [/^log_dest .*$/gm, 'log_dest stdout'],
    [/^listener 1883 SITE_ADDRESS$/gm, `listener ${PLAIN_PORT}`],
    [/\/etc\/mosquitto\//g, '/mosquitto/config/'],
    [/\/var\/lib\/mosquitto\//g, '/mosquitto/data/'],
  ]),
  ACL: adapted('acl', []),
  DOCK_CONF: adapted('dock.conf', [
    [/^address MQTT_HOST:8883$/gm, `address ${iotEndpoint}:${IOT_PORT}\nbridge_alpn mqtt`],
    [/^remote_username DOCK_SN$/gm, 'remote_username DOCK_SN?x-amz-customauthorizer-name=AUTHORIZER'],
  ]),
});

/**
 * A bridge for devices that cannot connect to AWS IoT, and have no site for one of their own: Mosquitto on
 * Fargate, behind a network load balancer that ends TLS. docs/bridge.md says when, and how docks are added.
 */
export class HostedBridge extends Construct {
  private readonly balancer: NetworkLoadBalancer;
  private readonly group: NetworkTargetGroup;

  constructor(
    scope: Construct,
    id: string,
    { bridge, authorizerName, logRetentionInDays }: HostedBridgeProps,
  ) {
    super(scope, id);
    const network = this.network();
    const secret = this.docks();
    const { cluster, service, tasks } = this.mosquitto(
      network,
      secret,
      {
        ...bridgeTemplates(bridge.iotEndpoint),
        AUTHORIZER: authorizerName,
      },
      bridge.image,
      logRetentionInDays,
    );
    [this.balancer, this.group] = this.balancerOf(network, service, tasks, bridge);

    new CfnOutput(this, 'DocksOutput', { value: secret.ref }).overrideLogicalId('BridgeDocksSecretArn');
    new CfnOutput(this, 'ClusterOutput', { value: cluster.clusterName }).overrideLogicalId('BridgeCluster');
    new CfnOutput(this, 'ServiceOutput', { value: service.serviceName }).overrideLogicalId('BridgeService');
    new CfnOutput(this, 'TargetOutput', {
      value: this.balancer.loadBalancerDnsName,
      description: `The target of the CNAME record of ${bridge.domainName}`,
    }).overrideLogicalId('BridgeTarget');
  }

  /** How many containers take connections: one, or none. */
  healthy(options: MetricOptions): Metric {
    return this.group.metrics.healthyHostCount(options) as Metric;
  }

  /** Public subnets only: addresses cost less than a NAT gateway. */
  private network(): IVpc {
    const network = new Vpc(this, 'Network', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, mapPublicIpOnLaunch: false }],
      // It would be a custom resource, and nothing uses that group.
      restrictDefaultSecurityGroup: false,
    });
    Validations.of(network).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason: 'Only the bridge is in it. Mosquitto logs each connection.',
    });
    // CDK's own types differ in what may be undefined.
    return network as IVpc;
  }

  /** What operators fill in: serial numbers and passwords. CloudFormation must not overwrite it. */
  private docks(): CfnSecret {
    const secret = new CfnSecret(this, 'DocksSecret', {
      description: 'Docks of the hosted bridge; docs/bridge.md says how to add one',
      secretString: UNTIL_FILLED_IN,
    });
    secret.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason:
        'They are the passwords of docks, which somebody types into them: "dock rotate" makes new ones.',
    });
    return secret;
  }

  private mosquitto(
    network: IVpc,
    secret: CfnSecret,
    environment: Record<string, string>,
    image: string,
    logRetentionInDays: HostedBridgeProps['logRetentionInDays'],
  ) {
    const cluster = new Cluster(this, 'Cluster', { vpc: network });
    Validations.of(cluster).acknowledge({
      id: 'AwsSolutions-ECS4',
      reason: 'Insights cost more than the bridge. Its log says what a connection did.',
    });
    const task = new FargateTaskDefinition(this, 'Task', { cpu: 256, memoryLimitMiB: 512 });
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'The variables are files of docs/bridge. Passwords come from the secret.',
    });
    task.addContainer('Mosquitto', {
      image: ContainerImage.fromRegistry(image),
      portMappings: [{ containerPort: PLAIN_PORT }],
      environment,
      secrets: {
        DOCKS: TaskSecret.fromSecretsManager(Secret.fromSecretCompleteArn(this, 'Secret', secret.ref)),
      },
      command: ['sh', '-c', readFileSync(SCRIPT, 'utf8'), 'sh', 'sh', '-ec', START],
      logging: LogDrivers.awsLogs({
        streamPrefix: 'bridge',
        logGroup: new LogGroup(this, 'Logs', {
          retention: logRetentionInDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
    const tasks = new SecurityGroup(this, 'Tasks', {
      vpc: network,
      description: 'Mosquitto',
      allowAllOutbound: false,
    });
    tasks.addEgressRule(Peer.anyIpv4(), Port.tcp(IOT_PORT), 'AWS IoT, the image, the secret, the log');
    const service = new FargateService(this, 'Service', {
      cluster: cluster as ICluster,
      taskDefinition: task,
      assignPublicIp: true,
      securityGroups: [tasks],
      desiredCount: 1,
      // Two of them would throw off each other: a dock has one client id.
      minHealthyPercent: 0,
      maxHealthyPercent: 100,
      circuitBreaker: { rollback: true },
    });
    return { cluster, service, tasks };
  }

  private balancerOf(
    network: IVpc,
    service: FargateService,
    tasks: SecurityGroup,
    { certificateArn, plainPort }: HostedBridgeProps['bridge'],
  ): [NetworkLoadBalancer, NetworkTargetGroup] {
    const devices = new SecurityGroup(this, 'Devices', {
      vpc: network,
      description: 'Devices of the bridge',
      allowAllOutbound: false,
    });
    const ports = plainPort ? [TLS_PORT, PLAIN_PORT] : [TLS_PORT];
    for (const port of ports)
      devices.addIngressRule(Peer.anyIpv4(), Port.tcp(port), 'Devices in the field, wherever they are');
    devices.addEgressRule(tasks, Port.tcp(PLAIN_PORT), 'Mosquitto');
    tasks.addIngressRule(devices, Port.tcp(PLAIN_PORT), 'The load balancer');
    Validations.of(devices).acknowledge({
      id: 'AwsSolutions-EC23',
      reason: 'Controllers connect from any network. Mosquitto asks each for its password.',
    });

    const balancer = new NetworkLoadBalancer(this, 'Balancer', {
      vpc: network,
      internetFacing: true,
      crossZoneEnabled: true,
      securityGroups: [devices],
    });
    Validations.of(balancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: "Mosquitto's log has each connection; a load balancer's has only TLS, in a bucket.",
    });
    const group = new NetworkTargetGroup(this, 'Group', {
      vpc: network,
      port: PLAIN_PORT,
      protocol: Protocol.TCP,
      targetType: TargetType.IP,
      targets: [service],
      deregistrationDelay: Duration.seconds(0),
      healthCheck: { protocol: Protocol.TCP, interval: Duration.seconds(30) },
    });
    balancer.addListener('Tls', {
      port: TLS_PORT,
      protocol: Protocol.TLS,
      // Also for devices that name no server (SNI), which AWS IoT refuses.
      certificates: [Certificate.fromCertificateArn(this, 'Certificate', certificateArn)],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      defaultTargetGroups: [group],
    });
    if (plainPort)
      balancer.addListener('Plain', {
        port: PLAIN_PORT,
        protocol: Protocol.TCP,
        defaultTargetGroups: [group],
      });
    return [balancer, group];
  }
}

/** After the files are made: Mosquitto knows passwords as hashes only, and gives up root. */
const START = [
  'mosquitto_passwd -U /mosquitto/config/passwords',
  'chown -R mosquitto:mosquitto /mosquitto/config /mosquitto/data',
  'exec mosquitto -c /mosquitto/config/mosquitto.conf',
].join('\n');
