import type { InterpretedTemplate } from '../interpreter.ts';
import { arnOf, generatedName, type ResourceType, type ResourceTypes, stableId } from '../resource.ts';

const SERVICE = 'AWS::ECS::Service';

/** An id such as `vpc-0f3a…`. */
const withPrefix = (prefix: string): ResourceType => ({
  physicalId: (resource) => `${prefix}-${stableId(resource, 17)}`,
  properties: 'any',
});

type Named = Parameters<ResourceType['physicalId']>[0];

const balancerName = (balancer: Named): string => `net/${generatedName(balancer)}/${stableId(balancer, 16)}`;
const groupName = (group: Named): string => `targetgroup/${generatedName(group)}/${stableId(group, 16)}`;

/** Networks, containers and load balancers, which have no effect here: no container runs. */
export const CONTAINER_TYPES: ResourceTypes = {
  'AWS::EC2::VPC': withPrefix('vpc'),
  'AWS::EC2::Subnet': withPrefix('subnet'),
  'AWS::EC2::RouteTable': withPrefix('rtb'),
  'AWS::EC2::Route': withPrefix('r'),
  'AWS::EC2::SubnetRouteTableAssociation': withPrefix('rtbassoc'),
  'AWS::EC2::InternetGateway': withPrefix('igw'),
  'AWS::EC2::VPCGatewayAttachment': withPrefix('attachment'),
  'AWS::EC2::SecurityGroup': {
    ...withPrefix('sg'),
    attributes: { GroupId: (group) => group.physicalId },
  },
  'AWS::EC2::SecurityGroupIngress': withPrefix('sgr'),
  'AWS::EC2::SecurityGroupEgress': withPrefix('sgr'),
  'AWS::ECS::Cluster': { physicalId: generatedName, properties: 'any' },
  'AWS::ECS::TaskDefinition': {
    physicalId: (task) => arnOf(task, 'ecs', `task-definition/${generatedName(task)}:1`),
    properties: 'any',
  },
  [SERVICE]: {
    physicalId: (service) => arnOf(service, 'ecs', `service/${generatedName(service)}`),
    attributes: { Name: generatedName },
    properties: 'any',
  },
  'AWS::ElasticLoadBalancingV2::LoadBalancer': {
    physicalId: (balancer) =>
      arnOf(balancer, 'elasticloadbalancing', `loadbalancer/${balancerName(balancer)}`),
    attributes: {
      LoadBalancerFullName: balancerName,
      DNSName: (balancer) =>
        `${stableId(balancer, 16)}.elb.${balancer.environment.region}.${balancer.environment.urlSuffix}`,
    },
    properties: 'any',
  },
  'AWS::ElasticLoadBalancingV2::Listener': {
    physicalId: (listener) => {
      const ofBalancer = String(listener.property('LoadBalancerArn')).replace(':loadbalancer/', ':listener/');
      return `${ofBalancer}/${stableId(listener, 16)}`;
    },
    properties: 'any',
  },
  'AWS::ElasticLoadBalancingV2::TargetGroup': {
    physicalId: (group) => arnOf(group, 'elasticloadbalancing', groupName(group)),
    attributes: { TargetGroupFullName: groupName },
    properties: 'any',
  },
};

/** The logical ids of services whose containers do not run. */
export const idleServices = (template: InterpretedTemplate): string[] =>
  template.ofType(SERVICE).map(({ logicalId }) => logicalId);
